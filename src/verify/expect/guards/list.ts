// Which guards a module has: those that its thunks lead to, so the policy and the imports decide,
// and the slot functions where streams have accounts. The order is that of the index space.
import type { HostFunction } from "../../../spec/host-function-row.ts";
import type { Context } from "../context.ts";
import { enter } from "../enter.ts";
import type { Expected } from "../expected.ts";
import { Link, type Maker } from "../link.ts";
import { telemetryFunctions } from "../telemetry.ts";
import { thunk } from "../thunk.ts";
import { check, hasCheck } from "./check.ts";
import { matchers } from "./match.ts";
import { pairsDispatch, pairsReply } from "./pairs.ts";
import { segments } from "./path.ts";
import { ranges, vectors } from "./range.ts";
import { slotFunctions, slotNames } from "./slots.ts";
import { spenders } from "./spend.ts";
import { hasToken, keepToken } from "./tokens.ts";

/** Functions that exist where something calls them, in their order. */
export const shared: readonly (readonly [string, Maker])[] = [
  ...ranges,
  ...spenders,
  ["segments", segments],
  ...matchers,
  ["pairsDispatch", pairsDispatch],
  ["pairsReply", pairsReply],
  ["vectors", vectors],
  ["hasToken", hasToken],
  ["keepToken", keepToken],
];

/** What there is of each import: a thunk, and a check where a step holds. */
export const numbered = (
  context: Context,
  imports: readonly HostFunction[],
): Record<"thunks" | "checks", (readonly [string, Maker])[]> => ({
  thunks: imports.map((row, i) => [`thunk-${i}`, (link) => thunk(link, row, i)]),
  checks: imports.flatMap((row, i): (readonly [string, Maker])[] =>
    hasCheck(context.policy, row) ? [[`check-${i}`, (link) => check(link, row)]] : [],
  ),
});

export interface Guards {
  /** Names of the guards, slot and telemetry functions, which stand right before `enter`. */
  readonly names: readonly string[];
  /** Bodies of those that call no other: where the others stand does not matter to them. */
  readonly leaves: ReadonlyMap<string, Expected>;
}

export function guardsOf(context: Context, imports: readonly HostFunction[]): Guards {
  const { thunks, checks } = numbered(context, imports);
  // Stubs call no guard, so any body stands for them here.
  const stubs = imports.map((row): [string, Maker] => [
    `stub-${row.name}`,
    (link) => enter(link, false),
  ]);
  const makers = [...thunks, ...stubs, ...checks, ...shared, ...slotFunctions];
  const link = new Link(context, imports, new Map(makers));
  for (const [name] of thunks) link.made(name);
  const guards = [...shared, ...checks].map(([name]) => name).filter((name) => link.has(name));
  const { policy } = context;
  const telling = policy.telemetry ? telemetryFunctions.map(([name]) => name) : [];
  const bodies = guards.map((name) => [name, link.made(name)] as const);
  const leaves = new Map(bodies.filter(([, { calls }]) => calls.length === 0));
  return { names: [...guards, ...slotNames(policy, imports), ...telling], leaves };
}
