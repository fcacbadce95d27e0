;; Traps when a request carries the header `x-trap`, and is of no harm to others.
(module
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-trap")
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
    (if (i32.eqz (call $get_header (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 0) (i32.const 4)))
      (then
        ;; ABI 0.1.0 hosts answer OK and an empty value for a header that is not there.
        (if (i32.load (i32.const 4)) (then unreachable))))
    (i32.const 0)))
