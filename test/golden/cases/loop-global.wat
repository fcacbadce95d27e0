;; A loop that calls out: fuel stays in its global, each round is charged at the header.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_tick") (param $id i32)
    (local $i i32)
    (loop $again
      (drop (call $log (i32.const 2) (i32.const 0) (i32.const 5)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $id))))))
