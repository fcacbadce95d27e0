// Spenders: each counts what the plugin makes its host spend against one limit of the policy, and answers 0
// where it would go beyond it. What is spent stays spent (rules A8, A9, A10).
import type { Policy } from "../../../policy/policy.ts";
import { type InjectedGlobal, type UsedField, usedFields } from "../../../spec/layout.ts";
import { Asm, type Body, type Ground, ONE_I32, ONE_I64 } from "../asm.ts";
import { type GuardRow, type SpenderName, say } from "./guard.ts";

type Limits = Policy["limits"];

interface Spender {
  readonly name: SpenderName;
  /** A field of `used`, or a global of its own. */
  readonly counts: { readonly field: UsedField } | { readonly global: InjectedGlobal };
  readonly limit: (limits: Limits) => number | null;
}

const spenders: readonly Spender[] = [
  { name: "spendLog", counts: { field: "log" }, limit: ({ log }) => log.bytes },
  { name: "spendHeaders", counts: { field: "headers" }, limit: ({ host }) => host.headerBytes },
  {
    name: "spendDispatches",
    counts: { field: "dispatches" },
    limit: ({ dispatch }) => dispatch.total,
  },
  { name: "spendBody", counts: { global: "bodied" }, limit: ({ host }) => host.bodyBytes },
  { name: "spendKept", counts: { global: "kept" }, limit: ({ host }) => host.sharedData },
  { name: "spendQueued", counts: { global: "queued" }, limit: ({ host }) => host.queueItems },
  { name: "spendDefined", counts: { global: "defined" }, limit: ({ host }) => host.metrics },
];

/** Spenders that count in `used`, which is kept from callback to callback of a stream. */
export const inUsed: ReadonlySet<SpenderName> = new Set(
  spenders.flatMap(({ name, counts }) => ("field" in counts ? [name] : [])),
);

function ofField(field: UsedField, limit: number, ground: Ground): Body {
  const { shift, width } = usedFields[field];
  const asm = new Asm(ground).get("used").i64(shift).op("i64.shr_u");
  asm
    .i64(2 ** width - 1)
    .op("i64.and")
    .local("get", 0)
    .op("i64.add")
    .i64(limit)
    .op("i64.gt_u");
  say(asm.if(), 0).op("end");
  asm.get("used").local("get", 0).i64(shift).op("i64.shl", "i64.add").set("used");
  return asm.i32(1).body(ONE_I64, ONE_I32);
}

function ofGlobal(global: InjectedGlobal, limit: number, ground: Ground): Body {
  const asm = new Asm(ground).get(global).local("get", 0).op("i64.add").i64(limit).op("i64.gt_u");
  say(asm.if(), 0).op("end");
  asm.get(global).local("get", 0).op("i64.add").set(global);
  return asm.i32(1).body(ONE_I64, ONE_I32);
}

export const spend: readonly GuardRow[] = spenders.map(({ name, counts, limit }) => ({
  name,
  build({ policy, ground }) {
    const most = limit(policy.limits)!;
    return "field" in counts
      ? ofField(counts.field, most, ground)
      : ofGlobal(counts.global, most, ground);
  },
}));
