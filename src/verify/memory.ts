// The memory and table sections: one capped memory, capped tables of functions (rules A7, A34).
import type { Policy } from "../policy/policy.ts";
import { FUNCREF } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";

/** Flags of a limits entry: minimum and maximum, not shared, 32-bit. */
const BOUNDED = 0x01;

export function readMemory(scanner: Scanner, module: Module, policy: Policy): void {
  const start = scanner.pos;
  const count = scanner.vector("memories", limits.globals);
  if (count !== 1) scanner.stop("verify-memory", { what: `there are ${count} memories` }, start);
  const flags = scanner.u8();
  if (flags !== BOUNDED) {
    const what = `its flags are ${flags}: one that is unshared, 32-bit and has a maximum is expected`;
    scanner.stop("verify-memory", { what }, start);
  }
  const minimum = scanner.u32();
  const maximum = scanner.u32();
  const cap = policy.limits.memoryPages;
  if (minimum > maximum || maximum > cap) {
    const what = `it may have ${minimum} to ${maximum} pages, the policy allows ${cap}`;
    scanner.add("verify-memory", { what }, start);
  }
  module.memoryMaximum = maximum;
}

export function readTables(scanner: Scanner, module: Module): void {
  const count = scanner.vector("tables", limits.tables);
  let entries = 0;
  for (let i = 0; i < count; i++) {
    const start = scanner.pos;
    const type = scanner.u8();
    if (type !== FUNCREF) {
      const what = `type 0x${type.toString(16)} is not plain funcref`;
      scanner.stop("verify-table", { what }, start);
    }
    if (scanner.u8() !== BOUNDED) {
      scanner.stop("verify-table", { what: "a maximum is expected and no other flag" }, start);
    }
    const minimum = scanner.u32();
    const maximum = scanner.u32();
    entries += maximum;
    if (minimum > maximum) scanner.add("verify-table", { what: "minimum above maximum" }, start);
  }
  scanner.limit("entries of all tables", entries, limits.tableEntries);
  module.tables = count;
}
