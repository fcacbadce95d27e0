// The expected bodies of the two helpers that charge a bulk operation by its length before it runs (A36).
// Written from docs/containment.md, "Generated functions".
import { I32 } from "../../spec/binary.ts";
import { Body, type Expected, type Signature } from "./body.ts";
import { type Context, globalIndex, trapIfExhausted } from "./context.ts";

export const bulkType: Signature = { params: [I32], results: [I32] };

/** Charges by bytes for memory operations, by entries for table operations. */
export function bulk(context: Context, unit: "bytes" | "elems"): Expected {
  const fuel = globalIndex(context, "fuel");
  const body = new Body(context.table, bulkType);
  body.op("global.get", fuel).op("local.get", 0).op("i64.extend_i32_u");
  if (unit === "bytes") body.op("i64.const", context.table.bulkShift).op("i64.shr_u");
  body.op("i64.sub").op("global.set", fuel);
  trapIfExhausted(body, fuel);
  return body.op("local.get", 0).end().done();
}
