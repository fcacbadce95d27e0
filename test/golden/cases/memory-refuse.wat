;; policy: limits.onMemoryCap=refuse
;; The same with a policy that answers -1 instead.
(module
  (memory (export "memory") 1 20)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (memory.grow (local.get 0))))
