;; Writes one buffer of 48 MiB through 16 vectors that all name it: the host gathers 768 MiB for one call.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 800)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32) (i32.const 8192))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $at i32)
    (local.set $at (i32.const 1024))
    ;; 16 pairs of address and length.
    (loop $vectors
      (i32.store (local.get $at) (i32.const 1048576))
      (i32.store offset=4 (local.get $at) (i32.const 50331648))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $vectors (i32.lt_u (local.get $at) (i32.const 1152))))
    (drop (call $fd_write (i32.const 1) (i32.const 1024) (i32.const 16) (i32.const 16)))
    (i32.const 0)))
