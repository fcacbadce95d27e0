// What the counting interpreter makes of a mutant that verify accepts: the promise on every entry (cost within the
// budget, fuel never negative outside the check that fails, memory within the cap, permitted imports only), and what was
// charged at least what was executed.
import { F64, FUNCREF, I64, PAGE, V128 } from "../../src/spec/binary.ts";
import { ENTRY_FREE, injectedOffset, PHASE, RESERVE } from "../../src/spec/layout.ts";
import { ANSWER_IMPORT, telemetryImports } from "../../src/spec/telemetry.ts";
import { decode } from "../../src/wasm/decode.ts";
import type { Call } from "../fuzz/generate.ts";
import { lifeOf } from "../fuzz/mutated.ts";
import { random } from "../fuzz/random.ts";
import { generousHost } from "../oracle/generous-host.ts";
import { Machine } from "../oracle/machine.ts";
import { broken, entries } from "../oracle/promise.ts";
import { Trap, type Value } from "../oracle/value.ts";
import { type Subject, typeOf } from "./subject.ts";

/**
 * A failing check takes so many instructions from the one that makes the fuel negative to its trap; more where it
 * reports itself before.
 */
const FAILING = { silent: 6, telling: 64 } as const;

export interface Shown {
  /** Why the promise does not hold; null where it does. */
  readonly broken: string | null;
  /** Entries made, units executed in them, and whether the function in question was among what ran. */
  readonly entries: number;
  readonly reached: boolean;
}

class Watch {
  problem: string | null = null;
  reached = false;
  #negative = 0;
  readonly #fuel: number;
  readonly #memory: number;
  readonly #func: number;
  readonly #failing: number;

  constructor({ fuel, policy }: Subject, func: number) {
    this.#fuel = fuel;
    this.#memory = policy.limits.memoryPages * PAGE;
    this.#func = func;
    this.#failing = policy.telemetry ? FAILING.telling : FAILING.silent;
  }

  readonly hear = (callee: number): void => {
    this.reached ||= callee === this.#func;
  };

  readonly see = (machine: Machine): void => {
    if (machine.memory.length > this.#memory) this.problem ??= "the memory is above its cap";
    if ((machine.globals[this.#fuel] as bigint) >= 0n) this.#negative = 0;
    else if (++this.#negative > this.#failing) this.problem ??= "it runs on with negative fuel";
  };
}

/** The calls that a host makes in a plugin's life. */
export function callsOf({ hasStart }: Subject, bytes: Uint8Array): readonly Call[] {
  const life = lifeOf(bytes).filter(({ name }) => !hasStart || name !== "_initialize");
  return hasStart ? [{ name: "_initialize", args: [] }, ...life] : life;
}

/** The functions that run in a module's life, or in `calls`. */
export function reachedIn(subject: Subject, calls?: readonly Call[]): ReadonlySet<number> {
  const { bytes, policy, hasStart } = subject;
  const reached = new Set<number>();
  const onCall = (func: number): unknown => reached.add(func);
  entries(bytes, calls ?? callsOf(subject, bytes), policy, generousHost, hasStart, { onCall });
  return reached;
}

/** Runs a mutant through its life, or through `calls`; `func` is the function that was changed, or -1. */
export function show(
  subject: Subject,
  bytes: Uint8Array,
  func: number,
  calls: readonly Call[] = callsOf(subject, bytes),
): Shown {
  const { policy } = subject;
  const own: ReadonlySet<string> = new Set([
    ...(policy.telemetry ? telemetryImports : []),
    ...(policy.onExhaustion === "deny" ? [ANSWER_IMPORT] : []),
  ]);
  const foreign = decode(bytes).imports.find(
    ({ name, desc }) => desc.kind !== "func" || !(policy.allow.has(name) || own.has(name)),
  );
  if (foreign !== undefined)
    return { broken: `it imports ${foreign.name}`, entries: 0, reached: false };
  const watch = new Watch(subject, func);
  let made = 0;
  let broke: string | null;
  try {
    const all = entries(bytes, calls, policy, generousHost, subject.hasStart, {
      onStep: watch.see,
      onCall: watch.hear,
    });
    made = all.length;
    broke = watch.problem ?? broken(all, "bound");
  } catch (error) {
    // A segment that does not fit: no instance, so nothing runs.
    if (!(error instanceof Trap)) throw error;
    broke = null;
  }
  return { broken: broke, entries: made, reached: watch.reached };
}

/** Units that a function has when it is called by itself, and how often. */
const ALLOWANCE = 10_000;
const TRIES = 24;

/**
 * Calls one guest function by itself, with arguments by a seed, as it would run inside an entry: for functions that no
 * life of a plugin gets to. What it leaves to its callers may be no more than an entry may leave to the reserve.
 */
export function showAlone(subject: Subject, bytes: Uint8Array, func: number): Shown {
  const watch = new Watch(subject, func);
  const { fuel, injected, policy } = subject;
  const r = random(func);
  const params = func < subject.functions ? typeOf(subject, func).params : [];
  const arg = (type: number): Value => {
    const number = r.pick([0, 1, 2, 8, 64, 1024, 4096, -1, r.int(70_000)]);
    if (type === V128) return new Uint8Array(16).fill(number);
    if (type === FUNCREF) return null;
    return type === I64 || type === F64 ? BigInt(number) : number;
  };
  let made = 0;
  const options = { host: generousHost, steps: 8 * ALLOWANCE, onStep: watch.see };
  const machine = new Machine(bytes, options);
  for (let k = 0; k < TRIES && watch.problem === null; k++) {
    machine.reset();
    machine.globals[fuel] = BigInt(ALLOWANCE);
    machine.globals[injected + injectedOffset("phase")] = PHASE.guest;
    machine.globals[injected + injectedOffset("stack")] = policy.limits.stackBytes / 2;
    const outcome = machine.run(func, params.map(arg));
    const executed = machine.executed.reduce((sum, units) => sum + units, 0);
    const left = Number(machine.globals[fuel] as bigint);
    made++;
    if (machine.executed[func]! > 0) watch.reached = true;
    const most = outcome.kind === "returned" ? ALLOWANCE - left + ENTRY_FREE : ALLOWANCE + RESERVE;
    if (executed > most || outcome.kind === "steps")
      watch.problem ??= `function ${func} executed ${executed} units, ${most} were paid`;
  }
  return { broken: watch.problem, entries: made, reached: watch.reached };
}
