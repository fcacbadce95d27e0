// The expected bodies of the helpers that charge by a length before the work of that length is
// done: bulk operations on memory and tables, and bytes that cross into or out of the host (A36).
// Written from docs/containment.md, "Generated functions".
import { I32 } from "../../spec/binary.ts";
import { Body } from "./body.ts";
import { type Context, globalIndex, trapIfExhausted } from "./context.ts";
import type { Expected, Signature } from "./expected.ts";

export const bulkType: Signature = { params: [I32], results: [I32] };
export const crossType: Signature = { params: [I32], results: [] };

/** Takes 1 unit for each 2^shift of the length. */
function charging(context: Context, type: Signature, shift: number): Body {
  const fuel = globalIndex(context, "fuel");
  const body = new Body(context.table, type);
  body.op("global.get", fuel).op("local.get", 0).op("i64.extend_i32_u");
  if (shift > 0) body.op("i64.const", shift).op("i64.shr_u");
  body.op("i64.sub").op("global.set", fuel);
  trapIfExhausted(body, fuel);
  return body;
}

/** Charges bytes of memory or entries of tables; gives the length back. */
export function bulk(context: Context, unit: "bytes" | "elems"): Expected {
  const shift = unit === "bytes" ? context.table.bulkShift : 0;
  const body = charging(context, bulkType, shift).op("local.get", 0).end();
  return body.done(`the helper that charges bulk ${unit}`);
}

/** Charges for bytes, or entries of a vector, that cross the wall. */
export function cross(context: Context): Expected {
  return charging(context, crossType, context.table.hostShift).end().done("cross");
}
