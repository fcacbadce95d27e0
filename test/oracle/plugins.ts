// Holds a built plugin to the promise: contained, driven from its start to the end of a request by a host that
// enters its allocator, every entry counted.
import { readFile } from "node:fs/promises";
import type { PluginRow } from "../../plugins/catalog.ts";
import { contain } from "../../src/contain/contain.ts";
import { Failure } from "../../src/errors/failure.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import type { RoleName } from "../../src/policy/roles.ts";
import { lifeOf } from "../fuzz/mutated.ts";
import { generousHost } from "./generous-host.ts";
import { broken, type Entry, entries, startsItself } from "./promise.ts";

export interface Budgets {
  readonly callback: number;
  readonly start: number;
}

export interface Held {
  readonly entries: readonly Entry[];
  readonly broken: string | null;
}

/** What a plugin's entries came to; the code of the Failure where harden refuses it under its role. */
export async function hold(
  row: PluginRow,
  path: string,
  mode: "bound" | "exact",
  budgets: Budgets,
): Promise<Held | string> {
  const original = new Uint8Array(await readFile(path));
  const policy = policyFromRole(row.role as RoleName | null, {
    "spec.limits.fuel.mode": mode,
    "spec.limits.fuel.callback": budgets.callback,
    "spec.limits.fuel.start": budgets.start,
    "spec.capabilities.allow+": row.name === "solo-headers" ? ["proxy_get_property"] : [],
  });
  let bytes: Uint8Array;
  try {
    ({ bytes } = contain(original, policy));
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
  const hasStart = startsItself(original);
  const life = lifeOf(bytes).filter(({ name }) => !hasStart || name !== "_initialize");
  const calls = hasStart ? [{ name: "_initialize", args: [] }, ...life] : life;
  const all = entries(bytes, calls, policy, generousHost, hasStart);
  return { entries: all, broken: broken(all, mode) };
}

/** One line for people: how many entries, how many cut short, what was charged over what was executed. */
export function summary(all: readonly Entry[]): string {
  const completed = all.filter(
    ({ outcome, name }) => outcome.startsWith("=") && name !== "_initialize",
  );
  const sum = (get: (one: Entry) => number) =>
    completed.reduce((total, one) => total + get(one), 0);
  const executed = sum((one) => one.executed);
  const ratio = executed === 0 ? "unknown" : (sum((one) => one.charged) / executed).toFixed(3);
  const cut = all.filter(({ outcome }) => !outcome.startsWith("=")).length;
  return `${all.length} entries, ${cut} ended by a trap; ${executed} units executed, charged over executed ${ratio}`;
}
