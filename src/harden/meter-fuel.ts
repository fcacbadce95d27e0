// Pass: meter fuel. Chooses the functions that charge at entry (exports, address-taken ones, a set that breaks
// direct recursion, and whatever costs more than HOIST), keeps fuel in a local where loops are free of
// observing calls, and asks the mode's meter for the charges inside each body.
import { fail } from "../errors/failure.ts";
import { ENTRY_FREE, HOIST } from "../spec/layout.ts";
import type { Module } from "../wasm/module.ts";
import { bottomUp, breakCycles, buildGraph } from "./graph.ts";
import { IntList } from "./int-list.ts";
import { BoundMeter, type Subject, TOO_MUCH } from "./meter-bound.ts";
import { ExactMeter } from "./meter-exact.ts";
import { type Prices, returnsEarly, type Shape } from "./prices.ts";
import type { Survey } from "./survey.ts";
import { DOES, LOOP_STRIDE } from "./surveyor.ts";

export interface FuelPlan {
  /** 1 where fuel is kept in a local. */
  readonly local: Uint8Array;
  /** 1 where the body stands in a block. */
  readonly wrapped: Uint8Array;
  /** Constant of the entry charge (or test), 0 where callers pay; by defined function. */
  readonly entry: Float64Array;
  /** Edits of function i: edits[from[i]..to[i]), three numbers each: offset, kind, constant. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly edits: Int32Array;
}

/**
 * Bound mode: loops without observing calls are worth a local while observing calls are at most this many
 * each. More locals mean fewer loads and stores and yet slower code: a value that lives through a large
 * function is spilled, and every call pays for it.
 */
const CALLS_PER_LOOP = 4;

/**
 * Exact mode charges so often that a local is worth it for one loop without observing calls, or with more
 * than this many: that is taken for a dispatcher, whose rounds make few of them.
 */
const FEW_CALLS = 8;

/** Whether function i keeps its fuel in a local. */
function wantsLocal(s: Survey, prices: Prices, i: number, mode: "bound" | "exact"): boolean {
  let observing = s.indirectStart[i + 1]! - s.indirectStart[i]!;
  const from = s.callStart[i]!;
  const to = s.callStart[i + 1]!;
  const seen = new Int32Array(to - from + 1);
  for (let c = from; c < to; c++) {
    seen[c - from + 1] = seen[c - from]! + prices.observes[s.calls[c]!]!;
  }
  observing += seen[to - from]!;
  if ((s.flags[i]! & (DOES.bulk | DOES.bulkElems | DOES.grow)) !== 0) observing++;
  let free = 0;
  let dispatchers = 0;
  for (let l = s.loopStart[i]!; l < s.loopStart[i + 1]!; l += LOOP_STRIDE) {
    const calls = seen[s.loops[l + 1]! - from]! - seen[s.loops[l]! - from]!;
    if (calls === 0 && s.loops[l + 2] === 0) free++;
    else if (calls > FEW_CALLS) dispatchers++;
  }
  if (mode === "exact") return free + dispatchers > 0;
  return free > 0 && observing <= CALLS_PER_LOOP * free;
}

/** Nodes in processing order: what callers may pay for first, callees before callers, then the others. */
function processingOrder(s: Survey, charged: Uint8Array): Int32Array {
  const graph = buildGraph(s.count, (add) => {
    for (let f = 0; f < s.count; f++) {
      for (let c = s.callStart[f]!; c < s.callStart[f + 1]!; c++) {
        const callee = s.calls[c]! - s.imported;
        if (callee >= 0) add(f, callee);
      }
    }
  });
  breakCycles(graph, charged, () => 1);
  const first = bottomUp(graph, charged);
  const order = new Int32Array(s.count);
  order.set(first);
  let at = first.length;
  for (let f = 0; f < s.count; f++) if (charged[f] === 1) order[at++] = f;
  return order;
}

function isFuelFree(s: Survey, prices: Prices, i: number, counted: boolean): boolean {
  const busy = DOES.loop | DOES.indirect | DOES.bulk | DOES.bulkElems | DOES.grow;
  if (counted || (s.flags[i]! & busy) !== 0) return false;
  for (let c = s.callStart[i]!; c < s.callStart[i + 1]!; c++) {
    if (prices.observes[s.calls[c]!] === 1) return false;
  }
  return true;
}

/** The dearest entry region that each function may leave to others: 0 where it must charge itself. */
function ceilings(s: Survey, charged: Uint8Array, exported: Iterable<number>): Float64Array {
  const ceiling = Float64Array.from(charged, (must) => (must === 1 ? 0 : HOIST));
  const called = new Uint8Array(s.count);
  for (const func of s.calls) if (func >= s.imported) called[func - s.imported] = 1;
  // What a wrapper calls is paid for by what the wrapper keeps back; where others call it too, by them as well.
  for (const i of exported) {
    if (charged[i] === 0) ceiling[i] = called[i] === 0 ? ENTRY_FREE : Math.min(HOIST, ENTRY_FREE);
  }
  return ceiling;
}

/**
 * Plans all charges. `charged` marks the functions that must charge at entry (address-taken, start, allocators);
 * it is changed. `exported` lists the functions that wrappers call. `prices` learns each function's shortfall as it goes. Throws `harden-charge`.
 */
export function meterFuel(
  module: Module,
  s: Survey,
  prices: Prices,
  charged: Uint8Array,
  exported: Iterable<number>,
  funcWeight: Float64Array,
  mode: "bound" | "exact",
): FuelPlan {
  const wrapperOnly = [...exported];
  if (mode === "exact") for (const i of wrapperOnly) charged[i] = 1;
  const order = processingOrder(s, charged);
  const ceiling = ceilings(s, charged, wrapperOnly);
  const local = new Uint8Array(s.count);
  const wrapped = new Uint8Array(s.count);
  const entry = new Float64Array(s.count);
  const from = new Int32Array(s.count);
  const to = new Int32Array(s.count);
  const edits = new IntList();
  const bound = new BoundMeter(s);
  const exact = new ExactMeter();
  const { code, start, end } = module.bodies;
  for (const i of order) {
    const shape: Shape = {
      local: wantsLocal(s, prices, i, mode),
      counted: funcWeight[i]! > 0,
      wrapped: false,
    };
    shape.wrapped = (shape.local || shape.counted) && returnsEarly(s, i);
    local[i] = shape.local ? 1 : 0;
    wrapped[i] = shape.wrapped ? 1 : 0;
    from[i] = edits.length;
    const func = s.imported + i;
    const type = module.types[s.typeOf[func]!]!;
    const subject: Subject = {
      code,
      start: start[i]!,
      end: end[i]!,
      func,
      index: i,
      results: type.results.length,
      loops: s.loopStart[i]!,
      shape,
    };
    const left =
      mode === "exact"
        ? exact.meter(subject, prices, edits, charged[i] === 1)
        : boundEntry(bound.meter(subject, prices, edits), prices, shape, ceiling[i]!);
    to[i] = edits.length;
    for (let e = from[i]!; e < to[i]!; e += 3) {
      if (edits.get(e + 2) === TOO_MUCH) tooMuch(func, start[i]!);
    }
    if (left.entry > 0x7fffffff) tooMuch(func, start[i]!);
    entry[i] = left.entry;
    if (left.entry > 0) {
      charged[i] = 1;
      continue;
    }
    prices.call[func] = prices.call[func]! + left.shortfall;
    if (isFuelFree(s, prices, i, shape.counted)) prices.observes[func] = 0;
  }
  return { local, wrapped, entry, from, to, edits: edits.done() };
}

/** What a function does about its entry region: charge for it, or leave it to the callers. */
export interface EntryPlan {
  readonly entry: number;
  readonly shortfall: number;
}

function boundEntry(region: number, prices: Prices, shape: Shape, ceiling: number): EntryPlan {
  const { templates } = prices;
  const uncharged = region + (shape.local ? templates.load : 0);
  if (uncharged <= ceiling) return { entry: 0, shortfall: uncharged };
  return { entry: region + (shape.local ? templates.enterL : templates.chargeG), shortfall: 0 };
}

function tooMuch(func: number, offset: number): never {
  const found = "over 2147483647";
  return fail("harden-charge", { found }, { at: "bytes", offset, section: "code", func });
}
