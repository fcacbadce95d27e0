;; A small function that nobody's address names has no charge of its own: its callers pay.
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func $double (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
  (func $quad (param i32) (result i32) (call $double (call $double (local.get 0))))
  (func (export "proxy_on_done") (param $id i32) (result i32)
    (local $i i32)
    (loop $again
      (local.set $i (call $quad (local.get $i)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $id))))
    (local.get $i)))
