;; Branches that cross several loops: each loop pays for itself, the outer region for what follows.
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_tick") (param $id i32)
    (block $out
      (loop $outer
        (loop $inner
          (br_table $inner $outer $out (local.get $id))))
      (nop))
    (drop (i32.const 7))))
