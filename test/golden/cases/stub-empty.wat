;; policy: capabilities.denied=ok-empty
;; Denied host functions that answer ok: out-parameters are zeroed, and checked first.
(module
  (import "env" "proxy_get_shared_data" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_done") (param i32) (result i32)
    (call $get (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 12) (i32.const 16))))
