;; Burns fuel only for requests that say so: `x-burn: loop` never returns, `x-burn: much` works long in each
;; of its two callbacks (request headers, response headers), all others are let by. The header's first
;; letter decides. What a request burns is its own: whoever fails beside it is innocent.
(module
  (import "env" "proxy_get_header_map_value"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 4096))
  (global $burning (mut i32) (i32.const -1))
  (data (i32.const 1024) "x-burn")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (local i32)
    (local.set 1 (global.get $top))
    (global.set $top (i32.add (global.get $top) (local.get 0)))
    (local.get 1))
  (func $burn (param $passes i64)
    (loop $again
      (local.set $passes (i64.sub (local.get $passes) (i64.const 1)))
      (br_if $again (i64.ne (local.get $passes) (i64.const 0)))))
  ;; 0: none; else the first letter of the value.
  (func $asked (result i32)
    (global.set $top (i32.const 4096))
    (if (i32.ne (i32.const 0)
        (call $get (i32.const 0) (i32.const 1024) (i32.const 6) (i32.const 1040) (i32.const 1044)))
      (then (return (i32.const 0))))
    (if (i32.eqz (i32.load (i32.const 1044))) (then (return (i32.const 0))))
    (i32.load8_u (i32.load (i32.const 1040))))
  (func $work (param $context i32)
    (local $letter i32)
    (local.set $letter (call $asked))
    (if (i32.eq (local.get $letter) (i32.const 108)) (then (call $burn (i64.const -1))))
    (if (i32.eq (local.get $letter) (i32.const 109))
      (then
        (global.set $burning (local.get $context))
        (call $much))))
  ;; Less than the budget of a callback, and twice as much as more than that of a request.
  (func $much (call $burn (i64.const 100000)))
  (func (export "proxy_on_request_headers") (param $context i32) (param i32 i32) (result i32)
    (call $work (local.get $context)) (i32.const 0))
  ;; The request's headers can't be read any more: whose they were is remembered.
  (func (export "proxy_on_response_headers") (param $context i32) (param i32 i32) (result i32)
    (if (i32.eq (local.get $context) (global.get $burning)) (then (call $much)))
    (i32.const 0)))
