;; A start section moves into the first entry; _initialize is synthesised and main is not exported.
(module
  (memory (export "memory") 1)
  (global $g (mut i32) (i32.const 0))
  (func $begin (global.set $g (i32.const 1)))
  (start $begin)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "main") (param i32 i32) (result i32) (i32.const 0))
  (func (export "proxy_on_tick") (param i32) (global.set $g (local.get 0))))
