// The expected body of `grow`: the only place where memory may grow, and only up to the policy's
// cap. Written from docs/containment.md, "Generated functions".
import { I32 } from "../../spec/binary.ts";
import { Body } from "./body.ts";
import { type Context, globalIndex } from "./context.ts";
import type { Expected, Signature } from "./expected.ts";

export const growType: Signature = { params: [I32], results: [I32] };

export function grow(context: Context): Expected {
  const refused = globalIndex(context, "refused");
  const { memoryPages, onMemoryCap } = context.policy.limits;
  const body = new Body(context.table, growType);
  body.op("local.get", 0).op("i64.extend_i32_u").op("memory.size", 0).op("i64.extend_i32_u");
  body.op("i64.add").op("i64.const", memoryPages).op("i64.gt_u").if();
  body.op("global.get", refused).op("i32.const", 1).op("i32.add").op("global.set", refused);
  if (onMemoryCap === "trap") body.op("unreachable");
  else body.op("i32.const", -1).op("return");
  return body.end().op("local.get", 0).op("memory.grow", 0).end().done("grow");
}
