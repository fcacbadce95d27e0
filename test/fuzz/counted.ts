// The target `counted`: generated modules, hardened, run in the counting interpreter. The oracle: the promise
// on every entry, with ample fuel and with budgets in which entries trap; charged is executed in `exact` mode,
// at least executed in `bound`; and the interpreter agrees with the engine at hand on results and on charges.
import { contain } from "../../src/contain/contain.ts";
import { textOf } from "../../src/errors/catalogue.ts";
import { Failure } from "../../src/errors/failure.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { RESERVE } from "../../src/spec/layout.ts";
import { generousHost } from "../oracle/generous-host.ts";
import { generatedOf } from "../oracle/hardened.ts";
import { broken, type Entry, entries, startsItself } from "../oracle/promise.ts";
import { runOracle } from "../oracle/run.ts";
import { toFile } from "./corpus.ts";
import type { Call, Sample } from "./generate.ts";
import { mixed } from "./generated.ts";
import { answerOf } from "./host-answers.ts";
import { type Random, random } from "./random.ts";
import { runV8 } from "./run-v8.ts";
import { count, type Tally, type Target } from "./target.ts";

const AMPLE = 60_000;
const modes = ["bound", "exact"] as const;

function withBudget(policy: Policy, callback: number): Policy {
  return { ...policy, limits: { ...policy.limits, fuel: { ...policy.limits.fuel, callback } } };
}

const policies = new Map<string, Policy>();

function policyOf(mode: "bound" | "exact", allow: readonly string[]): Policy {
  const key = `${mode} ${allow.join()}`;
  const known =
    policies.get(key) ??
    policyFromRole("logging", {
      "spec.telemetry": false,
      "spec.limits.fuel.mode": mode,
      "spec.limits.fuel.callback": AMPLE,
      "spec.limits.fuel.start": AMPLE,
      "spec.capabilities.allow+": [...allow],
    });
  policies.set(key, known);
  return known;
}

/** The interpreter against the engine, on the hardened module: results and charges. */
function againstEngine(bytes: Uint8Array, calls: readonly Call[]): string | null {
  const ours = runOracle(bytes, calls, answerOf, 4 * AMPLE);
  const engine = runV8(bytes, calls);
  for (const [i, step] of engine.steps.entries()) {
    const [a, b] = [ours.steps[i]?.outcome, step.outcome];
    if (a !== b) return `interpreter and engine differ: call ${i}: ${a} against ${b}`;
    if (String(ours.steps[i]!.charged) !== step.spent) {
      return `interpreter and engine differ: call ${i}: charged ${ours.steps[i]!.charged} against ${step.spent}`;
    }
  }
  return ours.memory === engine.memory ? null : "interpreter and engine differ in memory";
}

export interface Counted {
  readonly failure: string | null;
  readonly entries: readonly Entry[];
  /** Entries with smaller budgets, most of them cut short. */
  readonly cut: readonly Entry[];
}

/** Judges one sample in one mode; `pick` chooses the budgets in which entries trap. */
export function judgeCounted(
  sample: Sample,
  mode: "bound" | "exact",
  allow: readonly string[],
  pick: (below: number) => number,
): Counted {
  const policy = policyOf(mode, allow);
  const hasStart = startsItself(sample.bytes);
  const calls = hasStart ? [{ name: "_initialize", args: [] }, ...sample.calls] : sample.calls;
  const { bytes } = contain(sample.bytes, policy);
  const all = entries(bytes, calls, policy, generousHost, hasStart);
  const failure = broken(all, mode) ?? againstEngine(bytes, calls);
  if (failure !== null) return { failure, entries: all, cut: [] };
  const completed = all.filter((one) => one.outcome.startsWith("="));
  const spent = Math.max(0, ...completed.map((one) => one.charged));
  const { own, wrappers } = generatedOf(bytes);
  const least = RESERVE + Math.max(...[...wrappers.values()].map((index) => own[index]!)) + 1;
  const cut: Entry[] = [];
  for (let n = 0; n < 3 && spent > 1; n++) {
    const less = withBudget(policy, least + pick(spent));
    const some = entries(contain(sample.bytes, less).bytes, calls, less, generousHost, hasStart);
    cut.push(...some);
    const why = broken(some, mode);
    const budget = less.limits.fuel.callback;
    if (why !== null) return { failure: `budget ${budget}: ${why}`, entries: all, cut };
  }
  return { failure: null, entries: all, cut };
}

const ended = (list: readonly Entry[]): number =>
  list.filter((one) => !one.outcome.startsWith("=")).length;

/** As `judgeCounted`; a module that harden refuses has its code, and nothing else is thrown. */
function judged(
  sample: Sample,
  mode: "bound" | "exact",
  allow: readonly string[],
  r: Random,
): Counted | string {
  try {
    return judgeCounted(sample, mode, allow, (below) => r.int(below));
  } catch (error) {
    if (error instanceof Failure && textOf(error.code).blame === "input") return error.code;
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { failure: what, entries: [], cut: [] };
  }
}

function add(tally: Tally, mode: "bound" | "exact", { entries: all, cut }: Counted): void {
  const completed = all.filter(
    ({ outcome, name }) => outcome.startsWith("=") && name !== "_initialize",
  );
  count(tally, `${mode}: entries held to the promise`, all.length + cut.length);
  count(tally, `${mode}: of them ended by a trap`, ended(all) + ended(cut));
  for (const one of completed) {
    count(tally, `${mode}: units executed`, one.executed);
    count(tally, `${mode}: units charged`, one.charged);
  }
}

export function countedTarget(): Target {
  return {
    versions: {},
    end: () => {},
    async run(seed, tally) {
      const { sample, setting } = mixed(seed);
      const r = random(seed);
      for (const mode of modes) {
        const result = judged(sample, mode, setting.allow, r);
        if (typeof result === "string") {
          count(tally, `refused: ${result}`);
          continue;
        }
        add(tally, mode, result);
        if (result.failure === null) continue;
        tally.failures.push({ seed, what: result.failure, bytes: toFile(sample, setting) });
      }
    },
  };
}
