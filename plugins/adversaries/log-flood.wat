;; Writes 10,000 lines of 1 KiB into the log of the host for every request.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "log-flood: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
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
  (func $fill_line
    (local $at i32)
    (local.set $at (i32.const 4096))
    (loop $copies
      (memory.copy (local.get $at) (i32.const 16) (i32.const 64))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $copies (i32.lt_u (local.get $at) (i32.const 5120)))))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $left i32)
    (call $fill_line)
    (local.set $left (i32.const 10000))
    (loop $lines
      (drop (call $log (i32.const 4) (i32.const 4096) (i32.const 1024)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $lines (local.get $left)))
    (i32.const 0)))
