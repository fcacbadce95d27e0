// The clock, and the period of the plugin's ticks.
import { STATUS } from "../../spec/status.ts";
import type { Vm } from "../vm.ts";

export const timeCalls = {
  proxy_get_current_time_nanoseconds(vm: Vm, out: number): number {
    if (!vm.memory.has(out, 8)) return STATUS.invalidMemoryAccess;
    vm.memory.setU64(out, vm.plugin.services.clock.realtime());
    return STATUS.ok;
  },

  /** 0 ends the ticks. */
  proxy_set_tick_period_milliseconds(vm: Vm, period: number): number {
    vm.ask({ kind: "tick", root: vm.active.root, period: period >>> 0 });
    return STATUS.ok;
  },
};
