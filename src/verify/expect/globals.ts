// Which globals a module has behind the guest's: the injected ones, those of slots, and with
// telemetry an id for each metric and a count for some. How many metrics there are follows from the
// module's stubs, which are read later; slots end with an i64, and all behind them are i32, so the
// last i64 tells where they end. From docs/guards.md and docs/telemetry.md.
import type { Policy } from "../../policy/policy.ts";
import { I32, I64 } from "../../spec/binary.ts";
import { injectedGlobals } from "../../spec/layout.ts";
import { telemetryMetrics } from "../../spec/telemetry.ts";
import { slotRows } from "./guards/slot-globals.ts";

/** A global as it is read: value type, mutable, the value where it is an integer. */
export interface ReadGlobal {
  readonly type: number;
  readonly mutable: number;
  readonly value: number;
  readonly start: number;
}

export interface Globals {
  /** Number of the guest's. */
  readonly guest: number;
  /** Number of those behind the slots. */
  readonly told: number;
  /** The first that is not as it must be, and where. */
  readonly wrong: { readonly what: string; readonly at: number } | null;
}

/** How many globals so many metrics have. */
export function globalsOf(metrics: number): number {
  return Math.max(0, 2 * metrics - telemetryMetrics.length);
}

/** The most globals that may stand behind the guest's. */
export function mostGlobals(policy: Policy, metrics: number): number {
  return injectedGlobals.length + slotRows(policy).length + globalsOf(metrics);
}

/** Sorts the globals of a module; a count below zero says that there are too few. */
export function sortGlobals(policy: Policy, all: readonly ReadGlobal[]): Globals {
  const rows = [...injectedGlobals, ...slotRows(policy)];
  const last = all.findLastIndex(({ type }) => type === I64);
  const end = policy.telemetry ? last + 1 : all.length;
  const guest = end - rows.length;
  const expected = (k: number) =>
    k < end ? rows[k - guest]! : { key: "of a metric", type: I32, init: 0n };
  for (let k = Math.max(0, guest); k < all.length; k++) {
    const { type, mutable, value, start } = all[k]!;
    const row = expected(k);
    if (type === row.type && mutable === 1 && value === Number(row.init)) continue;
    const what = `number ${k} is not the injected global "${row.key}" as it must be`;
    return { guest, told: all.length - end, wrong: { what, at: start } };
  }
  return { guest, told: all.length - end, wrong: null };
}
