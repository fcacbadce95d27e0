;; Calls its own exported allocator from a callback and from the allocator, and a host function between:
;; whoever refills a budget on each entry of the allocator lets it run for ever.
(module
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) ":path")
  (func (export "proxy_abi_version_0_2_1"))
  (func $malloc (export "malloc") (param $size i32) (result i32)
    (if (i32.gt_u (local.get $size) (i32.const 1))
      (then
        (drop (call $malloc (i32.shr_u (local.get $size) (i32.const 1))))
        (drop (call $malloc (i32.shr_u (local.get $size) (i32.const 1))))))
    (i32.const 8192))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (loop $for_ever
      (drop (call $malloc (i32.const 1024)))
      (drop (call $get_header (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 4)))
      (i64.store (i32.const 1024) (i64.add (i64.load (i32.const 1024)) (i64.const 1)))
      (br $for_ever))
    (i32.const 0)))
