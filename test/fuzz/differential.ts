// The oracle of the differential targets. For both modes: the hardened module does what the original does
// while the limits allow, verify accepts it, and V8 and Wasmtime agree on every unit and on the trap point,
// with ample fuel, with the smallest budget that suffices, and with one unit less.
import { textOf } from "../../src/errors/catalogue.ts";
import { Failure } from "../../src/errors/failure.ts";
import { harden } from "../../src/harden/harden.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { callback } from "../../src/spec/callbacks.ts";
import { hostFunction } from "../../src/spec/host-functions.ts";
import { RESERVE } from "../../src/spec/layout.ts";
import { verify } from "../../src/verify/verify.ts";
import { generatedOf } from "../oracle/hardened.ts";
import type { Call, Sample } from "./generate.ts";
import { answerOf } from "./host-answers.ts";
import { SHOWN, showGlobals, showStart } from "./module-parts.ts";
import { runV8 } from "./run-v8.ts";
import { difference, type Trace } from "./trace.ts";
import type { Wasmtime } from "./wasmtime.ts";

export const modes = ["bound", "exact"] as const;
export type Mode = (typeof modes)[number];

export interface Setting {
  /** Units for each entry of the first run. */
  readonly ample: number;
  /** Host functions that the policy allows besides those of its role. */
  readonly allow: readonly string[];
}

/** What one module came to. */
export interface Verdict {
  /** Code of the Failure that refused the module; it is then not run. */
  readonly refused: string | null;
  readonly failure: string | null;
  /** Calls compared with the original's, and calls that a limit ended before. */
  readonly compared: number;
  readonly limited: number;
  /** Runs compared between the two engines. */
  readonly engines: number;
  /** Modes in which the smallest sufficient budget was found and probed. */
  readonly probed: number;
}

/** Memory that every policy of these targets allows, in bytes. */
const MEMORY = 64 * 65536;

const policies = new Map<string, Policy>();

function policyOf(setting: Setting, mode: Mode, callback: number): Policy {
  const key = `${mode} ${setting.ample} ${setting.allow.join()}`;
  const known =
    policies.get(key) ??
    policyFromRole("logging", {
      "spec.telemetry": false,
      "spec.limits.fuel.mode": mode,
      "spec.limits.fuel.start": setting.ample,
      "spec.limits.memory": MEMORY,
      "spec.limits.onMemoryCap": "refuse",
      "spec.capabilities.allow+": [...setting.allow],
    });
  policies.set(key, known);
  return { ...known, limits: { ...known.limits, fuel: { ...known.limits.fuel, callback } } };
}

/** Whether an entry gets the start budget, which these targets leave ample. */
function entersAtStart({ name, args }: Call): boolean {
  const kind = callback(name)?.kind;
  return kind === "start" || (kind === "context" && args[1] === 0);
}

class Disagreement extends Error {}

function disagree(what: string): never {
  throw new Disagreement(what);
}

/** Whether a segment did not fit: the module has no instance. */
const neverStarted = (trace: Trace): boolean => trace.steps[0]!.name === "";

/** Globals that tell why a hardened module stopped. */
const limitHit = (trace: Trace): boolean =>
  Number(trace.globals.glovebox_fuel!.slice(0, -1)) < 0 ||
  Number(trace.globals.glovebox_stack) < 0 ||
  trace.globals.glovebox_refused !== "0";

const trapped = (trace: Trace): boolean => trace.steps.at(-1)!.outcome.startsWith("trap");

/** A trace without what only hardened modules have. */
function plain(trace: Trace, globals: number, keepHost: boolean): Trace {
  const shown = Object.entries(trace.globals).filter(
    ([name]) => name.startsWith(SHOWN) && Number(name.slice(SHOWN.length)) < globals,
  );
  const steps = trace.steps.map((step) => ({ ...step, spent: "" }));
  return { ...trace, steps, globals: Object.fromEntries(shown), host: keepHost ? trace.host : "" };
}

