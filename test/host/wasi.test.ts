// WASI as stock hosts answer it, under both module names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, load, probe, texts } from "./guest.ts";

const FAR = 0x7fff0000;

test("fd_write goes to the log: standard output as info, error as error, without the last newline", () => {
  for (const wasiModule of ["wasi_unstable", "wasi_snapshot_preview1"]) {
    const { notes, plugin } = probe(
      [
        call("fd_write", 1, 0, 2, 100),
        load(100),
        call("fd_write", 2, 0, 1, 100),
        call("fd_write", 3, 0, 1, 100),
      ],
      {
        data: [
          [0, "\\20\\00\\00\\00\\02\\00\\00\\00\\30\\00\\00\\00\\03\\00\\00\\00"],
          [32, "ab"],
          [48, "cd\\0a"],
        ],
        wasiModule,
      },
    );
    assert.deepEqual(notes, [0, 5, 0, 8]);
    const lines = plugin.services.log.lines().map((line) => `${line.level} ${line.text}`);
    assert.deepEqual(
      lines.filter((line) => /[a-d]/.test(line)),
      ["2 abcd", "4 ab"],
    );
  }
});

test("a vector that lies, or names more bytes than the host will look at, is refused before anything is copied", () => {
  const many = [
    call("fd_write", 1, 0, 1025, 100),
    call("fd_write", 1, 0, -1, 100),
    call("fd_write", 1, FAR, 1, 100),
    call("fd_write", 1, 0, 1, FAR),
  ];
  assert.deepEqual(
    probe(many, { data: [[0, "\\20\\00\\00\\00\\02\\00\\00\\00"]] }).notes,
    [28, 28, 21, 21],
  );
  const lie = [call("fd_write", 1, 0, 1, 100)];
  assert.deepEqual(probe(lie, { data: [[0, "\\20\\00\\00\\00\\ff\\ff\\ff\\ff"]] }).notes, [21]);
  // 512 entries that alias one 60 KB buffer: 30 MB by the guest's words.
  const alias = [
    "(local.set 0 (i32.const 0))",
    `(loop $again
    (i32.store (i32.add (i32.const 4096) (i32.mul (local.get 0) (i32.const 8))) (i32.const 0))
    (i32.store (i32.add (i32.const 4100) (i32.mul (local.get 0) (i32.const 8))) (i32.const 60000))
    (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 512))))`,
    call("fd_write", 1, 4096, 512, 100),
  ];
  assert.deepEqual(probe(alias).notes, [28]);
});

test("no files, no arguments, no descriptors but output; exit only logs and the guest goes on", () => {
  const { notes, plugin } = probe(
    [
      call("fd_prestat_get", 3, 0),
      call("fd_prestat_dir_name", 3, 0, 0),
      call("path_open", 0, 0, 0, 0, 0, 0n, 0n, 0, 0),
      call("fd_read", 0, 0, 0, 0),
      call("fd_fdstat_get", 0, 0),
      call("fd_fdstat_get", 1, 0),
      load(8),
      call("fd_fdstat_get", 1, FAR),
      call("args_sizes_get", 0, 4),
      call("environ_sizes_get", 100, 104),
      load(100),
      load(104),
      call("environ_get", 200, 300),
      load(300),
      call("environ_get", FAR, 300),
      call("fd_seek", 1, 0n, 0, 0),
      call("fd_close", 1),
      call("sched_yield"),
      "(call $proc_exit (i32.const 3))",
      call("sock_recv", 0, 0, 0, 0, 100, 104),
      call("sock_send", 0, 0, 0, 0, FAR),
      call("fd_readdir", 0, 0, 0, 0n, 100),
      call("fd_tell", 1, 100),
      call("poll_oneoff", 0, 0, 0, 100),
    ],
    { env: { A: "bc" } },
  );
  assert.deepEqual(notes, [
    8,
    52,
    44,
    52,
    8,
    0,
    64,
    21,
    0,
    0,
    1,
    5,
    0,
    0x62_3d_41 | (0x63 << 24),
    21,
    0,
    0,
    0,
    58,
    21,
    20,
    0,
    0,
  ]);
  assert.deepEqual(
    texts(plugin).filter((line) => line.startsWith("wasi")),
    ["wasi_unstable fd_seek", "wasi_unstable fd_close", "wasi_unstable proc_exit"],
  );
});

test("clocks 0 and 1 run, others don't; random bytes are the host's and bounded", () => {
  const { notes } = probe([
    call("clock_time_get", 0, 0n, 0),
    call("clock_time_get", 1, 0n, 0),
    call("clock_time_get", 2, 0n, 0),
    call("clock_time_get", 0, 0n, FAR),
    call("clock_res_get", 0, 8),
    load(8),
    call("random_get", 100, 4),
    load(100),
    call("random_get", FAR, 4),
    call("random_get", 0, 65537),
    call("random_get", FAR, 0),
  ]);
  const again = probe([call("random_get", 100, 4), load(100)]);
  assert.deepEqual(
    notes.filter((_, i) => i !== 7),
    [0, 0, 58, 21, 0, 1, 0, 6 + 15, 28, 21],
  );
  assert.equal(notes[7], again.notes[1]);
});
