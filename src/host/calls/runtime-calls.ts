// What toolchains and Envoy add to `env` beside the ABI. No host asks its capability list for these, so a
// module keeps them unless it was rewritten.
import { STATUS } from "../../spec/status.ts";
import type { Vm } from "../vm.ts";

/** Longest DNS name, in text form. */
const NAME_BYTES = 253;

export const runtimeCalls = {
  pthread_equal(_vm: Vm, left: number, right: number): number {
    return left === right ? 1 : 0;
  },

  emscripten_notify_memory_growth(vm: Vm, _memory: number): undefined {
    vm.memory.refresh();
  },

  envoy_resolve_dns(vm: Vm, name: number, size: number, token: number): number {
    const { memory, plugin } = vm;
    if (!memory.has(name, size) || !memory.has(token, 4)) return STATUS.invalidMemoryAccess;
    if (size >>> 0 > NAME_BYTES) return STATUS.badArgument;
    const id = plugin.flights.token(3);
    const call = { kind: "dns", token: id, name: memory.latin1(name, size) } as const;
    if (!plugin.dispatch(vm, call)) return STATUS.internalFailure;
    memory.setU32(token, id);
    return STATUS.ok;
  },
};
