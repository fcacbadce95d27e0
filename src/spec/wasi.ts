// The WASI preview 1 functions that the reference proxy-wasm host registers, each under both module names
// (`wasi_unstable`, `wasi_snapshot_preview1`; one capability name covers both). Signatures are the host's:
// its path_link and path_symlink lack WASI's last parameter. Source: proxy-wasm-cpp-host 52a0291, exports.h
// and exports.cc. `denied` is the errno that the host answers anyway where the call does nothing but answer
// one number, else 76. Which release has which function: envoy-versions.ts.
import type { HostFunction, Param, Risk } from "./host-function-row.ts";
import { buffer, bytes, int, long, moved, out, vector } from "./params.ts";

/** Import module names under which every row is registered. */
export const wasiModules = ["wasi_unstable", "wasi_snapshot_preview1"] as const;

interface Facts {
  readonly group: string;
  readonly risk: Risk;
  readonly why: string;
  readonly price: number;
  readonly denied: number;
  readonly startup?: true;
  /** Trapped by the reference host during `_initialize`, `_start` and `main`. */
  readonly notAtStart?: true;
}

/** A row whose name is known to the compiler. */
export type Named<Name extends string> = HostFunction & { readonly name: Name };

function wasi<const Name extends string>(name: Name, params: readonly Param[], facts: Facts): Named<Name> {
  const { notAtStart, startup, ...rest } = facts;
  return {
    module: "wasi",
    name,
    params,
    result: "i32",
    abis: ["0.1.0", "0.2.0", "0.2.1"],
    atStart: notAtStart !== true,
    startup: startup === true,
    gated: true,
    ...rest,
  };
}

/** The errno of a denied call that has no inert answer of its own: ENOTCAPABLE. */
const NOTCAPABLE = 76;

const inert = { risk: "low", price: 50 } as const;
const args = { ...inert, group: "wasi-start", why: "Hosts give a plugin no arguments, so there is nothing to learn", startup: true } as const;
const environ = { group: "wasi-start", risk: "low", price: 100, startup: true, why: "Shows the variables that the operator gave this plugin, which may hold secrets" } as const;
const clock = { ...inert, group: "wasi-start", denied: NOTCAPABLE, startup: true } as const;
const noFiles = { ...inert, group: "wasi-files", why: "Hosts have no file system: the call changes nothing" } as const;
const noPaths = { ...inert, group: "wasi-files", why: "Hosts have no file system: every path is refused" } as const;
const noSockets = { ...inert, group: "wasi-sockets", why: "Hosts give no sockets: the call is refused" } as const;

