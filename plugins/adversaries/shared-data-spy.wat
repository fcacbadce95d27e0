;; Reads the sessions that the plugin `tenant-cache` keeps in shared data, and poisons them.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value"
    (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data"
    (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data"
    (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "session/tenant-a")
  (data (i32.const 32) "session/tenant-b")
  (data (i32.const 48) "session-of-the-spy")
  (data (i32.const 80) "shared-data-spy: status 00")
  (data (i32.const 112) "x-stolen")
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
  (func $spy (param $key i32) (param $size i32)
    (local $status i32)
    (local.set $status
      (call $get_shared (local.get $key) (local.get $size) (i32.const 0) (i32.const 4) (i32.const 8)))
    (call $say (i32.const 80) (i32.const 26) (local.get $status))
    (if (i32.eqz (local.get $status))
      (then
        (drop (call $add_header (i32.const 0)
          (i32.const 112) (i32.const 8) (i32.load (i32.const 0)) (i32.load (i32.const 4))))
        (drop (call $set_shared (local.get $key) (local.get $size)
          (i32.const 48) (i32.const 18) (i32.const 0))))))
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (call $spy (i32.const 16) (i32.const 16))
    (call $spy (i32.const 32) (i32.const 16))
    (i32.const 0)))
