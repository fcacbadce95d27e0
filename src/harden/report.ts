// What harden did, for people and for `--json`. Plain data; the SemVer rule covers its shape.
import type { Policy } from "../policy/policy.ts";
import type { AbiVersion } from "../spec/host-function-row.ts";
import type { Module } from "../wasm/module.ts";
import { stepsOf } from "./bodies/guards/checks.ts";
import type { HostImport } from "./check-imports.ts";
import type { Needs } from "./generate.ts";
import type { Rewrite } from "./rewrite.ts";
import { LOOP_STRIDE } from "./surveyor.ts";

export interface HardenReport {
  readonly plugin: string;
  readonly abi: AbiVersion;
  readonly policy: string;
  readonly mode: "bound" | "exact";
  readonly costs: string;
  readonly original: { readonly sha256: string; readonly bytes: number };
  readonly hardened: { readonly sha256: string; readonly bytes: number };
  /** Pages of 64 KiB. */
  readonly memory: { readonly min: number; readonly max: number; readonly was: number | null };
  /** Host functions that stay reachable, that became stubs, and that nothing used. */
  readonly imports: {
    readonly allowed: readonly string[];
    readonly denied: readonly string[];
    readonly unused: readonly string[];
  };
  /** Allowed calls whose arguments are checked, each with the policy's fields (below `spec`) that say so. */
  readonly guards: readonly { readonly call: string; readonly by: readonly string[] }[];
  /** Budget of a request in units of fuel, and how many streams have one at a time; null without such a budget. */
  readonly requests: { readonly fuel: number; readonly streams: number } | null;
  readonly exports: { readonly kept: readonly string[]; readonly dropped: readonly string[] };
  readonly functions: {
    readonly guest: number;
    readonly chargedAtEntry: number;
    readonly fuelInLocal: number;
    readonly counted: number;
    readonly loops: number;
  };
  /** Whether a start section was moved into the first entry. */
  readonly startMoved: boolean;
  /** Instructions of dead code that were left out. */
  readonly deadInstructions: number;
}

/** What is guarded, a call once, however many modules it is imported from. */
function guardsOf(r: Rewrite, policy: Policy): HardenReport["guards"] {
  const rows = new Map(r.generated.imports.map(({ row }) => [row.name, row]));
  return [...rows.values()].flatMap((row) => {
    const by = [...new Set(stepsOf(row, policy).map((step) => step.by))];
    return by.length === 0 ? [] : [{ call: row.name, by }];
  });
}

function requestsOf({ fuel, streams }: Policy["limits"]): HardenReport["requests"] {
  return fuel.request === null ? null : { fuel: fuel.request, streams };
}

/** The part of the report that the passes know. */
export function reportOf(r: Rewrite, input: Module, needs: Needs, policy: Policy, dead: number) {
  const names = (imports: readonly HostImport[]) =>
    [...new Set(imports.map((one) => one.row.name))].sort();
  const unused = needs.imports.filter((_, i) => !needs.used[i]);
  const kept = needs.entries.map((entry) => entry.name);
  const sum = (bits: Uint8Array) => bits.reduce((total, bit) => total + bit, 0);
  return {
    plugin: policy.name,
    abi: r.context.abi,
    policy: policy.digest,
    mode: policy.limits.fuel.mode,
    costs: policy.limits.fuel.costs,
    imports: {
      allowed: r.generated.imports.map(({ row }) => row.name),
      denied: r.generated.denied.map((row) => row.name),
      unused: names(unused),
    },
    guards: guardsOf(r, policy),
    requests: requestsOf(policy.limits),
    exports: {
      kept,
      dropped: input.exports
        .filter((entry) => entry.kind !== "memory" && !kept.includes(entry.name))
        .map((entry) => entry.name),
    },
    functions: {
      guest: r.s.count,
      chargedAtEntry: r.fuel.entry.reduce((total, c) => total + (c > 0 ? 1 : 0), 0),
      fuelInLocal: sum(r.fuel.local),
      counted: r.stack.funcWeight.reduce((total, w) => total + (w > 0 ? 1 : 0), 0),
      loops: r.s.loops.length / LOOP_STRIDE,
    },
    startMoved: needs.start !== null,
    deadInstructions: dead,
  };
}
