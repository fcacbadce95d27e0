// The expected bodies of the two helpers around every host call: `reach` marks that the host runs,
// `back` that it has returned. The phases in which the host runs are odd; a host that swallows a
// trap of the allocator leaves an even one behind, and `back` traps (A6).
// Written from docs/containment.md, "Generated functions".
import type { HostFunction } from "../../spec/host-function-row.ts";
import { Body } from "./body.ts";
import { cross } from "./bulk.ts";
import { type Context, globalIndex } from "./context.ts";
import type { Expected, Signature } from "./expected.ts";
import { crosses } from "./thunk.ts";

const type: Signature = { params: [], results: [] };

export function reach(context: Context): Expected {
  const phase = globalIndex(context, "phase");
  const body = new Body(context.table, type);
  body.op("global.get", phase).op("i32.const", 1).op("i32.add").op("global.set", phase);
  return body.end().done("reach");
}

export function back(context: Context): Expected {
  const phase = globalIndex(context, "phase");
  const body = new Body(context.table, type);
  body.op("global.get", phase).op("i32.const", 1).op("i32.and").op("i32.eqz");
  body.if().op("unreachable").end();
  body.op("global.get", phase).op("i32.const", 1).op("i32.sub").op("global.set", phase);
  return body.end().done("back");
}

/** What thunks call: there as soon as there is a thunk, `cross` only where bytes cross. */
export function wallHelpers(
  context: Context,
  imports: readonly HostFunction[],
): readonly Expected[] {
  if (imports.length === 0) return [];
  const crossing = imports.some(crosses) ? [cross(context)] : [];
  return [...crossing, reach(context), back(context)];
}
