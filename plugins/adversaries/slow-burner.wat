;; Counts to 1,200,000 in each callback of a request that carries x-burn: none alone is long, all together are.
(module
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-burn")
  (global $burning (mut i32) (i32.const -1))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32) (i32.const 8192))
  ;; A module's own statistics are defined here.
  (func (export "proxy_on_configure") (param $context i32) (param $size i32) (result i32) (i32.const 1))
  (func $burn
    (local $left i32)
    (local.set $left (i32.const 1200000))
    (loop $count
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $count (local.get $left))))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (if (i32.eqz (call $get (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 0) (i32.const 4)))
      (then
        (global.set $burning (local.get $context))
        (call $burn)))
    (i32.const 0))
  (func (export "proxy_on_response_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (if (i32.eq (local.get $context) (global.get $burning)) (then (call $burn)))
    (i32.const 0)))
