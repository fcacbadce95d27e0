// A host for the interpreter that answers as hosts do where it matters for charges: it enters the guest's
// allocator inside the call, writes there, and says how much. The answers depend on the arguments alone.

import type { HostFunction } from "../../src/spec/host-function-row.ts";
import { hostFunction } from "../../src/spec/host-functions.ts";
import { STATUS } from "../../src/spec/status.ts";
import type { Host, Machine } from "./machine.ts";
import { trap, type Value } from "./value.ts";

const ALLOCATORS = ["proxy_on_memory_allocate", "malloc"] as const;

/** Bytes in the guest's memory for `size` bytes; null where it has no allocator or refuses. */
function allocated(machine: Machine, size: number): number | null {
  const name = ALLOCATORS.find((one) => machine.module.exports.some((entry) => entry.name === one));
  if (name === undefined) return null;
  const outcome = machine.call(name, [size]);
  // A host that meets a trap inside a call has no way to go on.
  if (outcome.kind === "trap") trap(outcome.trap);
  if (outcome.kind !== "returned") return null;
  const at = (outcome.values[0] as number) >>> 0;
  return at !== 0 && at + size <= machine.memory.length ? at : null;
}

/** Writes a word where a pointer parameter points; false where it points outside. */
function put(machine: Machine, pointer: Value, value: number): boolean {
  const at = (pointer as number) >>> 0;
  if (at + 4 > machine.memory.length) return false;
  machine.view.setUint32(at, value, true);
  return true;
}

function answer(row: HostFunction, args: readonly Value[], machine: Machine): number {
  const of = (role: string) => row.params.findIndex((param) => param.role === role);
  const [pointer, length] = [of("outPtr"), of("outLen")];
  if (length < 0) return STATUS.ok;
  const seed =
    args.reduce<number>((mix, value) => (Math.imul(mix, 31) + Number(value)) | 0, 7) >>> 0;
  const size = seed % 5 === 0 ? 0 : seed % 300;
  if (pointer < 0)
    return put(machine, args[length]!, size) ? STATUS.ok : STATUS.invalidMemoryAccess;
  if (seed % 7 === 0) return STATUS.notFound;
  const at = allocated(machine, size);
  if (at === null) return STATUS.invalidMemoryAccess;
  for (let i = 0; i < size; i++) machine.memory[at + i] = 48 + ((seed + i) % 10);
  const wrote = put(machine, args[pointer]!, at) && put(machine, args[length]!, size);
  return wrote ? STATUS.ok : STATUS.invalidMemoryAccess;
}

export const generousHost: Host = (entry, args, machine) => {
  const row = hostFunction(entry.module, entry.name)!;
  return row.result === null ? [] : [answer(row, args, machine)];
};
