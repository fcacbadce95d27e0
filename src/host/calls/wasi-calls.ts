// WASI as the reference host answers it: output goes to the log, clocks and randomness are the host's, there
// are no files and no sockets. proc_exit only logs, and the guest goes on.
import { ERRNO, LOG_LEVEL } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import type { Vm } from "../vm.ts";
import { CUT } from "./log-calls.ts";

const STDOUT = 1;
const STDERR = 2;
const isOutput = (fd: number): boolean => fd === STDOUT || fd === STDERR;

/** Sums a vector's lengths, memory checked; a negative number is an errno, negated. */
function vectorSize(vm: Vm, iovs: number, count: number): number {
  const { memory } = vm;
  if (count >>> 0 > caps.iovecs) return -ERRNO.inval;
  if (!memory.has(iovs, (count >>> 0) * 8)) return -ERRNO.fault;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const at = (iovs >>> 0) + i * 8;
    const size = memory.u32(at + 4);
    if (size !== 0 && !memory.has(memory.u32(at), size)) return -ERRNO.fault;
    total += size;
  }
  return total > caps.iovecBytes ? -ERRNO.inval : total;
}

/** The vector's bytes as text, up to the log's cap, without a final newline. */
function vectorText(vm: Vm, iovs: number, count: number, total: number): string {
  const { memory } = vm;
  const kept = Buffer.alloc(Math.min(total, caps.logLineBytes));
  let filled = 0;
  for (let i = 0; i < count && filled < kept.length; i++) {
    const at = (iovs >>> 0) + i * 8;
    const piece = memory.slice(memory.u32(at), memory.u32(at + 4));
    const part = piece.subarray(0, kept.length - filled);
    kept.set(part, filled);
    filled += part.length;
  }
  if (total > kept.length) return kept.toString("utf8") + CUT;
  const end = kept[kept.length - 1] === 0x0a ? kept.length - 1 : kept.length;
  return kept.toString("utf8", 0, end);
}

function write(vm: Vm, fd: number, iovs: number, count: number, out: number): number {
  if (!isOutput(fd)) return ERRNO.badf;
  if (!vm.memory.has(out, 4)) return ERRNO.fault;
  const total = vectorSize(vm, iovs, count);
  if (total < 0) return -total;
  if (total > 0) {
    const level = fd === STDOUT ? LOG_LEVEL.info : LOG_LEVEL.error;
    if (level >= vm.plugin.logLevel) vm.log(level, vectorText(vm, iovs, count, total));
  }
  vm.memory.setU32(out, total);
  return ERRNO.success;
}

function setU32(vm: Vm, out: number, value: number): boolean {
  if (!vm.memory.has(out, 4)) return false;
  vm.memory.setU32(out, value);
  return true;
}

