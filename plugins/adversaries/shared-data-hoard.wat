;; Writes 1,000 values of 1 MB under 1,000 keys for one request: a gigabyte of the host's memory, none of its own.
(module
  (import "env" "proxy_set_shared_data" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 18)
  (data (i32.const 16) "hoard-000000")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32) (i32.const 8192))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $left i32)
    ;; Pages that are never written would cost the host nothing.
    (memory.fill (i32.const 65536) (i32.const 120) (i32.const 1000000))
    (local.set $left (i32.const 1000))
    (loop $keys
      ;; Four bytes of the key are the number.
      (i32.store (i32.const 24) (i32.or (local.get $left) (i32.const 0x20200000)))
      (drop (call $set (i32.const 16) (i32.const 12) (i32.const 65536) (i32.const 1000000) (i32.const 0)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $keys (local.get $left)))
    (i32.const 0)))
