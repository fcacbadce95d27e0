// Properties by path; writing one makes filter state of the stream.
import { STATUS } from "../../spec/status.ts";
import type { Vm } from "../vm.ts";

export const propertyCalls = {
  proxy_get_property(
    vm: Vm,
    path: number,
    pathSize: number,
    address: number,
    size: number,
  ): number {
    if (!vm.memory.has(path, pathSize)) return STATUS.invalidMemoryAccess;
    const value = vm.active.property(vm.memory.latin1(path, pathSize));
    if (value === null) return STATUS.notFound;
    return vm.give(value, address, size);
  },

  proxy_set_property(vm: Vm, path: number, pathSize: number, value: number, size: number): number {
    const memory = vm.memory;
    if (!memory.has(path, pathSize) || !memory.has(value, size)) return STATUS.invalidMemoryAccess;
    return vm.active.setProperty(memory.latin1(path, pathSize), memory.copy(value, size));
  },
};
