// What wrappers begin and end with, and what some do in between. From docs/guards.md, "Entries",
// and docs/telemetry.md.
import type { Policy } from "../../policy/policy.ts";
import type { HostFunction } from "../../spec/host-function-row.ts";
import { type InjectedGlobal, PHASE, UNNAMED } from "../../spec/layout.ts";
import { stackAtEntry } from "./context.ts";
import { when } from "./guards/phrases.ts";
import { fieldSpenders } from "./guards/spend.ts";
import type { Link } from "./link.ts";

export const ifPhase = (is: number, then: string, otherwise: string): string =>
  when(`global.get phase i32.const ${is} i32.eq`, `${then} else ${otherwise}`);
export const CLOSE = `global.get spent global.get fuel i64.sub global.set spent
  i64.const 0 global.set fuel i32.const ${PHASE.idle} global.set phase`;

/** OPEN, with the code of the budget. */
export function open(link: Link, budget: string): string {
  const starting = when(`global.get phase i32.const ${PHASE.idle} i32.ne`, "call enter");
  const begun = budget.endsWith("call begin");
  const counts = fieldSpenders.some(([name]) => link.exists(name));
  return `${starting} i32.const ${PHASE.guest} global.set phase
    ${budget} global.set fuel global.get fuel global.set spent
    i32.const ${stackAtEntry(link.context.policy)} global.set stack
    ${link.exists("spendBody") ? "i64.const 0 global.set bodied" : ""}
    ${counts && !begun ? "i64.const 0 global.set used" : ""}`;
}

/** Callbacks after which the metrics are defined (A31). */
export const definers: ReadonlySet<string> = new Set(["proxy_on_vm_start", "proxy_on_configure"]);
/** One callback more. */
export const COUNTED = "global.get calls i64.const 1 i64.add global.set calls";

/** A new stream gives back some of what the instance has spent. */
export function REFILLED(link: Link): string {
  const { sharedDataPerRequest, queueItemsPerRequest } = link.context.policy.limits.host;
  const back = (spender: string, key: InjectedGlobal, by: number): string =>
    by > 0 && link.exists(spender)
      ? `i64.const 0 global.get ${key} i64.const ${by} i64.sub
          global.get ${key} i64.const ${by} i64.lt_u select global.set ${key}`
      : "";
  const kept = back("spendKept", "kept", sharedDataPerRequest);
  return `${kept} ${back("spendQueued", "queued", queueItemsPerRequest)}`.trim();
}

/** An answer is for a stream that the plugin may name. */
export const UNNAMED_STREAM = when(
  "global.get slot i32.eqz",
  `i32.const ${UNNAMED} global.set slot`,
);

/** Whether open HTTP calls are counted. */
export const settles = ({ limits }: Policy, imports: readonly HostFunction[]): boolean =>
  limits.dispatch.outstanding !== null && imports.some(({ name }) => name === "proxy_http_call");
/** An answer has come: one call less is open. */
export const SETTLED = when(
  "global.get open",
  "global.get open i32.const 1 i32.sub global.set open",
);