export const wasiCalls = {
  fd_write(vm: Vm, fd: number, iovs: number, count: number, out: number): number {
    return write(vm, fd, iovs, count, out);
  },

  fd_pwrite(vm: Vm, fd: number, iovs: number, count: number, _at: bigint, out: number): number {
    return write(vm, fd, iovs, count, out);
  },

  fd_fdstat_get(vm: Vm, fd: number, out: number): number {
    if (!isOutput(fd)) return ERRNO.badf;
    if (!vm.memory.has(out, 24)) return ERRNO.fault;
    vm.memory.setU64(out, 0n);
    // The right to write, and no other.
    vm.memory.setU64((out >>> 0) + 8, 64n);
    vm.memory.setU64((out >>> 0) + 16, 0n);
    return ERRNO.success;
  },

  fd_seek(vm: Vm, _fd: number, _offset: bigint, _whence: number, _out: number): number {
    vm.error("wasi_unstable fd_seek");
    return ERRNO.success;
  },

  fd_close(vm: Vm, _fd: number): number {
    vm.error("wasi_unstable fd_close");
    return ERRNO.success;
  },

  environ_get(vm: Vm, pointers: number, texts: number): number {
    const { memory } = vm;
    let pointer = pointers >>> 0;
    let text = texts >>> 0;
    for (const [name, value] of vm.plugin.environment) {
      const entry = Buffer.from(`${name}=${value}\0`, "utf8");
      if (!memory.has(pointer, 4) || !memory.has(text, entry.length)) return ERRNO.fault;
      memory.setU32(pointer, text);
      memory.write(text, entry);
      text += entry.length;
      pointer += 4;
    }
    return ERRNO.success;
  },

  environ_sizes_get(vm: Vm, count: number, size: number): number {
    const { memory, plugin } = vm;
    if (!memory.has(count, 4) || !memory.has(size, 4)) return ERRNO.fault;
    const bytes = plugin.environment.reduce(
      (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value) + 2,
      0,
    );
    memory.setU32(count, plugin.environment.length);
    memory.setU32(size, bytes);
    return ERRNO.success;
  },

  args_get(_vm: Vm, _pointers: number, _texts: number): number {
    return ERRNO.success;
  },

  args_sizes_get(vm: Vm, count: number, size: number): number {
    if (!vm.memory.has(count, 4) || !vm.memory.has(size, 4)) return ERRNO.fault;
    vm.memory.setU32(count, 0);
    vm.memory.setU32(size, 0);
    return ERRNO.success;
  },

  clock_time_get(vm: Vm, id: number, _precision: bigint, out: number): number {
    if (id >>> 0 > 1) return ERRNO.notsup;
    if (!vm.memory.has(out, 8)) return ERRNO.fault;
    const { clock } = vm.plugin.services;
    vm.memory.setU64(out, id === 0 ? clock.realtime() : clock.monotonic());
    return ERRNO.success;
  },

  clock_res_get(vm: Vm, id: number, out: number): number {
    if (id >>> 0 > 1) return ERRNO.notsup;
    if (!vm.memory.has(out, 8)) return ERRNO.fault;
    vm.memory.setU64(out, 1n);
    return ERRNO.success;
  },

  random_get(vm: Vm, out: number, size: number): number {
    if (size >>> 0 > caps.randomBytes) return ERRNO.inval;
    if (!vm.memory.has(out, size)) return ERRNO.fault;
    vm.charge(size >>> 2);
    vm.plugin.services.random.fill(vm.memory.slice(out, size));
    return ERRNO.success;
  },

  poll_oneoff(vm: Vm, _in: number, _out: number, _count: number, events: number): number {
    return setU32(vm, events, 0) ? ERRNO.success : ERRNO.fault;
  },

  sched_yield(_vm: Vm): number {
    return ERRNO.success;
  },

  proc_exit(vm: Vm, _code: number): undefined {
    vm.error("wasi_unstable proc_exit");
  },

  // Functions that answer one number and touch nothing else, or that check the descriptor only.
  fd_read: (_vm: Vm, _fd: number, _iovs: number, _count: number, _out: number): number =>
    ERRNO.nosys,
  fd_pread: (_vm: Vm, _fd: number, _iovs: number, _n: number, _at: bigint, _out: number): number =>
    ERRNO.nosys,
  fd_fdstat_set_flags: (_vm: Vm, _fd: number, _flags: number): number => ERRNO.nosys,
  fd_prestat_get: (_vm: Vm, _fd: number, _out: number): number => ERRNO.badf,
  fd_prestat_dir_name: (_vm: Vm, _fd: number, _path: number, _size: number): number => ERRNO.nosys,
  fd_filestat_get: (_vm: Vm, _fd: number, _out: number): number => ERRNO.badf,
  fd_advise: (_vm: Vm, _fd: number, _at: bigint, _size: bigint, _advice: number): number =>
    ERRNO.success,
  fd_allocate: (_vm: Vm, fd: number, _at: bigint, _size: bigint): number => output(fd),
  fd_datasync: (_vm: Vm, fd: number): number => output(fd),
  fd_sync: (_vm: Vm, fd: number): number => output(fd),
  fd_fdstat_set_rights: (_vm: Vm, fd: number, _base: bigint, _inheriting: bigint): number =>
    output(fd),
  fd_filestat_set_size: (_vm: Vm, fd: number, _size: bigint): number => output(fd),
  fd_filestat_set_times: (_vm: Vm, fd: number, _a: bigint, _m: bigint, _flags: number): number =>
    output(fd),
  fd_renumber: (_vm: Vm, fd: number, to: number): number =>
    isOutput(fd) && isOutput(to) ? ERRNO.notsup : ERRNO.badf,

  fd_tell(vm: Vm, fd: number, out: number): number {
    if (!isOutput(fd)) return ERRNO.badf;
    if (!vm.memory.has(out, 8)) return ERRNO.fault;
    vm.memory.setU64(out, 0n);
    return ERRNO.success;
  },

  fd_readdir(
    vm: Vm,
    _fd: number,
    _buf: number,
    _size: number,
    _cookie: bigint,
    out: number,
  ): number {
    return setU32(vm, out, 0) ? ERRNO.notdir : ERRNO.fault;
  },
};

function output(fd: number): number {
  return isOutput(fd) ? ERRNO.success : ERRNO.badf;
}
