// Properties by path; writing one makes filter state of the stream.
import { STATUS } from "../../spec/status.ts";
import { pathOf } from "../properties.ts";
import type { Vm } from "../vm.ts";

/** Attributes that only have parts. */
const groups = new Set([
  "request",
  "response",
  "connection",
  "source",
  "destination",
  "filter_state",
]);

/** There is something of that name, which can't be handed over. */
function isGroup({ active }: Vm, name: string): boolean {
  if (name === "xds") return true;
  if (!groups.has(name)) return false;
  return active.stream !== null || active.connection !== null || active.logging;
}

export const propertyCalls = {
  proxy_get_property(
    vm: Vm,
    path: number,
    pathSize: number,
    address: number,
    size: number,
  ): number {
    if (!vm.memory.has(path, pathSize)) return STATUS.invalidMemoryAccess;
    const name = pathOf(vm.memory.latin1(path, pathSize));
    if (pathSize === 0 || isGroup(vm, name)) return STATUS.serializationFailure;
    const value = vm.active.property(name);
    if (value === null) return STATUS.notFound;
    return vm.give(value, address, size);
  },

  proxy_set_property(vm: Vm, path: number, pathSize: number, value: number, size: number): number {
    const memory = vm.memory;
    if (!memory.has(path, pathSize) || !memory.has(value, size)) return STATUS.invalidMemoryAccess;
    return vm.active.setProperty(memory.latin1(path, pathSize), memory.copy(value, size));
  },
};
