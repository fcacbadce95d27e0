// Which guards a module has, in what order, and what they are called by. A guard exists where a thunk, a check
// or a guard that exists calls it: found by writing all of them once without indices, then once with.
import type { Policy } from "../../../policy/policy.ts";
import type { HostFunction } from "../../../spec/host-function-row.ts";
import { type Body, type Ground, type Target, targetOf } from "../asm.ts";
import { inPairs, keepsToken } from "../thunk.ts";
import { arithmetic } from "./arithmetic.ts";
import { checkBody, stepsOf } from "./checks.ts";
import type { GuardContext, GuardName } from "./guard.ts";
import { match } from "./match.ts";
import { pairs } from "./pairs.ts";
import { spend } from "./spend.ts";
import { tokens } from "./tokens.ts";
import { vectors } from "./vectors.ts";

/** All guards, each after those that it may call. */
const rows = [...arithmetic, ...spend, ...match, ...pairs, ...vectors, ...tokens];
const builders = new Map(rows.map((row) => [row.name, row.build]));

export interface Guards {
  /** In order, the checks last. */
  readonly functions: readonly { readonly name: string; readonly body: Body }[];
  /** The check of each import, null where it has none. */
  readonly checks: readonly (Target | null)[];
  /** A guard that thunks call, null where none does. */
  readonly find: (name: GuardName) => Target | null;
}

/** The guards that thunks call themselves. */
function roots(imports: readonly HostFunction[], policy: Policy): GuardName[] {
  const reads = imports.some((row) => row.result !== null && inPairs(row).length > 0);
  const keeps = imports.some((row) => keepsToken(row, policy));
  return [...(reads ? (["inside"] as const) : []), ...(keeps ? (["keepToken"] as const) : [])];
}

/** Names of the guards that these imports need under the policy. */
function needed(
  checked: readonly HostFunction[],
  from: readonly GuardName[],
  policy: Policy,
  ground: Ground,
) {
  const seen = new Map<GuardName, Target>();
  const target = (name: GuardName): Target => {
    const known = seen.get(name) ?? targetOf(0, builders.get(name)!(context));
    seen.set(name, known);
    return known;
  };
  const context: GuardContext = { policy, ground, target };
  for (const name of from) target(name);
  for (const row of checked) checkBody(row, context);
  return seen;
}

/** The guards of a module, the first of which has index `first`; `imports` are those that stay, in order. */
export function planGuards(
  imports: readonly HostFunction[],
  policy: Policy,
  ground: Ground,
  first: number,
): Guards {
  const hasCheck = (row: HostFunction) => stepsOf(row, policy).length > 0;
  const names = needed(imports.filter(hasCheck), roots(imports, policy), policy, ground);
  const functions: { name: string; body: Body }[] = [];
  const targets = new Map<GuardName, Target>();
  const add = (name: string, body: Body): Target => {
    functions.push({ name, body });
    return targetOf(first + functions.length - 1, body);
  };
  const find = (name: GuardName) => targets.get(name) ?? null;
  const context: GuardContext = { policy, ground, target: (name) => targets.get(name)! };
  for (const { name, build } of rows) {
    if (names.has(name)) targets.set(name, add(name, build(context)));
  }
  const checks = imports.map((row) =>
    hasCheck(row) ? add(`check ${row.name}`, checkBody(row, context)) : null,
  );
  return { functions, checks, find };
}
