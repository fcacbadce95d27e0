// Hardens a prepared module and plays its calls: with ample fuel, with the smallest budget with which all of
// them end as before, with one unit less, and with exactly what each call spends.
import { renderFinding } from "../../src/errors/render.ts";
import { harden } from "../../src/harden/harden.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { verify } from "../../src/verify/verify.ts";
import { emit } from "../../src/wasm/emit.ts";
import { playAlone, type Run } from "./alone.ts";
import { type Opened, openHardened, openPrepared } from "./doors.ts";
import { same, show } from "./outcome.ts";
import type { ExportTypes } from "./play.ts";
import type { Prepared } from "./prepare.ts";
import type { Call } from "./script.ts";

export type Mode = "bound" | "exact";

/** More than any call of the corpus spends. */
const AMPLE = 10 ** 13;
const MEMORY = 4 * 2 ** 30;
const STACK = 2 ** 20;
const DEPTH = 16_384;

/** A policy under which nothing but the budget is scarce. */
export function policyOf(mode: Mode, callback = AMPLE): Policy {
  return policyFromRole(null, {
    "spec.limits.fuel.mode": mode,
    "spec.limits.fuel.callback": callback,
    "spec.limits.fuel.start": AMPLE,
    "spec.limits.memory": MEMORY,
    "spec.limits.stack": STACK,
    "spec.limits.callDepth": DEPTH,
    "spec.limits.onMemoryCap": "refuse",
  });
}

/** What one mode showed. */
export interface Verdict {
  readonly mode: Mode;
  readonly problems: readonly string[];
  /**
   * How much more the smallest passing budget is than what the dearest returning call spends; null where no
   * call returns.
   */
  readonly slack: number | null;
  /** Whether there is a smaller budget that harden takes; with it a call starved. */
  readonly starved: boolean;
  /** Whether a call traps: it may spend more than any that returns. */
  readonly traps: boolean;
}

interface Case {
  readonly prepared: Prepared;
  readonly bytes: Uint8Array;
  readonly types: ExportTypes;
  readonly calls: readonly Call[];
  readonly mode: Mode;
}

/** Hardens under a budget, asks verify, and opens the doors. */
function opened({ prepared, bytes, mode }: Case, budget: number, problems: string[]): Opened {
  const policy = policyOf(mode, budget);
  const hardened = harden(bytes, policy).bytes;
  const findings = verify(hardened, policy);
  if (findings.length > 0) problems.push(`verify: ${renderFinding(findings[0]!)}`);
  return openHardened(hardened, prepared, budget);
}

/** Where two runs of the same calls part, in one line each. */
function differences(calls: readonly Call[], before: Run, after: Run): string[] {
  if (show(before.start) !== show(after.start)) {
    return [`start: ${show(before.start)} became ${show(after.start)}`];
  }
  return calls.flatMap((call, i) => {
    const one = before.outcomes[i];
    const other = after.outcomes[i];
    if (one === undefined || other === undefined) return [];
    return same(call, one, other) ? [] : [`line ${call.line}: ${show(one)} became ${show(other)}`];
  });
}

function stateDifferences(before: Run, after: Run): string[] {
  if (before.state === null || after.state === null) return [];
  const memory = Buffer.compare(before.state.memory, after.state.memory) === 0;
  const globals = before.state.globals.every((value, i) =>
    Object.is(value, after.state!.globals[i]),
  );
  return [...(memory ? [] : ["memory differs"]), ...(globals ? [] : ["a global differs"])];
}

