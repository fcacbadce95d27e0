// What the module holds: one capped memory, capped tables of functions, the guest's globals and
// then the injected ones, element and data segments (A7, A24, A34). The invariant: a constant
// expression is one constant, and a function that one or a segment names is in `module.named`.
import type { Policy } from "../policy/policy.ts";
import { FUNCREF, KIND, V128 } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import { op } from "../spec/opcodes.ts";
import { mostGlobals, sortGlobals } from "./expect/globals.ts";
import { FIRST, OP, PREFIX } from "./expect/ops.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";

/** Flags of a memory or table: minimum and maximum, not shared, 32-bit. */
const BOUNDED = 0x01;
const V128_CONST = [PREFIX.vector, op("v128.const") - FIRST.vector];
/** Bits of an element segment's flags: not active; explicit table, or declarative; expressions. */
const ELEMENT = { notActive: 1, explicit: 2, expressions: 4, all: 7 } as const;

export function readMemory(s: Scanner, module: Module, policy: Policy): void {
  const start = s.pos;
  const count = s.vector("memories", limits.globals);
  const flags = s.u8();
  if (count !== 1 || flags !== BOUNDED) {
    const what = "one is expected that is unshared, 32-bit and has a maximum";
    s.stop("verify-memory", { what }, start);
  }
  const minimum = s.u32();
  module.memoryMaximum = s.u32();
  const cap = policy.limits.memoryPages;
  if (module.memoryMaximum <= cap) return;
  const what = `it may have ${minimum} to ${module.memoryMaximum} pages, the policy allows ${cap}`;
  s.add("verify-memory", { what }, start);
}

export function readTables(s: Scanner, module: Module): void {
  module.tables = s.vector("tables", limits.tables);
  let entries = 0;
  for (let i = 0; i < module.tables; i++) {
    const start = s.pos;
    if (s.u8() !== FUNCREF || s.u8() !== BOUNDED) {
      s.stop("verify-table", { what: "plain funcref with a maximum is expected" }, start);
    }
    s.u32();
    entries += s.u32();
  }
  s.limit("entries of all tables", entries, limits.tableEntries);
}

/** Notes that something names a function as a value; whether it may is judged at the end. */
export function nameFunction(s: Scanner, module: Module, func: number, at: number): void {
  if (func >= module.functions) s.malformed(`there is no function ${func}`, at);
  if (module.named[func] === 0) module.named[func] = at + 1;
}

/** Reads one plain constant, whose type the engine checks; its value where that is an integer. */
function readConstant(s: Scanner, module: Module): number {
  const start = s.pos;
  const code = s.eat(V128_CONST) ? -1 : s.u8();
  let value = Number.NaN;
  if (code === OP.i32Const || code === OP.i64Const)
    value = s.signed(code === OP.i32Const ? 32 : 64);
  else if (code === -1) s.skip(16);
  else if (code === OP.f32Const || code === OP.f64Const) s.skip(code === OP.f32Const ? 4 : 8);
  else if (code === OP.refFunc) nameFunction(s, module, s.u32(), start + 1);
  else if (code !== OP.refNull || s.u8() !== FUNCREF) s.stop("verify-constant", {}, start);
  if (s.u8() !== OP.end) s.stop("verify-constant", {}, start);
  return value;
}

export function readGlobals(s: Scanner, module: Module, policy: Policy): void {
  const most = limits.globals + mostGlobals(policy, limits.globals);
  const all = Array.from({ length: s.vector("globals", most) }, () => {
    const start = s.pos;
    const [type, mutable] = [s.valueType(), s.u8()];
    return { type, mutable, value: readConstant(s, module), start };
  });
  const { guest, told, wrong } = sortGlobals(policy, all);
  if (guest < 0) s.stop("verify-global", { what: `${all.length} are too few` });
  s.limit("globals", guest, limits.globals);
  if (wrong !== null) s.stop("verify-global", { what: wrong.what }, wrong.at);
  module.guestGlobals = guest;
  module.metricGlobals = told;
  module.globalIsWide = Uint8Array.from(all, ({ type }) => (type === V128 ? 1 : 0));
}

export function readElements(s: Scanner, module: Module): void {
  module.elementsAt = s.pos;
  let entries = 0;
  for (let left = s.vector("element segments", limits.elemSegments); left > 0; left--) {
    const flags = s.u32();
    if (flags > ELEMENT.all) s.malformed(`element segments have no flags ${flags}`);
    const explicit = (flags & ELEMENT.explicit) !== 0;
    const expressions = (flags & ELEMENT.expressions) !== 0;
    const active = (flags & ELEMENT.notActive) === 0;
    if (active && explicit) s.u32();
    if (active) readConstant(s, module);
    if ((!active || explicit) && s.u8() !== (expressions ? FUNCREF : KIND.func)) {
      s.stop("verify-type", { found: "an element kind" });
    }
    const size = s.count("elements", limits.elemEntries);
    entries += size;
    s.limit("elements of all segments", entries, limits.elemEntries);
    for (let k = 0; k < size; k++) {
      if (expressions) readConstant(s, module);
      else nameFunction(s, module, s.u32(), s.pos - 1);
    }
  }
}

export function readData(s: Scanner, module: Module): void {
  module.dataSegments = s.vector("data segments", limits.dataSegments);
  for (let i = 0; i < module.dataSegments; i++) {
    const flags = s.u32();
    if (flags > 1) s.stop("verify-canonical", { what: "a data segment that names its memory" });
    if (flags === 0) readConstant(s, module);
    const size = s.u32();
    const start = s.pos;
    s.skip(size);
    module.lastPassive = flags === 1 ? { start, end: s.pos } : null;
  }
}
