;; Grows its memory by 4 MiB at a time until the host says no, on the first request; keeps all of it.
(module
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
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $page i32)
    (block $refused
      (loop $more
        (local.set $page (memory.grow (i32.const 64)))
        (br_if $refused (i32.eq (local.get $page) (i32.const -1)))
        (i32.store8 (i32.shl (local.get $page) (i32.const 16)) (i32.const 1))
        (br $more)))
    (i32.const 0)))
