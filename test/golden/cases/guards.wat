;; Guards: a header that may be read, the log's quota, paths of properties, a call's own headers. Thunks ask the checks;
;; what is denied goes to a stub.
;; policy: headers.read=[x-tenant,request:etag] properties.read=[plugin_name] dispatch.clusters=[backend] dispatch.methods=[GET] capabilities.allow+=[proxy_get_header_map_value,proxy_get_property,proxy_http_call]
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_http_call" (func $ask (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 8)))
    (drop (call $property (i32.const 0) (i32.const 8) (i32.const 64) (i32.const 68)))
    (drop (call $ask (i32.const 0) (i32.const 7) (i32.const 8) (i32.const 4) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 72)))
    (call $header (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 64) (i32.const 68))))