export class Differential {
  readonly #sample: Sample;
  readonly #setting: Setting;
  readonly #wasmtime: Wasmtime | null;
  compared = 0;
  limited = 0;
  engines = 0;
  probed = 0;

  constructor(sample: Sample, setting: Setting, wasmtime: Wasmtime | null) {
    this.#sample = sample;
    this.#setting = setting;
    this.#wasmtime = wasmtime;
  }

  #hardened(mode: Mode, callback: number): Uint8Array {
    const policy = policyOf(this.#setting, mode, callback);
    const { bytes } = harden(this.#sample.bytes, policy);
    const [finding] = verify(bytes, policy);
    if (finding) disagree(`${mode}: verify refuses it: ${finding.code} ${finding.message}`);
    return showGlobals(bytes);
  }

  /** The same module in both engines, to the unit and to the byte. */
  async #both(bytes: Uint8Array, what: string, most: number): Promise<Trace> {
    const { calls } = this.#sample;
    const v8 = runV8(bytes, calls, { most });
    if (v8.steps.at(-1)!.outcome === "trap stack") disagree(`${what}: the engine's stack ran out`);
    if (this.#wasmtime !== null) {
      const other = await this.#wasmtime.run(bytes, calls.slice(0, most));
      const differs = difference(v8, other);
      if (differs !== null) disagree(`${what}: V8 and Wasmtime differ: ${differs}`);
      this.engines++;
    }
    return v8;
  }

  /** Against the original, as far as no limit was hit. */
  #original(hardened: Trace, mode: Mode): void {
    const { calls } = this.#sample;
    const bytes = this.originalBytes();
    if (neverStarted(hardened)) {
      const differs = difference(runV8(showGlobals(bytes), [], {}), hardened);
      if (differs !== null) disagree(`${mode}: instantiation: ${differs}`);
      return;
    }
    const stopped = trapped(hardened) && limitHit(hardened);
    if (!stopped && limitHit(hardened)) {
      this.limited++;
      return;
    }
    const most = stopped ? hardened.steps.length - 1 : hardened.steps.length;
    this.limited += stopped ? 1 : 0;
    if (most === 0) return;
    let denied = false;
    const policy = policyOf(this.#setting, mode, this.#setting.ample);
    const answers = (name: string) => {
      if (policy.allow.has(name)) return answerOf(name);
      denied = true;
      const row = hostFunction("env", name);
      return row === undefined || row.denied === "trap" ? 0 : row.denied;
    };
    const onDenied = () => {
      denied = true;
    };
    const under = { answers, most, guards: policy, onDenied };
    const original = runV8(showGlobals(showStart(bytes)), calls, under);
    const [first] = original.steps;
    if (first!.name === "") {
      // The start section trapped: hardened, it is the first call that does.
      const { outcome } = hardened.steps[0]!;
      if (outcome !== first!.outcome)
        disagree(`${mode}: start: ${first!.outcome} against ${outcome}`);
      return;
    }
    if (original.steps.at(-1)!.outcome === "trap stack") {
      this.limited++;
      return;
    }
    this.compared += most;
    // Where the last call was cut short by a limit, memory and globals are in the midst of it.
    const shown = Object.keys(original.globals).length === 0 ? 0 : 10_000;
    const globals = Math.min(shown, this.#guestGlobals(original));
    const left = plain(original, globals, !denied);
    const right = plain(hardened, globals, !denied);
    const cut = stopped
      ? {
          ...right,
          steps: right.steps.slice(0, most),
          memory: left.memory,
          globals: left.globals,
          host: left.host,
        }
      : right;
    const differs = difference(left, cut);
    if (differs !== null) disagree(`${mode}: original and hardened differ: ${differs}`);
  }

  /** The module that the hardened one is compared with. */
  protected originalBytes(): Uint8Array {
    return this.#sample.bytes;
  }

  #guestGlobals(original: Trace): number {
    const numbers = Object.keys(original.globals)
      .filter((name) => name.startsWith(SHOWN))
      .map((name) => Number(name.slice(SHOWN.length)));
    return Math.max(-1, ...numbers) + 1;
  }

