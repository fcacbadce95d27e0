// WASI paths and sockets: hosts have neither. Every call is refused with the reference host's errno; those
// that write a count write 0 first.
import { ERRNO } from "../../spec/status.ts";
import type { Vm } from "../vm.ts";

/** Refuses; the number of parameters is the function's own. */
function refuseAfterZero(vm: Vm, out: number): number {
  if (!vm.memory.has(out, 4)) return ERRNO.fault;
  vm.memory.setU32(out, 0);
  return ERRNO.notsup;
}

type I = number;

export const wasiPaths = {
  path_open: (_: Vm, _a: I, _b: I, _c: I, _d: I, _e: I, _f: bigint, _g: bigint, _h: I, _i: I): I =>
    ERRNO.noent,
  path_create_directory: (_: Vm, _a: I, _b: I, _c: I): I => ERRNO.notsup,
  path_filestat_get: (_: Vm, _a: I, _b: I, _c: I, _d: I, _e: I): I => ERRNO.notsup,
  path_filestat_set_times: (_: Vm, _a: I, _b: I, _c: I, _d: I, _e: bigint, _f: bigint, _g: I): I =>
    ERRNO.notsup,
  path_link: (_: Vm, _a: I, _b: I, _c: I, _d: I, _e: I, _f: I): I => ERRNO.notsup,
  path_readlink: (vm: Vm, _a: I, _b: I, _c: I, _d: I, _e: I, out: I): I => refuseAfterZero(vm, out),
  path_remove_directory: (_: Vm, _a: I, _b: I, _c: I): I => ERRNO.notsup,
  path_rename: (_: Vm, _a: I, _b: I, _c: I, _d: I, _e: I, _f: I): I => ERRNO.notsup,
  path_symlink: (_: Vm, _a: I, _b: I, _c: I, _d: I): I => ERRNO.notsup,
  path_unlink_file: (_: Vm, _a: I, _b: I, _c: I): I => ERRNO.notsup,
  sock_accept: (vm: Vm, _a: I, _b: I, out: I): I => refuseAfterZero(vm, out),
  sock_recv(vm: Vm, _a: I, _b: I, _c: I, _d: I, size: I, flags: I): I {
    if (!vm.memory.has(flags, 2)) return ERRNO.fault;
    const status = refuseAfterZero(vm, size);
    if (status === ERRNO.notsup) vm.memory.setU16(flags, 0);
    return status;
  },
  sock_send: (vm: Vm, _a: I, _b: I, _c: I, _d: I, out: I): I => refuseAfterZero(vm, out),
  sock_shutdown: (_: Vm, _a: I, _b: I): I => ERRNO.notsup,
};
