// What the page on the format says about a hardened module as a whole: which functions are generated, and what
// each of those costs by its own ("a generated function's own cost"), counted from its bytes.
import { costTables } from "../../src/spec/costs.ts";
import { hostFunction } from "../../src/spec/host-functions.ts";
import { decode } from "../../src/wasm/decode.ts";
import { funcImports } from "../../src/wasm/module.ts";
import { BodyReader } from "./body.ts";

export interface Generated {
  /** Functions below this index are imported. */
  readonly imports: number;
  /** Functions from here on are the guest's. */
  readonly firstGuest: number;
  /** Own cost by function index: of imports their price, of the guest's functions 0. */
  readonly own: Float64Array;
  /** Index of the wrapper of each exported function. */
  readonly wrappers: ReadonlyMap<string, number>;
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
  // Thunks call `cross`, which stands after them; nothing here is recursive.
  const cost = (func: number): number => {
    if (func < imported.length || func >= firstGuest || known.has(func)) return own[func]!;
    known.add(func);
    const { code, entry } = reader.read(func - imported.length);
    let sum = entry;
    for (const at of code) sum += at.cost + (at.name === "call" ? cost(at.a) : 0);
    own[func] = sum;
    return sum;
  };
  for (let func = imported.length; func < firstGuest; func++) cost(func);
  return { imports: imported.length, firstGuest, own, wrappers };
}
