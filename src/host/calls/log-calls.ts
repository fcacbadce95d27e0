// Log lines. Text is taken as UTF-8 and cut at the host's cap; the status does not tell.
import { LOG_LEVEL, STATUS } from "../../spec/status.ts";
import { logLength } from "../log.ts";
import type { Vm } from "../vm.ts";

/** Marks a line that was longer than the host keeps. */
export const CUT = " … (cut)";

export const logCalls = {
  proxy_log(vm: Vm, level: number, ptr: number, size: number): number {
    if (level >>> 0 > LOG_LEVEL.critical) return STATUS.badArgument;
    if (!vm.memory.has(ptr, size)) return STATUS.invalidMemoryAccess;
    if (level < vm.plugin.logLevel) return STATUS.ok;
    const { length, cut } = logLength(size);
    vm.charge(length >>> 1);
    const text = vm.memory.utf8(ptr, length);
    vm.log(level, cut ? text + CUT : text);
    return STATUS.ok;
  },

  proxy_get_log_level(vm: Vm, out: number): number {
    if (!vm.memory.has(out, 4)) return STATUS.invalidMemoryAccess;
    vm.memory.setU32(out, vm.plugin.logLevel);
    return STATUS.ok;
  },
};
