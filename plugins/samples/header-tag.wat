;; Header tag, written by hand: marks the request and takes `x-powered-by` off the response.
;; The smallest useful plugin: no SDK, two host functions, one page of memory.
(module
  (import "env" "proxy_add_header_map_value"
    (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value"
    (func $remove_header (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-by-hand")
  (data (i32.const 32) "yes")
  (data (i32.const 48) "x-powered-by")
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
    ;; map 0: request headers
    (drop (call $add_header (i32.const 0) (i32.const 16) (i32.const 9) (i32.const 32) (i32.const 3)))
    (i32.const 0))
  (func (export "proxy_on_response_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    ;; map 2: response headers
    (drop (call $remove_header (i32.const 2) (i32.const 48) (i32.const 12)))
    (i32.const 0)))
