// WASI as stock hosts answer it: output is the log, clocks and randomness are the host's, no files, no sockets. What
// each function answers to zeros stands in a table of its own, so that none is left out.
import assert from "node:assert/strict";
import { wasiFunctions } from "../../src/spec/wasi.ts";
import { call, load } from "../host/guest.ts";
import { type Cell, FAR, of, type Subject } from "./cell.ts";

const data = [
  [0, "\\08\\00\\00\\00\\04\\00\\00\\00"],
  [8, "line"],
  [16, "\\08\\00\\00\\00\\00\\00\\00\\7f"],
] as const;
const H = "proxy_on_request_headers" as const;

/** Errnos for arguments that are all 1024 (a good address, no descriptor); null where there is no result. */
const plain: Readonly<Record<string, number | null>> = {
  args_get: 0,
  args_sizes_get: 0,
  environ_get: 0,
  environ_sizes_get: 0,
  clock_time_get: 58,
  clock_res_get: 58,
  random_get: 0,
  poll_oneoff: 0,
  sched_yield: 0,
  proc_exit: null,
  fd_write: 8,
  fd_pwrite: 8,
  fd_read: 52,
  fd_pread: 52,
  fd_seek: 0,
  fd_close: 0,
  fd_tell: 8,
  fd_fdstat_get: 8,
  fd_fdstat_set_flags: 52,
  fd_fdstat_set_rights: 8,
  fd_prestat_get: 8,
  fd_prestat_dir_name: 52,
  fd_filestat_get: 8,
  fd_filestat_set_size: 8,
  fd_filestat_set_times: 8,
  fd_advise: 0,
  fd_allocate: 8,
  fd_datasync: 8,
  fd_sync: 8,
  fd_renumber: 8,
  fd_readdir: 20,
  path_open: 44,
  path_create_directory: 58,
  path_filestat_get: 58,
  path_filestat_set_times: 58,
  path_link: 58,
  path_readlink: 58,
  path_remove_directory: 58,
  path_rename: 58,
  path_symlink: 58,
  path_unlink_file: 58,
  sock_accept: 58,
  sock_recv: 58,
  sock_send: 58,
  sock_shutdown: 58,
};

const answers: Cell[] = wasiFunctions.map((row) => {
  const args = row.params.map((param) => (param.type === "i64" ? 1024n : 1024));
  const expected = plain[row.name];
  assert.notEqual(expected, undefined, row.name);
  const name = row.name as Cell["fn"];
  return {
    fn: name,
    kind: "right",
    phase: H,
    what: expected === null ? "is only logged, and the guest goes on" : `answers ${expected}`,
    calls:
      expected === null
        ? [`(call $${name} (i32.const 1))`, "(call $note (i32.const 5))"]
        : [call(name, ...args)],
    notes: [expected === null ? 5 : expected!],
  };
});

/** Functions that write somewhere, with every address far away. */
const far: Cell[] = wasiFunctions
  .filter(
    (row) =>
      row.params.some(({ role }) => role === "out" || role === "outBuf") &&
      row.name !== "random_get",
  )
  .map((row) => {
    const args = row.params.map((param) =>
      param.type === "i64"
        ? 0n
        : param.role === "out" || param.role === "outBuf"
          ? FAR
          : param.name === "fd"
            ? 1
            : 0,
    );
    const name = row.name as Cell["fn"];
    return {
      fn: name,
      kind: "misuse",
      phase: H,
      what: "leaves memory alone where the address is bad",
      calls: [call(name, ...args)],
      notes: [],
      check: ({ notes }) => {
        // What stock hosts answer before they look at an address, or without looking; else FAULT.
        const blind = [0, 8, 20, 44, 52, 58];
        assert.ok(notes[0] === 21 || blind.includes(notes[0] as number), String(notes[0]));
        if (plain[row.name] === 0 && !["fd_seek", "environ_get", "args_get"].includes(name))
          assert.equal(notes[0], 21);
      },
    };
  });

export const wasi: Subject = {
  name: "wasi",
  cells: [
    ...answers,
    ...far,
    ...of(
      "fd_write",
      H,
      { data },
      [
        "right",
        "writes standard output to the log",
        [call("fd_write", 1, 0, 1, 100), load(100)],
        ["line", 0, 4],
      ],
      [
        "right",
        "writes standard error to the log of errors",
        [call("fd_write", 2, 0, 1, 100)],
        [0],
        { check: ({ errors }) => assert.ok(errors.includes("line")) },
      ],
      [
        "right",
        "is the same under the old module name",
        [call("fd_write", 1, 0, 1, 100)],
        ["line", 0],
        { options: { wasiModule: "wasi_unstable" } },
      ],
      [
        "misuse",
        "another descriptor, bad addresses",
        [
          call("fd_write", 3, 0, 1, 100),
          call("fd_write", 1, FAR, 1, 100),
          call("fd_write", 1, 0, 1, FAR),
          call("fd_write", 1, 16, 1, 100),
        ],
        [8, 21, 21, 21],
      ],
      [
        "edge",
        "no vectors are no line, too many are refused",
        [call("fd_write", 1, 0, 0, 100), load(100), call("fd_write", 1, 0, 1025, 100)],
        [0, 0, 28],
      ],
      [
        "edge",
        "is answered while the module starts",
        [call("fd_write", 1, 0, 1, 100)],
        ["line", 0],
        { phase: "_initialize" },
      ],
    ),
    ...of(
      "random_get",
      H,
      {},
      ["misuse", "a bad address", [call("random_get", FAR, 8)], [21]],
      [
        "edge",
        "no more than 64 KiB at once",
        [call("random_get", 0, 65_537), call("random_get", 100, 0)],
        [28, 0],
      ],
    ),
    ...of(
      "clock_time_get",
      H,
      {},
      [
        "right",
        "knows the time of day and a steady clock",
        [
          call("clock_time_get", 0, 0n, 96),
          "(call $note (i32.wrap_i64 (i64.div_u (i64.load (i32.const 96)) (i64.const 1000000000))))",
          call("clock_time_get", 1, 0n, 96),
        ],
        [0, 1_750_000_000, 0],
      ],
      ["misuse", "a bad address", [call("clock_time_get", 0, 0n, FAR)], [21]],
      [
        "edge",
        "knows no other clock",
        [call("clock_time_get", 2, 0n, 96), call("clock_time_get", -1, 0n, 96)],
        [58, 58],
      ],
    ),
    ...of(
      "environ_get",
      H,
      { env: { NAME: "value" } },
      [
        "right",
        "gives what the operator set",
        [
          call("environ_sizes_get", 100, 104),
          load(100),
          load(104),
          call("environ_get", 200, 300),
          "(drop (call $proxy_log (i32.const 2) (i32.load (i32.const 200)) (i32.const 10)))",
        ],
        [0, 1, 11, 0, "NAME=value"],
      ],
      [
        "misuse",
        "bad addresses",
        [call("environ_get", FAR, 300), call("environ_get", 200, FAR)],
        [21, 21],
      ],
    ),
  ],
};
