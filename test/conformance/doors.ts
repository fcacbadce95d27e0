// Opens what a contained module keeps shut, for these tests only and after verify has accepted it: guest
// globals and tables become visible, the phase can be set back to idle after a trap, and a budget can be given
// per call. Guest functions stay as they are, byte for byte.
import { I64 } from "../../src/spec/binary.ts";
import { injectedGlobals, injectedOffset } from "../../src/spec/layout.ts";
import { op } from "../../src/spec/opcodes.ts";
import { Writer } from "../../src/util/bytes.ts";
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import type { Export, Module } from "../../src/wasm/module.ts";
import { Walker } from "../../src/wasm/walker.ts";
import { OWN, type Prepared } from "./prepare.ts";

export const PHASE_DOOR = `${OWN}phase`;
export const BUDGET_DOOR = `${OWN}budget`;

/** Export name of the guest's global `index`. */
export function globalDoor(index: number): string {
  return `${OWN}global_${index}`;
}

function globalDoors(count: number): Export[] {
  return Array.from({ length: count }, (_, index) => ({
    name: globalDoor(index),
    kind: "global",
    index,
  }));
}

/** The prepared module with its globals visible. */
export function openPrepared({ module }: Prepared): Uint8Array {
  return emit({ ...module, exports: [...module.exports, ...globalDoors(module.globals.length)] });
}

/** Where the wrapper's budget constant stands: body start, first byte after it, and its value. */
interface Budget {
  readonly func: number;
  readonly from: number;
  readonly to: number;
  readonly units: bigint;
}

function readSigned(bytes: Uint8Array, from: number, to: number): bigint {
  let value = 0n;
  for (let at = from; at < to; at++) value |= BigInt(bytes[at]! & 0x7f) << BigInt(7 * (at - from));
  return BigInt.asIntN(7 * (to - from), value);
}

function budgetOf({ bodies }: Module, func: number): Budget {
  const walker = new Walker();
  walker.open(bodies.code, bodies.start[func]!, bodies.end[func]!, func);
  // The first of its constants of 64 bits; phases are of 32.
  let code = walker.next();
  while (code !== op("i64.const") && walker.pos < bodies.end[func]!) code = walker.next();
  if (code !== op("i64.const")) throw new Error(`function ${func} is no callback wrapper`);
  const from = walker.at;
  const units = readSigned(bodies.code, walker.operands, walker.pos);
  return { func, from, to: walker.pos, units };
}

function withBudgetDoors(
  module: Module,
  budgets: readonly Budget[],
  global: number,
): Module["bodies"] {
  const { code, start, end } = module.bodies;
  const out = new Writer(code.length + 16 * budgets.length);
  const starts = new Uint32Array(start.length);
  const ends = new Uint32Array(end.length);
  const byFunc = new Map(budgets.map((one) => [one.func, one]));
  for (let i = 0; i < start.length; i++) {
    const budget = byFunc.get(i);
    starts[i] = out.length;
    if (budget === undefined) out.slice(code, start[i]!, end[i]!);
    else {
      out.slice(code, start[i]!, budget.from);
      out.u8(op("global.get"));
      out.u32(global);
      out.slice(code, budget.to, end[i]!);
    }
    ends[i] = out.length;
  }
  return { code: out.view(), start: starts, end: ends };
}

export interface Opened {
  /** Without and with a budget that the test sets per call. */
  readonly bytes: Uint8Array;
  readonly perCall: Uint8Array;
  /** What a callback's budget has to hold beside what the call spends, by export name. */
  readonly keptBack: ReadonlyMap<string, number>;
}

/** Opens the doors of a hardened module whose callbacks have a budget of `budget` units. */
export function openHardened(bytes: Uint8Array, prepared: Prepared, budget: number): Opened {
  const module = decode(bytes);
  if (module.imports.length > 0) throw new Error("a prepared module imports nothing");
  const guest = module.globals.length - injectedGlobals.length;
  const hidden = prepared.module.exports.filter(
    ({ kind }) => kind === "table" || kind === "global",
  );
  const door: Export = { name: PHASE_DOOR, kind: "global", index: guest + injectedOffset("phase") };
  const opened = {
    ...module,
    exports: [...module.exports, ...hidden, ...globalDoors(guest), door],
  };
  // `_initialize` is the moved start: it has the start budget.
  const wrappers = module.exports.filter(
    ({ kind, name }) => kind === "func" && name !== "_initialize",
  );
  const budgets = wrappers.map(({ name, index }) => ({ name, budget: budgetOf(module, index) }));
  const global = module.globals.length;
  const perCall: Module = {
    ...opened,
    globals: [
      ...module.globals,
      { type: I64, mutable: true, init: { op: "i64.const", value: 0n } },
    ],
    exports: [...opened.exports, { name: BUDGET_DOOR, kind: "global", index: global }],
    bodies: withBudgetDoors(
      module,
      budgets.map((one) => one.budget),
      global,
    ),
  };
  return {
    bytes: emit(opened),
    perCall: emit(perCall).slice(),
    keptBack: new Map(budgets.map((one) => [one.name, budget - Number(one.budget.units)])),
  };
}
