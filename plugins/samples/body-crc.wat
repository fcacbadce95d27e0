;; Body checksum, written by hand: waits for the whole request body and puts its CRC-32 into the response
;; header `x-crc32` (the request's headers have gone upstream by then).
;; Compute-heavy for its size: a loop over bytes with a table of 256 words that it makes at the first use.
(module
  (import "env" "proxy_get_buffer_bytes"
    (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $replace_header (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-crc32")
  (data (i32.const 32) "0123456789abcdef")
  (global $table_made (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  ;; One buffer at a time, at 16384: what the host writes is read before it is asked again.
  (func (export "malloc") (param $size i32) (result i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub
        (i32.shr_u (i32.add (local.get $size) (i32.const 81919)) (i32.const 16))
        (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1))
          (then (return (i32.const 0))))))
    (i32.const 16384))
  ;; 256 words at 1024, polynomial 0xedb88320.
  (func $make_table
    (local $index i32)
    (local $value i32)
    (local $bit i32)
    (loop $words
      (local.set $value (local.get $index))
      (local.set $bit (i32.const 8))
      (loop $bits
        (local.set $value
          (i32.xor
            (i32.shr_u (local.get $value) (i32.const 1))
            (i32.and
              (i32.sub (i32.const 0) (i32.and (local.get $value) (i32.const 1)))
              (i32.const 0xedb88320))))
        (local.set $bit (i32.sub (local.get $bit) (i32.const 1)))
        (br_if $bits (local.get $bit)))
      (i32.store offset=1024 (i32.shl (local.get $index) (i32.const 2)) (local.get $value))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $words (i32.lt_u (local.get $index) (i32.const 256))))
    (global.set $table_made (i32.const 1)))
  (func $crc (param $at i32) (param $size i32) (result i32)
    (local $sum i32)
    (local $end i32)
    (if (i32.eqz (global.get $table_made)) (then (call $make_table)))
    (local.set $sum (i32.const -1))
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (block $done
      (loop $bytes
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $sum
          (i32.xor
            (i32.shr_u (local.get $sum) (i32.const 8))
            (i32.load offset=1024
              (i32.shl
                (i32.and
                  (i32.xor (local.get $sum) (i32.load8_u (local.get $at)))
                  (i32.const 255))
                (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $bytes)))
    (i32.xor (local.get $sum) (i32.const -1)))
  (func (export "proxy_on_request_body")
    (param $context i32) (param $size i32) (param $end i32) (result i32)
    (local $sum i32)
    (local $slot i32)
    ;; Not the end yet: stop and buffer.
    (if (i32.eqz (local.get $end)) (then (return (i32.const 1))))
    (i64.store (i32.const 0) (i64.const 0))
    (if (call $get_buffer (i32.const 0) (i32.const 0) (local.get $size) (i32.const 0) (i32.const 4))
      (then (return (i32.const 0))))
    (local.set $sum (call $crc (i32.load (i32.const 0)) (i32.load (i32.const 4))))
    ;; Kept until the response: context id and checksum, in the slot of the id's low 8 bits.
    (local.set $slot (i32.shl (i32.and (local.get $context) (i32.const 255)) (i32.const 3)))
    (i32.store offset=2048 (local.get $slot) (local.get $context))
    (i32.store offset=2052 (local.get $slot) (local.get $sum))
    (i32.const 0))
  (func (export "proxy_on_response_headers")
    (param $context i32) (param $count i32) (param $end i32) (result i32)
    (local $slot i32)
    (local $sum i32)
    (local $digit i32)
    (local.set $slot (i32.shl (i32.and (local.get $context) (i32.const 255)) (i32.const 3)))
    (if (i32.ne (i32.load offset=2048 (local.get $slot)) (local.get $context))
      (then (return (i32.const 0))))
    (local.set $sum (i32.load offset=2052 (local.get $slot)))
    (i32.store offset=2048 (local.get $slot) (i32.const 0))
    ;; Eight hexadecimal digits at 64 to 71.
    (local.set $digit (i32.const 8))
    (loop $digits
      (local.set $digit (i32.sub (local.get $digit) (i32.const 1)))
      (i32.store8 offset=64 (local.get $digit)
        (i32.load8_u offset=32 (i32.and (local.get $sum) (i32.const 15))))
      (local.set $sum (i32.shr_u (local.get $sum) (i32.const 4)))
      (br_if $digits (local.get $digit)))
    (drop (call $replace_header (i32.const 2)
      (i32.const 16) (i32.const 7) (i32.const 64) (i32.const 8)))
    (i32.const 0))
  ;; The checksum of 32 KiB of memory, `rounds` times; for measurements.
  (func (export "bench") (param $rounds i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum
        (i32.add (local.get $sum) (call $crc (i32.const 16384) (i32.const 32768))))
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get $rounds) (i32.const 0))))
    (local.get $sum)))
