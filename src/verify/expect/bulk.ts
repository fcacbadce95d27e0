// The expected bodies of the helpers that charge by a length before the work of that length is
// done: bulk operations on memory and tables (A36).
// Written from docs/containment.md, "Generated functions".
import { I32 } from "../../spec/binary.ts";
import { Body } from "./body.ts";
import { type Context, globalIndex, trapIfExhausted } from "./context.ts";
import type { Expected, Signature } from "./expected.ts";

export const bulkType: Signature = { params: [I32], results: [I32] };

/** Charges bytes of memory or entries of tables; gives the length back. */
export function bulk(context: Context, unit: "bytes" | "elems"): Expected {
  const { bulkShift, elemShift } = context.table;
  const fuel = globalIndex(context, "fuel");
  const body = new Body(context.table, bulkType);
  body.op("global.get", fuel).op("local.get", 0).op("i64.extend_i32_u");
  if (unit === "bytes") body.op("i64.const", bulkShift).op("i64.shr_u");
  else body.op("i64.const", elemShift).op("i64.shl");
  body.op("i64.sub").op("global.set", fuel);
  trapIfExhausted(body, fuel);
  body.op("local.get", 0).end();
  return body.done(`the helper that charges bulk ${unit}`);
}
