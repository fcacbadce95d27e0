;; The host of the overhead bench, the same in every engine: it is itself WebAssembly, so that a host call
;; costs no crossing into another language. It answers what the corpus asks, folds what it is told into a
;; checksum, and drives plugins through whole request cycles. What it doesn't have answers 0 (trampolines.ts).
(module
  (import "guest" "memory" (memory 0))
  (import "guest" "allocate" (func $allocate (param i32) (result i32)))
  (import "guest" "proxy_on_vm_start" (func $on_vm_start (param i32 i32) (result i32)))
  (import "guest" "proxy_on_configure" (func $on_configure (param i32 i32) (result i32)))
  (import "guest" "proxy_on_context_create" (func $on_context_create (param i32 i32)))
  (import "guest" "proxy_on_request_headers" (func $on_request_headers (param i32 i32 i32) (result i32)))
  (import "guest" "proxy_on_response_headers" (func $on_response_headers (param i32 i32 i32) (result i32)))
  (import "guest" "proxy_on_done" (func $on_done (param i32) (result i32)))
  (import "guest" "proxy_on_log" (func $on_log (param i32)))
  (import "guest" "proxy_on_delete" (func $on_delete (param i32)))

  (global $sum (mut i32) (i32.const 0))
  (global $setting (mut i32) (i32.const 0))
  (global $next (mut i32) (i32.const 2))
  (global $metric (mut i32) (i32.const 0))
  (global $clock (mut i64) (i64.const 1700000000000000000))

  ;; Configurations, by setting.
  (data $json "{\"tenant\":\"acme\"}")
  (data $tokens "alice=token-of-alice\nbob=token-of-bob\n# nobody\ncarol=token-of-carol\n")
  (data $routes "/ front\n/api backend-api\n/api/v1 backend-old\n/api/v2/orders backend-orders\n/static files\n/img files\n")
  ;; Values of headers, by the length of their name: x-context, authorization, :path.
  (data $context "{\"user\":{\"id\":4711,\"name\":\"A. Nother\",\"roles\":[\"reader\",\"writer\"],\"password\":\"x\"},\"session_key\":\"abc\",\"trace\":[1,2.5,true,null],\"note\":\"caf\\u00e9 \\\"au lait\\\"\"}")
  (data $bearer "Bearer token-of-carol")
  (data $path "/api/v2/orders/4711?full=1")

  (func $fold (param $value i32)
    (global.set $sum (i32.mul (i32.xor (global.get $sum) (local.get $value)) (i32.const 16777619))))

  (func $fold_text (param $at i32) (param $size i32)
    (call $fold (local.get $size))
    (if (local.get $size)
      (then (call $fold (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $size)) (i32.const 1)))))))

  ;; Room in the guest for an answer of that size, told to it by the two out-parameters.
  (func $room (param $size i32) (param $out i32) (param $out_size i32) (result i32)
    (local $at i32)
    (local.set $at (call $allocate (local.get $size)))
    (i32.store (local.get $out) (local.get $at))
    (i32.store (local.get $out_size) (local.get $size))
    (local.get $at))

  (func (export "env.proxy_get_header_map_value") (param $map i32) (param $key i32) (param $key_size i32)
      (param $out i32) (param $out_size i32) (result i32)
    (if (i32.eq (local.get $key_size) (i32.const 9))
      (then
        (memory.init $context (call $room (i32.const 151) (local.get $out) (local.get $out_size)) (i32.const 0) (i32.const 151))
        (return (i32.const 0))))
    (if (i32.eq (local.get $key_size) (i32.const 13))
      (then
        (memory.init $bearer (call $room (i32.const 21) (local.get $out) (local.get $out_size)) (i32.const 0) (i32.const 21))
        (return (i32.const 0))))
    (if (i32.eq (local.get $key_size) (i32.const 5))
      (then
        (memory.init $path (call $room (i32.const 26) (local.get $out) (local.get $out_size)) (i32.const 0) (i32.const 26))
        (return (i32.const 0))))
    (i32.const 1))

  (func (export "env.proxy_get_buffer_bytes") (param $buffer i32) (param $start i32) (param $size i32)
      (param $out i32) (param $out_size i32) (result i32)
    (local $at i32)
    (if (i32.ne (local.get $buffer) (i32.const 7)) (then (return (i32.const 1))))
    (local.set $size (call $config_size))
    (local.set $at (call $room (local.get $size) (local.get $out) (local.get $out_size)))
    (if (i32.eqz (global.get $setting))
      (then (memory.init $json (local.get $at) (i32.const 0) (local.get $size)))
      (else (if (i32.eq (global.get $setting) (i32.const 1))
        (then (memory.init $tokens (local.get $at) (i32.const 0) (local.get $size)))
        (else (memory.init $routes (local.get $at) (i32.const 0) (local.get $size))))))
    (i32.const 0))

  (func $config_size (result i32)
    (select (i32.const 17)
      (select (i32.const 68) (i32.const 95) (i32.eq (global.get $setting) (i32.const 1)))
      (i32.eqz (global.get $setting))))

  (func (export "env.proxy_replace_header_map_value") (param $map i32) (param $key i32) (param $key_size i32)
      (param $value i32) (param $size i32) (result i32)
    (call $fold_text (local.get $key) (local.get $key_size))
    (call $fold_text (local.get $value) (local.get $size))
    (i32.const 0))

  (func (export "env.proxy_log") (param $level i32) (param $text i32) (param $size i32) (result i32)
    (call $fold_text (local.get $text) (local.get $size))
    (i32.const 0))

  (func (export "env.proxy_define_metric") (param $kind i32) (param $name i32) (param $size i32) (param $out i32) (result i32)
    (global.set $metric (i32.add (global.get $metric) (i32.const 1)))
    (i32.store (local.get $out) (global.get $metric))
    (i32.const 0))

  (func (export "env.proxy_send_local_response") (param $status i32) (param i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $fold (local.get $status))
    (i32.const 0))

  (func (export "wasi.clock_time_get") (param $id i32) (param $precision i64) (param $out i32) (result i32)
    (global.set $clock (i64.add (global.get $clock) (i64.const 1000)))
    (i64.store (local.get $out) (global.get $clock))
    (i32.const 0))

  (func (export "wasi.random_get") (param $at i32) (param $size i32) (result i32)
    (memory.fill (local.get $at) (i32.const 0x5a) (local.get $size))
    (i32.const 0))

  (func $two_zeros (param $first i32) (param $second i32) (result i32)
    (i32.store (local.get $first) (i32.const 0))
    (i32.store (local.get $second) (i32.const 0))
    (i32.const 0))
  (export "wasi.environ_sizes_get" (func $two_zeros))
  (export "wasi.args_sizes_get" (func $two_zeros))

  ;; A wait ends at once, an hour later: the first subscription is what happened.
  (func (export "wasi.poll_oneoff") (param $in i32) (param $out i32) (param $count i32) (param $events i32) (result i32)
    (global.set $clock (i64.add (global.get $clock) (i64.const 3600000000000)))
    (memory.fill (local.get $out) (i32.const 0) (i32.const 32))
    (i64.store (local.get $out) (i64.load (local.get $in)))
    (i32.store (local.get $events) (i32.const 1))
    (i32.const 0))

  (func (export "wasi.fd_write") (param $fd i32) (param $vector i32) (param $count i32) (param $written i32) (result i32)
    (local $total i32)
    (block $done
      (loop $more
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $total (i32.add (local.get $total) (i32.load offset=4 (local.get $vector))))
        (local.set $vector (i32.add (local.get $vector) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $more)))
    (i32.store (local.get $written) (local.get $total))
    (i32.const 0))

  ;; No folder is open: every descriptor is bad.
  (func (export "wasi.fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "wasi.proc_exit") (param i32) (unreachable))

  (func (export "start") (param $setting i32)
    (global.set $setting (local.get $setting))
    (call $on_context_create (i32.const 1) (i32.const 0))
    (call $fold (call $on_vm_start (i32.const 1) (i32.const 0)))
    (call $fold (call $on_configure (i32.const 1) (call $config_size))))

  (func (export "bench") (param $rounds i32) (result i32)
    (local $id i32)
    (global.set $sum (i32.const 17))
    (block $done
      (loop $more
        (br_if $done (i32.eqz (local.get $rounds)))
        (local.set $id (global.get $next))
        (global.set $next (i32.add (local.get $id) (i32.const 1)))
        (call $on_context_create (local.get $id) (i32.const 1))
        (call $fold (call $on_request_headers (local.get $id) (i32.const 8) (i32.const 1)))
        (call $fold (call $on_response_headers (local.get $id) (i32.const 4) (i32.const 1)))
        (call $fold (call $on_done (local.get $id)))
        (call $on_log (local.get $id))
        (call $on_delete (local.get $id))
        (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
        (br $more)))
    (global.get $sum)))
