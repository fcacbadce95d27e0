// Writes all guest bodies of a module once every pass has decided: new indices, and one body after another.
import { fail } from "../errors/failure.ts";
import { BLOCK_EMPTY } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import { Writer } from "../util/bytes.ts";
import type { FuncType, Module } from "../wasm/module.ts";
import type { TypeTable } from "./assemble.ts";
import type { Context, Generated } from "./generate.ts";
import type { StackPlan } from "./limit-stack.ts";
import type { FuelPlan } from "./meter-fuel.ts";
import type { Prices } from "./prices.ts";
import type { Survey } from "./survey.ts";
import { BodyWriter } from "./write-body.ts";

/** What the passes decided, and the types that bodies may need besides the guest's. */
export interface Rewrite {
  readonly module: Module;
  readonly s: Survey;
  readonly address: (func: number) => number;
  readonly generated: Generated;
  readonly context: Context;
  readonly stack: StackPlan;
  readonly fuel: FuelPlan;
  readonly prices: Prices;
  readonly types: TypeTable;
}

/** New index of every old function, where it is called and where its address is taken. */
export function newIndices({ s, address, generated }: Rewrite): {
  calls: Int32Array;
  addresses: Int32Array;
} {
  const total = s.imported + s.count;
  const calls = new Int32Array(total);
  for (let func = 0; func < total; func++) {
    calls[func] =
      func < s.imported ? generated.places[func]!.index : func - s.imported + generated.firstGuest;
  }
  const addresses = calls.map((_, func) => calls[address(func)]!);
  return { calls, addresses };
}

function blockTypeOf(type: FuncType, types: TypeTable): number {
  if (type.results.length === 0) return BLOCK_EMPTY;
  if (type.results.length === 1) return type.results[0]!;
  return -1 - types.index({ params: [], results: type.results });
}

/** The rewritten bodies, and how many dead instructions were left out. Throws `wasm-limit`. */
export function writeBodies(r: Rewrite, indices: ReturnType<typeof newIndices>) {
  const { module, s, fuel, stack, generated } = r;
  const { code, start, end } = module.bodies;
  const out = new Writer(Math.ceil(code.length * 1.12) + 4096);
  const writer = new BodyWriter(
    code,
    {
      func: indices.calls,
      address: indices.addresses,
      firstGlobal: r.context.ground.firstGlobal,
      bulkBytes: generated.bulkBytes.index,
      bulkElems: generated.bulkElems.index,
      grow: generated.grow.index,
      exhausted: generated.entry.telemetry?.exhausted.index ?? null,
      observes: r.prices.observes,
      siteWeight: stack.siteWeight,
      typeIds: s.typeIds,
    },
    out,
  );
  const starts = new Uint32Array(s.count);
  const ends = new Uint32Array(s.count);
  let dead = 0;
  for (let i = 0; i < s.count; i++) {
    const type = module.types[module.funcs[i]!]!;
    const wrapped = fuel.wrapped[i] === 1;
    starts[i] = out.length;
    dead += writer.write({
      start: start[i]!,
      end: end[i]!,
      func: s.imported + i,
      params: type.params.length,
      local: fuel.local[i] === 1,
      wrapped,
      blockType: wrapped ? blockTypeOf(type, r.types) : BLOCK_EMPTY,
      weight: stack.funcWeight[i]!,
      entry: fuel.entry[i]!,
      edits: fuel.edits,
      from: fuel.from[i]!,
      to: fuel.to[i]!,
    });
    ends[i] = out.length;
    checkSize(ends[i]! - starts[i]!, s.imported + i, start[i]!);
  }
  return { code: out, start: starts, end: ends, dead };
}

/** Engines refuse bodies beyond a size, and rewriting makes them longer. */
function checkSize(found: number, func: number, offset: number): void {
  if (found <= limits.bodyBytes) return;
  const what = "bytes of a body after rewriting";
  const where = { at: "bytes", offset, section: "code", func } as const;
  fail("wasm-limit", { what, found, limit: limits.bodyBytes }, where);
}
