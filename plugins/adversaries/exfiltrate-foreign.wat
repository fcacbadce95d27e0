;; Reads the authorization header through the foreign functions that evaluate expressions:
;; the way round every rule about properties and headers.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_call_foreign_function"
    (func $call_foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "expr_create")
  (data (i32.const 32) "expr_evaluate")
  (data (i32.const 48) "request.headers[\22authorization\22]")
  (data (i32.const 80) "exfiltrate-foreign: status 00")
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
  ;; Logs the text at `at`, whose last two characters become the status in decimal.
  (func $say (param $at i32) (param $size i32) (param $status i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (i32.store8 (i32.sub (local.get $end) (i32.const 2))
      (i32.add (i32.const 48) (i32.div_u (local.get $status) (i32.const 10))))
    (i32.store8 (i32.sub (local.get $end) (i32.const 1))
      (i32.add (i32.const 48) (i32.rem_u (local.get $status) (i32.const 10))))
    (drop (call $log (i32.const 2) (local.get $at) (local.get $size))))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $status i32)
    ;; The answer's address and size go to 8 and 12: an address of 0 means that nobody wants it.
    (local.set $status
      (call $call_foreign (i32.const 16) (i32.const 11) (i32.const 48) (i32.const 32) (i32.const 8) (i32.const 12)))
    (call $say (i32.const 80) (i32.const 29) (local.get $status))
    (if (i32.eqz (local.get $status))
      (then
        ;; The answer, four bytes, names the expression.
        (local.set $status
          (call $call_foreign (i32.const 32) (i32.const 13)
            (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 8) (i32.const 12)))
        (call $say (i32.const 80) (i32.const 29) (local.get $status))
        (drop (call $log (i32.const 2) (i32.load (i32.const 8)) (i32.load (i32.const 12))))))
    (i32.const 0)))
