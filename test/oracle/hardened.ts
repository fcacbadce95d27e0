// What the page on the format says about a hardened module as a whole: which functions are generated, and what
// each of those costs by its own ("a generated function's own cost"), counted from its bytes.
import { I64 } from "../../src/spec/binary.ts";
import { costTables } from "../../src/spec/costs.ts";
import { hostFunction } from "../../src/spec/host-functions.ts";
import { decode } from "../../src/wasm/decode.ts";
import { funcImports } from "../../src/wasm/module.ts";
import { type Body, BodyReader } from "./body.ts";

export interface Generated {
  /** Functions below this index are imported. */
  readonly imports: number;
  /** Functions from here on are the guest's. */
  readonly firstGuest: number;
  /** Own cost by function index: of imports their price, of the guest's functions 0. */
  readonly own: Float64Array;
  /** Index of the wrapper of each exported function. */
  readonly wrappers: ReadonlyMap<string, number>;
  /** The guard that pays for a walk before it begins, null where no guard walks. */
  readonly pay: number | null;
  /** Exports whose guest function charges for its own entry. */
  readonly chargesAtEntry: ReadonlySet<string>;
}

/** Whether a guest function begins with CHARGE_G, ENTER_L, TEST_G, or LOAD and TEST_L. */
function chargesAtEntry({ code }: Body, fuel: number): boolean {
  const [first, second, third, , fifth] = code;
  if (first?.name !== "global.get" || first.a !== fuel) return false;
  if (second?.name !== "local.set") return true;
  return third?.name === "local.get" && third.a === second.a && fifth?.name === "i64.lt_s";
}

/** Instructions on the way through the longest arm of a switch (all arms are equal), or all of a body without one. */
function counted(code: Body["code"]): Body["code"] {
  const table = code.findIndex((at) => at.name === "br_table");
  if (table < 0) return code;
  const ends = code.flatMap((at, k) => (at.name === "end" ? [k] : []));
  return [...code.slice(0, table + 1), ...code.slice(ends.at(-2)! + 1)];
}

/** Reads a hardened module. It must be one: nothing is checked here. */
export function generatedOf(bytes: Uint8Array): Generated {
  const module = decode(bytes);
  const imported = funcImports(module);
  const entries = module.exports.filter((entry) => entry.kind === "func");
  const wrappers = new Map(entries.map((entry) => [entry.name, entry.index]));
  const firstGuest = Math.max(...wrappers.values()) + 1;
  const own = new Float64Array(imported.length + module.funcs.length);
  imported.forEach((entry, i) => {
    own[i] = hostFunction(entry.module, entry.name)!.price;
  });
  const reader = new BodyReader(module, costTables.v1);
  const known = new Set<number>();
  // Thunks call guards, which stand after them; nothing here is recursive.
  const cost = (func: number): number => {
    if (func < imported.length || func >= firstGuest || known.has(func)) return own[func]!;
    known.add(func);
    const { code, entry } = reader.read(func - imported.length);
    let sum = entry;
    for (const at of counted(code)) sum += at.cost + (at.name === "call" ? cost(at.a) : 0);
    own[func] = sum;
    return sum;
  };
  for (let func = imported.length; func < firstGuest; func++) cost(func);
  const fuel = module.exports.find((entry) => entry.name === "glovebox_fuel")!.index;
  const pays = (func: number): boolean => {
    const { params, results } = module.types[module.funcs[func - imported.length]!]!;
    const calls = reader.read(func - imported.length).code.some((at) => at.name === "call");
    // Telemetry's `report` has its type, and calls the host.
    return params.length === 1 && params[0] === I64 && results.length === 0 && !calls;
  };
  const helpers = Array.from(
    { length: firstGuest - imported.length },
    (_, i) => imported.length + i,
  );
  const charging = entries.flatMap(({ name, index }) => {
    const { code } = reader.read(index - imported.length);
    const target = code.findLast((at) => at.name === "call" && at.a >= firstGuest);
    if (target === undefined) return [];
    return chargesAtEntry(reader.read(target.a - imported.length), fuel) ? [name] : [];
  });
  return {
    imports: imported.length,
    firstGuest,
    own,
    wrappers,
    pay: helpers.find((func) => pays(func) && ![...wrappers.values()].includes(func)) ?? null,
    chargesAtEntry: new Set(charging),
  };
}
