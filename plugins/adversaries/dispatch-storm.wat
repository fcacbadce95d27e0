;; Sends 200 calls to the cluster `exfiltration` for one request.
(module
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "exfiltration")
  ;; A serialised map: the number of pairs, the lengths of each, then names and values, each with a NUL behind.
  (data (i32.const 64)
    "\03\00\00\00"
    "\07\00\00\00\03\00\00\00"
    "\05\00\00\00\02\00\00\00"
    "\0a\00\00\00\0c\00\00\00"
    ":method\00GET\00"
    ":path\00/x\00"
    ":authority\00exfiltration\00")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32) (i32.const 8192))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 200))
    (loop $calls
      (drop (call $http_call (i32.const 16) (i32.const 12) (i32.const 64) (i32.const 73)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 5000) (i32.const 0)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $calls (local.get $left)))
    (i32.const 0)))
