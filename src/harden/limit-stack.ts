// Pass: limit native stack (rules A25, A26). Every cycle of the call graph, indirect calls expanded by type
// over all address-taken functions, gets a counted edge; between counted edges the graph is acyclic, so the
// heaviest path is a constant. A function is counted as a whole, or all call_indirect sites of one type are.
import { fail } from "../errors/failure.ts";
import { STACK_ENTRY_SHARE } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { bottomUp, breakCycles, buildGraph, type Graph } from "./graph.ts";
import type { Survey } from "./survey.ts";

export interface StackPlan {
  /** Bytes that a counted function takes for all its calls, 0 for others; by defined function. */
  readonly funcWeight: Float64Array;
  /** Bytes that a counted call_indirect site takes, by structural type id; 0 where sites are not counted. */
  readonly siteWeight: Float64Array;
}

/** Bytes of one counted function's templates, and of one counted site's: what the choice weighs. */
const FUNC_PRICE = 30;
const SITE_PRICE = 25;

/** Stack bytes that every counted call leaves room for at the least: the helpers without telemetry, rounded up. */
const HELPER_STACK = 256;

function callGraph(s: Survey, addressTaken: ReadonlySet<number>): { graph: Graph; types: number } {
  const types = s.typeIds.length === 0 ? 0 : Math.max(...new Set(s.typeIds)) + 1;
  const graph = buildGraph(s.count + types, (add) => {
    for (let f = 0; f < s.count; f++) {
      for (let c = s.callStart[f]!; c < s.callStart[f + 1]!; c++) {
        const callee = s.calls[c]! - s.imported;
        if (callee >= 0) add(f, callee);
      }
      for (let c = s.indirectStart[f]!; c < s.indirectStart[f + 1]!; c++) {
        add(f, s.count + s.typeIds[s.indirects[c]!]!);
      }
    }
    for (const func of addressTaken) {
      const f = func - s.imported;
      if (f >= 0) add(s.count + s.typeIds[s.typeOf[func]!]!, f);
    }
  });
  return { graph, types };
}

function siteCounts(s: Survey, types: number): Int32Array {
  const sites = new Int32Array(types);
  for (const type of s.indirects) sites[s.typeIds[type]!]!++;
  return sites;
}

/**
 * Plans the stack templates. `bodyStart` says where bodies begin, for messages; `addressTaken` holds every function that element segments or `ref.func` name;
 * `called` is the most stack bytes that a call of a thunk, a stub or a helper takes.
 * Throws `harden-frame` when a single frame is larger than a rule or the policy allows.
 */
export function limitStack(
  s: Survey,
  bodyStart: Uint32Array,
  addressTaken: ReadonlySet<number>,
  called: number,
  stackBytes: number,
  callDepth: number,
): StackPlan {
  const { graph, types } = callGraph(s, addressTaken);
  const generated = Math.max(called, HELPER_STACK);
  const sites = siteCounts(s, types);
  const removed = new Uint8Array(graph.size);
  breakCycles(graph, removed, (node) =>
    node < s.count ? FUNC_PRICE : SITE_PRICE * Math.max(1, sites[node - s.count]!),
  );
  // No uncounted path may be so long that an entry or a single counted call cannot afford it.
  const most = Math.floor(stackBytes / STACK_ENTRY_SHARE / 2);
  const frameLimit = Math.min(limits.frameBytes, most);
  const height = new Float64Array(graph.size);
  const order = bottomUp(graph, new Uint8Array(removed));
  for (const node of order) {
    const below = heaviest(graph, node, removed, height, s, generated);
    if (node >= s.count) {
      height[node] = below;
      continue;
    }
    const frame = s.frame[node]!;
    checkFrame(s, bodyStart, node, frameLimit);
    if (frame + below > most) removed[node] = 1;
    height[node] = removed[node] === 1 ? frame : frame + below;
  }
  for (let node = 0; node < s.count; node++) {
    if (removed[node] === 1) {
      checkFrame(s, bodyStart, node, frameLimit);
      height[node] = s.frame[node]!;
    }
  }
  const least = Math.ceil(stackBytes / callDepth);
  const weigh = (node: number): number => Math.max(least, under(graph, node, height, generated));
  // A removed type node still has a height: what its heaviest function takes.
  for (let node = s.count; node < graph.size; node++)
    height[node] = under(graph, node, height, generated);
  const funcWeight = new Float64Array(s.count);
  const siteWeight = new Float64Array(types);
  for (let node = 0; node < graph.size; node++) {
    if (removed[node] === 0) continue;
    if (node < s.count) funcWeight[node] = weigh(node);
    else siteWeight[node - s.count] = Math.max(least, height[node]!);
  }
  return { funcWeight, siteWeight };
}

/** The greatest height among a node's callees, at least a generated function's. */
function under(graph: Graph, node: number, height: Float64Array, generated: number): number {
  let most = generated;
  for (let e = graph.start[node]!; e < graph.start[node + 1]!; e++) {
    most = Math.max(most, height[graph.target[e]!]!);
  }
  return most;
}

/** As `under`, but calls of a counted type lie on counted edges, which are not part of the path. */
function heaviest(
  graph: Graph,
  node: number,
  removed: Uint8Array,
  height: Float64Array,
  s: Survey,
  generated: number,
): number {
  let most = generated;
  for (let e = graph.start[node]!; e < graph.start[node + 1]!; e++) {
    const to = graph.target[e]!;
    if (to >= s.count && removed[to] === 1) continue;
    const size = removed[to] === 1 ? s.frame[to]! : height[to]!;
    if (size > most) most = size;
  }
  return most;
}

function checkFrame(s: Survey, bodyStart: Uint32Array, node: number, limit: number): void {
  const found = s.frame[node]!;
  if (found <= limit) return;
  const offset = bodyStart[node]!;
  const where = { at: "bytes", offset, section: "code", func: s.imported + node } as const;
  fail("harden-frame", { found, limit }, where);
}
