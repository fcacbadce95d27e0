;; Adds 600 headers of 900 KB to one request: half a gigabyte of the host's memory, none of its own.
(module
  (import "env" "proxy_add_header_map_value"
    (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (data (i32.const 16) "x-filler")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32) (i32.const 8192))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $left i32)
    ;; Spaces would be trimmed and NUL refused: the value is of the letter x.
    (memory.fill (i32.const 65536) (i32.const 120) (i32.const 900000))
    (local.set $left (i32.const 600))
    (loop $headers
      (drop (call $add_header (i32.const 0)
        (i32.const 16) (i32.const 8) (i32.const 65536) (i32.const 900000)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $headers (local.get $left)))
    (i32.const 0)))
