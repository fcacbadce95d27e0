;; policy: limits.fuel.mode=exact
;; Exact mode: segments subtract what they cost, tests stand where nothing is known of the fuel.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_done") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (if (i32.and (local.get $n) (i32.const 1))
        (then (local.set $sum (i32.add (local.get $sum) (local.get $n))))
        (else (drop (call $log (i32.const 1) (i32.const 0) (i32.const 1)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (local.get $sum)))