/** The smallest budget from `from` on with which `passes`; doubling steps, then halving. */
function smallest(from: number, passes: (budget: number) => boolean): number {
  if (passes(from)) return from;
  let low = from;
  let step = 1;
  while (!passes(low + step)) {
    low += step;
    step *= 2;
    if (low > AMPLE) throw new Error("no budget is enough");
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passes(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The budget that the dearest returning call needs by its own count, and the least that harden takes. */
function countedBudget(
  calls: readonly Call[],
  ample: Run,
  { keptBack }: Opened,
  { names }: Prepared,
) {
  const floor = Math.max(0, ...keptBack.values()) + 1;
  let counted: number | null = null;
  calls.forEach(({ action }, i) => {
    const units = ample.spent[i];
    if (units != null)
      counted = Math.max(counted ?? floor, units + keptBack.get(names.get(action.field)!)!);
  });
  return { floor, counted: counted as number | null };
}

/** Looks for the smallest budget that is enough, and starves a call with one unit less than it spends. */
function judgeLeast(
  one: Case,
  ample: Run,
  first: Opened,
  problems: string[],
): Pick<Verdict, "slack" | "starved"> {
  const { floor, counted } = countedBudget(one.calls, ample, first, one.prepared);
  if (counted === null) return { slack: null, starved: false };
  const runWith = (budget: number): Run =>
    playAlone(opened(one, budget, problems).bytes, one.prepared, one.types, one.calls);
  const least = smallest(
    counted,
    (budget) => differences(one.calls, ample, runWith(budget)).length === 0,
  );
  const state = stateDifferences(ample, runWith(least));
  problems.push(...state.map((line) => `least budget ${least}: ${line}`));
  // Calls that cost nothing beside what is kept back leave no smaller budget to try.
  const slack = least - counted;
  if (counted === floor) return { slack, starved: false };
  const short = runWith(counted - 1);
  const starved = short.outcomes.some(
    (outcome, i) => outcome.kind === "exhausted" && ample.outcomes[i]!.kind === "values",
  );
  if (!starved)
    problems.push(`every call returned with ${counted - 1} units, though one spends ${counted}`);
  return { slack, starved };
}

/**
 * Plays every returning call with exactly what it spends, the others with ample fuel. In `exact` mode a call
 * must be able to pay for the dearest way ahead before it takes a cheaper one: what that asks for beside is
 * added, call by call.
 */
function judgePerCall(one: Case, ample: Run, { perCall }: Opened, problems: string[]): void {
  const budgets = ample.spent.map((units) => units ?? AMPLE);
  const play = () => playAlone(perCall, one.prepared, one.types, one.calls, budgets);
  let run = play();
  if (one.mode === "exact") {
    const starved = () =>
      run.outcomes.findIndex((two, i) => two.kind === "exhausted" && ample.spent[i] != null);
    let step = 1;
    for (let i = starved(), last = i; i >= 0; last = i, i = starved()) {
      step = i === last ? step * 2 : 1;
      budgets[i]! += step;
      run = play();
    }
  }
  problems.push(...differences(one.calls, ample, run).map((line) => `budget per call: ${line}`));
  problems.push(...stateDifferences(ample, run).map((line) => `budget per call: ${line}`));
  const last = ample.spent.findLastIndex((units) => units !== null && units > 0);
  if (last < 0 || budgets[last] !== ample.spent[last]) return;
  budgets[last]!--;
  if (play().outcomes[last]?.kind === "exhausted") return;
  problems.push(`line ${one.calls[last]!.line} returns with one unit less than it spends`);
}

/** Everything that is asked of a module in one mode; `before` is the run of the prepared module. */
function judgeMode(one: Case, before: Run): Verdict {
  const { mode, calls } = one;
  const problems: string[] = [];
  const first = opened(one, AMPLE, problems);
  const ample = playAlone(first.bytes, one.prepared, one.types, calls);
  problems.push(...differences(calls, before, ample), ...stateDifferences(before, ample));
  const traps = ample.outcomes.some((outcome) => outcome.kind !== "values");
  if (problems.length > 0) return { mode, problems, slack: null, starved: false, traps };
  const { slack, starved } = judgeLeast(one, ample, first, problems);
  if (mode === "bound" && slack !== null && slack > 0 && !traps) {
    problems.push(`needs ${slack} units more than it spends`);
  }
  judgePerCall(one, ample, first, problems);
  return { mode, problems: problems.map((line) => `${mode}: ${line}`), slack, starved, traps };
}

/** Judges a prepared module in both modes. The first run answers what the prepared module itself does. */
export function judgeHardened(
  prepared: Prepared,
  types: ExportTypes,
  calls: readonly Call[],
): { readonly before: Run; readonly verdicts: readonly Verdict[] } {
  const bytes = emit(prepared.module);
  const before = playAlone(openPrepared(prepared), prepared, types, calls);
  const modes: readonly Mode[] = ["bound", "exact"];
  const verdicts = modes.map((mode) => judgeMode({ prepared, bytes, types, calls, mode }, before));
  return { before, verdicts };
}
