// The expected bodies of the helpers that charge by a length before the work of that length is
// done: bulk operations on memory and tables, and bytes that cross into or out of the host (A36).
// Written from docs/containment.md, "Generated functions".
import { I32 } from "../../spec/binary.ts";
import { Body } from "./body.ts";
import { type Context, globalIndex, trapIfExhausted } from "./context.ts";
import type { Expected, Signature } from "./expected.ts";

export const bulkType: Signature = { params: [I32], results: [I32] };
export const crossType: Signature = { params: [I32], results: [] };

/** Takes the length, shifted by an instruction of the table's, in units. */
function charging(
  context: Context,
  type: Signature,
  shift: number,
  by: "i64.shr_u" | "i64.shl" = "i64.shr_u",
): Body {
  const fuel = globalIndex(context, "fuel");
  const body = new Body(context.table, type);
  body.op("global.get", fuel).op("local.get", 0).op("i64.extend_i32_u");
  body.op("i64.const", shift).op(by);
  body.op("i64.sub").op("global.set", fuel);
  trapIfExhausted(body, fuel);
  return body;
}

/** Charges bytes of memory or entries of tables; gives the length back. */
export function bulk(context: Context, unit: "bytes" | "elems"): Expected {
  const { bulkShift, elemShift } = context.table;
  const body =
    unit === "bytes"
      ? charging(context, bulkType, bulkShift)
      : charging(context, bulkType, elemShift, "i64.shl");
  body.op("local.get", 0).end();
  return body.done(`the helper that charges bulk ${unit}`);
}

/** Charges for bytes, or entries of a vector, that cross the wall. */
export function cross(context: Context): Expected {
  return charging(context, crossType, context.table.hostShift).end().done("cross");
}