  #passes(mode: Mode, budget: number, completed: number): boolean {
    try {
      const { bytes } = harden(this.#sample.bytes, policyOf(this.#setting, mode, budget));
      return !trapped(runV8(bytes, this.#sample.calls, { most: completed }));
    } catch (error) {
      if (error instanceof Failure && error.code === "harden-budget") return false;
      throw error;
    }
  }

  /**
   * The smallest budget with which the calls that ample fuel completes still complete. In `bound` mode what was
   * charged says it; in `exact` mode a test may ask for the dearer way of two, so it is searched from there on.
   * Undefined where the search ends at ample fuel, or at what every entry needs.
   */
  #smallest(mode: Mode, hardened: Uint8Array, ample: Trace, completed: number): number | undefined {
    const { own, wrappers } = generatedOf(hardened);
    const charged = ample.steps
      .slice(0, completed)
      .filter((_, i) => !entersAtStart(this.#sample.calls[i]!))
      .map(({ name, spent }) => Number(spent) + RESERVE + own[wrappers.get(name)!]!);
    if (charged.length === 0) return undefined;
    const least = Math.max(...charged);
    // A budget that no wrapper could start with is refused: there is no smaller one to try.
    const refused = RESERVE + Math.max(...[...wrappers.values()].map((index) => own[index]!));
    if (least - 1 <= refused) return undefined;
    const passes = (budget: number) => this.#passes(mode, budget, completed);
    if (passes(least)) return least;
    if (mode === "bound") disagree(`bound: the charged budget ${least} does not suffice`);
    let [low, high] = [least, least + 1];
    for (let step = 1; !passes(high); step *= 2) {
      low = high;
      high += step;
      if (high >= this.#setting.ample) return undefined;
    }
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (passes(middle)) high = middle;
      else low = middle;
    }
    return high;
  }

  async mode(mode: Mode, probe: boolean): Promise<void> {
    const { calls } = this.#sample;
    const hardened = this.#hardened(mode, this.#setting.ample);
    const ample = await this.#both(hardened, `${mode}, ample`, calls.length);
    this.#original(ample, mode);
    const completed = ample.steps.length - (trapped(ample) ? 1 : 0);
    if (!probe || completed === 0 || neverStarted(ample)) return;
    const budget = this.#smallest(mode, hardened, ample, completed);
    if (budget === undefined) return;
    this.probed++;
    const exact = await this.#both(
      this.#hardened(mode, budget),
      `${mode}, exact budget`,
      completed,
    );
    if (trapped(exact)) disagree(`${mode}: the budget ${budget} suffices once and not again`);
    const short = await this.#both(
      this.#hardened(mode, budget - 1),
      `${mode}, one unit less`,
      completed,
    );
    if (!trapped(short) || !limitHit(short))
      disagree(`${mode}: ${budget} was not the smallest budget`);
    if (limitHit(ample)) return;
    const same = difference(plain(ample, 0, false), {
      ...plain(exact, 0, false),
      memory: ample.memory,
    });
    if (completed === ample.steps.length && same !== null)
      disagree(`${mode}: fuel changes results: ${same}`);
  }

  async judge(probe: boolean): Promise<Verdict> {
    const done = (refused: string | null, failure: string | null): Verdict => ({
      refused,
      failure,
      compared: this.compared,
      limited: this.limited,
      engines: this.engines,
      probed: this.probed,
    });
    try {
      for (const mode of modes) await this.mode(mode, probe);
      return done(null, null);
    } catch (error) {
      if (error instanceof Disagreement) return done(null, error.message);
      if (error instanceof Failure && textOf(error.code).blame === "input")
        return done(error.code, null);
      return done(null, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
}
