;; Imports whose address is taken: a guest function that calls the thunk stands in the table instead.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_done" (func $done (result i32)))
  (memory (export "memory") 1)
  (table 3 funcref)
  (elem (i32.const 0) $log)
  (elem declare func $done)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_tick") (param i32)
    (table.set (i32.const 1) (ref.func $done))
    (drop (call_indirect (result i32) (i32.const 1)))))
