// Shared data: values that the plugins of one namespace share, with compare-and-swap.
import { STATUS } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import type { Vm } from "../vm.ts";

export const sharedDataCalls = {
  proxy_get_shared_data(
    vm: Vm,
    key: number,
    keySize: number,
    address: number,
    size: number,
    cas: number,
  ): number {
    const { memory, plugin } = vm;
    if (!memory.has(key, keySize)) return STATUS.invalidMemoryAccess;
    if (keySize >>> 0 > caps.nameBytes) return STATUS.notFound;
    const entry = plugin.services.data.get(plugin.namespace, memory.latin1(key, keySize));
    if (entry === undefined) return STATUS.notFound;
    vm.charge(entry.value.length);
    if (!memory.has(cas, 4)) return STATUS.invalidMemoryAccess;
    const status = vm.give(entry.value, address, size);
    if (status === STATUS.ok) memory.setU32(cas, entry.cas);
    return status;
  },

  proxy_set_shared_data(
    vm: Vm,
    key: number,
    keySize: number,
    value: number,
    size: number,
    cas: number,
  ): number {
    const { memory, plugin } = vm;
    if (!memory.has(key, keySize) || !memory.has(value, size)) return STATUS.invalidMemoryAccess;
    if (keySize >>> 0 > caps.nameBytes) return STATUS.badArgument;
    vm.charge((keySize >>> 0) + (size >>> 1));
    const name = memory.latin1(key, keySize);
    return plugin.services.data.set(plugin.namespace, name, memory.copy(value, size), cas >>> 0);
  },
};