/** Append-only, as hostFunctions is. */
export const wasiFunctions = [
  wasi("fd_write", [int("fd"), ...vector(), moved("nwritten")], {
    group: "wasi-start",
    risk: "medium",
    price: 100,
    denied: NOTCAPABLE,
    startup: true,
    why: "Writes to the proxy's log; aliased vectors make the host copy gigabytes in one call",
  }),
  wasi("fd_read", [int("fd"), ...vector(), moved("nread")], { ...noFiles, denied: 52, notAtStart: true, why: "Hosts have no file to read: the call is refused" }),
  wasi("fd_seek", [int("fd"), long("offset"), int("whence"), out("newoffset", 8)], {
    ...noFiles,
    denied: NOTCAPABLE,
    notAtStart: true,
    why: "Hosts only write an error line to the log",
  }),
  wasi("fd_close", [int("fd")], { ...inert, group: "wasi-start", denied: NOTCAPABLE, startup: true, notAtStart: true, why: "Hosts only write an error line to the log" }),
  wasi("fd_fdstat_get", [int("fd"), out("stat", 24)], {
    ...inert,
    group: "wasi-start",
    denied: NOTCAPABLE,
    startup: true,
    why: "Says that standard output and error can be written to",
  }),
  wasi("fd_fdstat_set_flags", [int("fd"), int("flags")], { ...inert, group: "wasi-start", denied: 52, startup: true, why: "Hosts answer that it is not implemented" }),
  wasi("fd_fdstat_set_rights", [int("fd"), long("rights_base"), long("rights_inheriting")], {
    ...inert,
    group: "wasi-start",
    denied: NOTCAPABLE,
    startup: true,
    why: "Hosts ignore the rights that are set",
  }),
  wasi("environ_get", [int("environ"), int("environ_buf")], { ...environ, denied: NOTCAPABLE }),
  wasi("environ_sizes_get", [out("count", 4), out("buf_size", 4)], { ...environ, denied: NOTCAPABLE, why: "Tells how many variables the operator gave this plugin" }),
  wasi("args_get", [int("argv"), int("argv_buf")], { ...args, denied: 0 }),
  wasi("args_sizes_get", [out("argc", 4), out("argv_buf_size", 4)], { ...args, denied: NOTCAPABLE }),
  wasi("clock_time_get", [int("clock_id"), long("precision"), out("time", 8)], { ...clock, why: "A fine clock: harmless alone, useful for measuring what neighbours do" }),
  wasi("clock_res_get", [int("clock_id"), out("resolution", 8)], { ...clock, why: "Hosts answer one nanosecond" }),
  wasi("fd_advise", [int("fd"), long("offset"), long("len"), int("advice")], { ...noFiles, denied: 0 }),
  wasi("fd_allocate", [int("fd"), long("offset"), long("len")], { ...noFiles, denied: NOTCAPABLE }),
  wasi("fd_datasync", [int("fd")], { ...noFiles, denied: NOTCAPABLE }),
  wasi("fd_filestat_set_size", [int("fd"), long("size")], { ...noFiles, denied: NOTCAPABLE }),
  wasi("fd_filestat_set_times", [int("fd"), long("atim"), long("mtim"), int("fst_flags")], { ...noFiles, denied: NOTCAPABLE }),
  wasi("fd_pread", [int("fd"), ...vector(), long("offset"), moved("nread")], { ...noFiles, denied: 52, why: "Hosts have no file to read: the call is refused" }),
  wasi("fd_pwrite", [int("fd"), ...vector(), long("offset"), moved("nwritten")], {
    group: "wasi-files",
    risk: "medium",
    price: 100,
    denied: NOTCAPABLE,
    why: "Writes to the proxy's log like fd_write, with the same cost for aliased vectors",
  }),
  wasi("fd_readdir", [int("fd"), ...buffer("buf"), long("cookie"), moved("bufused")], { ...noFiles, denied: 20 }),
  wasi("fd_renumber", [int("fd"), int("to")], { ...noFiles, denied: NOTCAPABLE }),
  wasi("fd_sync", [int("fd")], { ...noFiles, denied: NOTCAPABLE }),
  wasi("fd_tell", [int("fd"), out("offset", 8)], { ...noFiles, denied: NOTCAPABLE }),
  wasi("path_create_directory", [int("fd"), ...bytes("path")], { ...noPaths, denied: 58 }),
  wasi("path_filestat_set_times", [int("fd"), int("flags"), ...bytes("path"), long("atim"), long("mtim"), int("fst_flags")], { ...noPaths, denied: 58 }),
  // The host's type has no length for the new path, so `new_path` can't be a checked pair.
  wasi("path_link", [int("old_fd"), int("old_flags"), ...bytes("old_path"), int("new_fd"), int("new_path")], { ...noPaths, denied: 58 }),
  wasi("path_readlink", [int("fd"), ...bytes("path"), ...buffer("buf"), moved("bufused")], { ...noPaths, denied: 58 }),
  wasi("path_remove_directory", [int("fd"), ...bytes("path")], { ...noPaths, denied: 58 }),
  wasi("path_rename", [int("fd"), ...bytes("old_path"), int("new_fd"), ...bytes("new_path")], { ...noPaths, denied: 58 }),
  wasi("path_symlink", [...bytes("old_path"), int("fd"), int("new_path")], { ...noPaths, denied: 58 }),
  wasi("path_unlink_file", [int("fd"), ...bytes("path")], { ...noPaths, denied: 58 }),
  wasi("sock_accept", [int("fd"), int("flags"), out("fd", 4)], { ...noSockets, denied: 58 }),
  wasi("sock_recv", [int("fd"), ...vector(), int("ri_flags"), moved("datalen"), out("flags", 2)], { ...noSockets, denied: 58 }),
  wasi("sock_send", [int("fd"), ...vector(), int("si_flags"), moved("datalen")], { ...noSockets, denied: 58 }),
  wasi("sock_shutdown", [int("fd"), int("how")], { ...noSockets, denied: 58 }),
  wasi("random_get", [...buffer("buf")], {
    group: "wasi-start",
    risk: "low",
    price: 100,
    denied: NOTCAPABLE,
    startup: true,
    why: "Random bytes; current hosts give at most 64 KiB a call",
  }),
  wasi("sched_yield", [], { ...inert, group: "wasi-start", denied: 0, startup: true, notAtStart: true, why: "Does nothing in a host with one thread for a plugin" }),
  // Hosts read no subscription and write no event, only the count; so both arrays are plain numbers here.
  wasi("poll_oneoff", [int("subscriptions"), int("events"), int("nsubscriptions"), out("nevents", 4)], {
    ...inert,
    group: "wasi-start",
    denied: NOTCAPABLE,
    startup: true,
    why: "Hosts return at once without an event",
  }),
  {
    ...wasi("proc_exit", [int("code")], {
      ...inert,
      group: "wasi-start",
      denied: NOTCAPABLE,
      startup: true,
      notAtStart: true,
      why: "Hosts log an error and go on; the caller then usually traps",
    }),
    result: null,
    denied: "trap",
  },
  wasi("path_open", [int("fd"), int("dirflags"), ...bytes("path"), int("oflags"), long("rights_base"), long("rights_inheriting"), int("fdflags"), out("fd", 4)], {
    ...noPaths,
    denied: 44,
    notAtStart: true,
    why: "Hosts have no file system: no path is found",
  }),
  wasi("fd_prestat_get", [int("fd"), out("prestat", 8)], { ...inert, group: "wasi-start", denied: 8, startup: true, why: "Hosts give no open folder: every descriptor is bad" }),
  wasi("fd_prestat_dir_name", [int("fd"), ...buffer("path")], {
    ...inert,
    group: "wasi-start",
    denied: 52,
    startup: true,
    why: "Hosts give no open folder: answered as not implemented",
  }),
  wasi("path_filestat_get", [int("fd"), int("flags"), ...bytes("path"), out("filestat", 64)], { ...noPaths, denied: 58 }),
  wasi("fd_filestat_get", [int("fd"), out("filestat", 64)], { ...noFiles, denied: 8, why: "Hosts give no file: every descriptor is bad" }),
] as const satisfies readonly HostFunction[];
