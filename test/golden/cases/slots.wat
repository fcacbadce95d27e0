;; Two request slots: a stream's callbacks draw on its account, and the two callbacks that slots need are added.
;; policy: limits.fuel.request=100000 limits.streams=2
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "unknown") (result i32) (i32.const 1)))
