;; A loop without calls: fuel lives in a local, and every way out of the function puts it back.
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $n i32) (result i32)
    (local $i i32)
    (loop $again
      (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 3)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again))
    (unreachable)))
