// The target `contain`: mutated plugins go through harden and verify, half of them under policies with rules,
// quotas and slots at random. The oracle: contained bytes, or a Failure that is blamed on the input; never
// another exception, never a module that verify refuses, in time.
import { readdirSync, readFileSync } from "node:fs";
import { contain } from "../../src/contain/contain.ts";
import { textOf } from "../../src/errors/catalogue.ts";
import { Failure } from "../../src/errors/failure.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { decode } from "../../src/wasm/decode.ts";
import { guardPolicy } from "./guard-policy.ts";
import { mutate } from "./mutate.ts";
import { random } from "./random.ts";
import { count, type Target } from "./target.ts";

export interface Tally {
  runs: number;
  contained: number;
  /** Runs that passed the section headers. */
  deep: number;
  readonly codes: Map<string, number>;
  readonly failures: { readonly seed: number; readonly what: string; readonly bytes: Uint8Array }[];
  slowest: number;
}

const nothing = (): Tally => ({
  runs: 0,
  contained: 0,
  deep: 0,
  codes: new Map(),
  failures: [],
  slowest: 0,
});

const MOST_MS = 5000;
const built = new URL("../../plugins/wasm/", import.meta.url);

function corpus(): Uint8Array[] {
  return readdirSync(built)
    .filter((file) => file.endsWith(".wasm"))
    .sort()
    .map((file) => new Uint8Array(readFileSync(new URL(file, built))));
}

function isDeep(bytes: Uint8Array): boolean {
  try {
    decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const policies = (["bound", "exact"] as const).map((mode) =>
  policyFromRole("external-auth", { "spec.limits.fuel.mode": mode }),
);

/** Units of fuel that any wrapper can be paid from. */
const AMPLE = 20_000_000;

/** Of a role, in either mode; every other seed one of its own, with more streams now and then than a test can open. */
function policyFor(seed: number): Policy {
  if (seed % 4 < policies.length) return policies[seed % 4]!;
  const r = random(seed);
  const policy = guardPolicy(r, AMPLE);
  const streams = r.int(4) === 0 ? r.pick([64, 256, 2048]) : policy.limits.streams;
  const { fuel } = policy.limits;
  // Both need an account for each stream: resolving a document sees to that.
  const accounts = fuel.request !== null;
  return {
    ...policy,
    telemetry: accounts && r.int(2) === 0,
    onExhaustion: accounts ? r.pick(["trap", "deny", "pass"] as const) : "trap",
    limits: { ...policy.limits, streams },
  };
}

function judge(bytes: Uint8Array, seed: number, tally: Tally): void {
  const before = performance.now();
  try {
    contain(bytes, policyFor(seed));
    tally.contained++;
  } catch (error) {
    if (error instanceof Failure && textOf(error.code).blame === "input") {
      tally.codes.set(error.code, (tally.codes.get(error.code) ?? 0) + 1);
    } else {
      const what = error instanceof Failure ? `${error.code}: ${error.message}` : String(error);
      tally.failures.push({ seed, what, bytes });
    }
  }
  const took = performance.now() - before;
  tally.slowest = Math.max(tally.slowest, took);
  if (took > MOST_MS) tally.failures.push({ seed, what: `took ${Math.round(took)} ms`, bytes });
}

/** Runs `runs` mutants from `seed` on, or until `seconds` have passed. */
export function fuzzContain(seed: number, runs: number, seconds = Number.POSITIVE_INFINITY): Tally {
  const samples = corpus();
  const tally: Tally = nothing();
  const until = performance.now() + seconds * 1000;
  for (let i = 0; i < runs && performance.now() < until; i++) {
    const r = random(seed + i);
    const bytes = mutate(samples[(seed + i) % samples.length]!, r);
    if (isDeep(bytes)) tally.deep++;
    judge(bytes, seed + i, tally);
    tally.runs++;
  }
  return tally;
}

/** What is wrong with how one module is treated under one of the policies; null where nothing is. */
export function fuzzOne(bytes: Uint8Array): string | null {
  const tally = nothing();
  for (let i = 0; i < 2 * policies.length; i++) judge(bytes, i, tally);
  return tally.failures[0]?.what ?? null;
}

/** As a target of the command line. */
export function containTarget(): Target {
  const samples = corpus();
  return {
    versions: {},
    end: () => {},
    async run(seed, tally) {
      const one: Tally = nothing();
      const bytes = mutate(samples[seed % samples.length]!, random(seed));
      judge(bytes, seed, one);
      count(tally, "contained", one.contained);
      for (const code of one.codes.keys()) count(tally, `refused: ${code}`);
      tally.failures.push(...one.failures);
    },
  };
}
