// Foreign functions: what the caller of the host gave by name, or else those that Envoy has. One that is not there
// is NOT_FOUND, as in a proxy that was built without it.
import { STATUS } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import { foreignTable } from "../foreign/table.ts";
import type { ForeignFunction } from "../plugin-state.ts";
import type { Vm } from "../vm.ts";

export const foreignCalls = {
  proxy_call_foreign_function(
    vm: Vm,
    name: number,
    nameSize: number,
    argument: number,
    argumentSize: number,
    address: number,
    size: number,
  ): number {
    const { memory, plugin } = vm;
    if (!memory.has(name, nameSize) || !memory.has(argument, argumentSize)) {
      return STATUS.invalidMemoryAccess;
    }
    const text = memory.latin1(name, nameSize);
    const known = find(plugin.foreign, text) ?? find(foreignTable, text);
    if (known === undefined) return STATUS.notFound;
    if (argumentSize >>> 0 > caps.foreignArgumentBytes) return STATUS.internalFailure;
    const result = known(memory.copy(argument, argumentSize), vm);
    if (typeof result === "number") {
      // A function that fails has an empty result, as in the reference host.
      const told = discard(vm, NOTHING, address, size);
      return told === STATUS.ok ? result : told;
    }
    // Both addresses may be 0: the guest then does not want the result.
    if (address === 0 || size === 0) return discard(vm, result, address, size);
    return vm.give(result, address, size);
  },
};

const NOTHING = new Uint8Array(0);

function find(
  table: Readonly<Record<string, ForeignFunction>>,
  name: string,
): ForeignFunction | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function discard(vm: Vm, result: Uint8Array, address: number, size: number): number {
  const { memory } = vm;
  if (address !== 0) {
    if (!memory.has(address, 4)) return STATUS.invalidMemoryAccess;
    const at = result.length === 0 ? 0 : vm.allocate(result.length);
    if (at !== 0) memory.write(at, result);
    memory.setU32(address, at);
  }
  if (size !== 0) {
    if (!memory.has(size, 4)) return STATUS.invalidMemoryAccess;
    memory.setU32(size, result.length);
  }
  return STATUS.ok;
}
