;; Code that nothing reaches is left out; where a type has to be kept, `unreachable` stands for it.
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_done") (param i32) (result i32)
    (block $b (result i32)
      (if (local.get 0)
        (then (br $b (i32.const 1)) (drop (i32.const 5)))
        (else (return (i32.const 2)) (nop)))
      (i32.const 9)
      (loop (br 0) (nop)))))
