;; Grows to 1 GiB at once when a request comes, and writes the size it got into `x-memory-pages`.
;; One byte of every page is written.
(module
  (import "env" "proxy_add_header_map_value"
    (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-memory-pages")
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
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $page i32)
    (local $digit i32)
    (if (i32.lt_u (memory.size) (i32.const 16384))
      (then (drop (memory.grow (i32.sub (i32.const 16384) (memory.size))))))
    (local.set $page (i32.const 1))
    (block $touched
      (loop $next
        (br_if $touched (i32.ge_u (local.get $page) (memory.size)))
        (i32.store8 (i32.shl (local.get $page) (i32.const 16)) (i32.const 1))
        (local.set $page (i32.add (local.get $page) (i32.const 1)))
        (br $next)))
    ;; Five decimal digits at 64 to 68.
    (local.set $page (memory.size))
    (local.set $digit (i32.const 5))
    (loop $digits
      (local.set $digit (i32.sub (local.get $digit) (i32.const 1)))
      (i32.store8 (i32.add (i32.const 64) (local.get $digit))
        (i32.add (i32.const 48) (i32.rem_u (local.get $page) (i32.const 10))))
      (local.set $page (i32.div_u (local.get $page) (i32.const 10)))
      (br_if $digits (local.get $digit)))
    (drop (call $add_header (i32.const 0) (i32.const 16) (i32.const 14) (i32.const 64) (i32.const 5)))
    (i32.const 0)))
