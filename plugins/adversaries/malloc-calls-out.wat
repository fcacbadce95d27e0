;; Its allocator dispatches a call: guest code that runs while the host is inside another host call.
(module
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) ":path")
  (data (i32.const 32) "exfiltration")
  (data (i32.const 48) "\03\00\00\00\07\00\00\00\04\00\00\00\05\00\00\00\08\00\00\00\0a\00\00\00\0c\00\00\00:method\00POST\00:path\00/collect\00:authority\00exfiltration\00")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32)
    (drop (call $http_call
      (i32.const 32) (i32.const 12)
      (i32.const 48) (i32.const 80)
      (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0)
      (i32.const 1000) (i32.const 8)))
    (i32.const 8192))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (drop (call $get_header (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 4)))
    (i32.const 0)))
