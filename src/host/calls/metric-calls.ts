// Metrics that plugins define and write.
import { STATUS } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import type { Vm } from "../vm.ts";

export const metricCalls = {
  proxy_define_metric(vm: Vm, type: number, name: number, size: number, out: number): number {
    const { memory } = vm;
    if (!memory.has(name, size) || !memory.has(out, 4)) return STATUS.invalidMemoryAccess;
    if (size >>> 0 > caps.metricNameBytes) return STATUS.badArgument;
    const id = vm.metricIds.define(type >>> 0, memory.utf8(name, size));
    if (id < 0) return -id;
    memory.setU32(out, id);
    return STATUS.ok;
  },

  proxy_increment_metric(vm: Vm, id: number, delta: bigint): number {
    return vm.metricIds.increment(id >>> 0, delta);
  },

  proxy_record_metric(vm: Vm, id: number, value: bigint): number {
    return vm.metricIds.record(id >>> 0, value);
  },

  proxy_get_metric(vm: Vm, id: number, out: number): number {
    const metric = vm.metricIds.read(id >>> 0);
    if (typeof metric === "number") return metric;
    if (!vm.memory.has(out, 8)) return STATUS.invalidMemoryAccess;
    vm.memory.setU64(out, metric.value);
    return STATUS.ok;
  },
};
