// The expected body of `grow`: the only place where memory may grow, and only up to the policy's
// cap. It charges the price of memory.grow itself: what may grow seldom does, and its callers would
// all pay in advance. Written from docs/containment.md, "Generated functions".
import { I32 } from "../../spec/binary.ts";
import { op } from "../../spec/opcodes.ts";
import { Body } from "./body.ts";
import { type Context, globalIndex, type Helper, trapIfExhausted } from "./context.ts";
import type { Expected, Signature } from "./expected.ts";

export const growType: Signature = { params: [I32], results: [I32] };

/** @param refuse what reports a trap, its index and own cost; null without telemetry */
export function grow(context: Context, refuse: Helper | null): Expected {
  const refused = globalIndex(context, "refused");
  const { memoryPages, onMemoryCap } = context.policy.limits;
  const fuel = globalIndex(context, "fuel");
  const price = context.table.flat[op("memory.grow")]!;
  const body = new Body(context.table, growType);
  body.op("global.get", fuel).op("i64.const", price).op("i64.sub").op("global.set", fuel);
  trapIfExhausted(body, fuel);
  body.op("local.get", 0).op("i64.extend_i32_u").op("memory.size", 0).op("i64.extend_i32_u");
  body.op("i64.add").op("i64.const", memoryPages).op("i64.gt_u").if();
  body.op("global.get", refused).op("i32.const", 1).op("i32.add").op("global.set", refused);
  if (onMemoryCap === "trap" && refuse !== null) body.call(refuse.index, 0, 0, refuse.cost);
  if (onMemoryCap === "trap") body.op("unreachable");
  else body.op("i32.const", -1).op("return");
  const done = body.end().op("local.get", 0).op("memory.grow", 0).end().done("grow");
  return { ...done, cost: done.cost - price };
}
