;; memory.grow goes through a helper that traps past the cap; the declared maximum is the cap.
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (memory.grow (local.get 0))))
