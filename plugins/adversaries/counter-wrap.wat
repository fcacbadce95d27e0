;; Tries to carry a counter past its range: lengths and page counts of 2 to the 32nd less one, 4,096 times
;; each. Counts the rounds that it ended in the 8 bytes at 1024, and page counts granted at 1032.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  ;; A ring of 56 KiB: the host writes its answers here, and they are read before the ring comes round.
  (global $heap (mut i32) (i32.const 8192))
  (func (export "malloc") (param $size i32) (result i32)
    (local $at i32)
    (if (i32.gt_u (i32.add (global.get $heap) (local.get $size)) (i32.const 65528))
      (then (global.set $heap (i32.const 8192))))
    (local.set $at (global.get $heap))
    (global.set $heap
      (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $at))
  (func $round
    (drop (call $log (i32.const 0) (i32.const 0) (i32.const 0xffffffff)))
    (if (i32.ne (memory.grow (i32.const 0xffffffff)) (i32.const -1))
      (then (i64.store (i32.const 1032) (i64.add (i64.load (i32.const 1032)) (i64.const 1)))))
    (i64.store (i32.const 1024) (i64.add (i64.load (i32.const 1024)) (i64.const 1))))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 4096))
    (loop $rounds
      (call $round)
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $rounds (local.get $left)))
    (i32.const 0))
  (func (export "proxy_on_log") (param $context i32)
    (call $round)))
