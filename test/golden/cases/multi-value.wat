;; Two results, an early return, and fuel in a local: the wrapping block needs a type of its own.
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func $pair (param i32) (result i32 i64)
    (loop $again (param) (result)
      (if (local.get 0) (then (return (i32.const 1) (i64.const 2))))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br $again))
    (i32.const 3) (i64.const 4))
  (func (export "proxy_on_done") (param i32) (result i32)
    (call $pair (local.get 0))
    (drop)))
