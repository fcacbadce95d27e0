// Shows that a hardened module is bounded: the counting interpreter and the engine at hand run the same calls
// to the trap that must end them, and then enter every export again and again. Nothing may run any more, and
// an exhausted counter may not move.
import assert from "node:assert/strict";
import { contain } from "../../src/contain/contain.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { callback, callbackSignature } from "../../src/spec/callbacks.ts";
import { injectedGlobals } from "../../src/spec/layout.ts";
import { funcTypeIndex } from "../../src/wasm/module.ts";
import type { Call } from "../fuzz/generate.ts";
import { type Running, run } from "../harden/instance.ts";
import { generousHost } from "./generous-host.ts";
import { Machine } from "./machine.ts";
import { broken, entries, startsItself } from "./promise.ts";
import { callOracle, outcomeText, runOracle } from "./run.ts";

/** Units of the policies below: small, so that the interpreter is quick. */
export const BUDGET = { callback: 20_000, start: 40_000 } as const;
/** Instructions after which a call without limits counts as endless. */
const ENDLESS = 10 * BUDGET.start;
/** What entering a trapped instance may cost: a wrapper, `open` and `enter` up to its check. */
const ENTERING = 60;
const ROUNDS = 20;

export type Mode = "bound" | "exact";
export const modes: readonly Mode[] = ["bound", "exact"];

export interface Expectation {
  /** What the interpreter, without any limit but its own, says of the original's last call. */
  readonly original: "steps" | "trap stack" | "trap memory";
  /** The counter that the hardened module ends on. */
  readonly by: "fuel" | "stack";
}

export function smallPolicy(mode: Mode): Policy {
  return policyFromRole("logging", {
    "spec.telemetry": false,
    "spec.limits.fuel.mode": mode,
    "spec.limits.fuel.callback": BUDGET.callback,
    "spec.limits.fuel.start": BUDGET.start,
  });
}

const names = injectedGlobals.flatMap(({ exportName }) => exportName ?? []);
const sum = (units: Float64Array): number => units.reduce((total, one) => total + one, 0);

/** Zeros for each parameter of an exported callback; unknown names take none here. */
function zeros(name: string): number[] {
  const row = callback(name);
  return row === undefined ? [] : callbackSignature(row, "0.2.1").params.map(() => 0);
}

/** The exports that can be entered again: callbacks, and what takes no parameters. */
function entered(machine: Machine): Call[] {
  return machine.module.exports.flatMap(({ kind, name, index }) => {
    if (kind !== "func") return [];
    const { params } = machine.module.types[funcTypeIndex(machine.module, machine.imports, index)]!;
    return params.length === zeros(name).length ? [{ name, args: zeros(name) }] : [];
  });
}

function inInterpreter(bytes: Uint8Array, calls: readonly Call[], by: Expectation["by"]): void {
  const machine = new Machine(bytes, { host: generousHost, steps: ENDLESS });
  const outcomes = calls.map((call) => outcomeText(machine, call.name, callOracle(machine, call)));
  assert.equal(outcomes.at(-1), "trap unreachable");
  assert.ok(Number(machine.global(`glovebox_${by}`)) < 0, `the ${by} counter says why`);
  const state = () => names.map((name) => machine.global(name));
  const before = state();
  const again = entered(machine);
  assert.ok(again.length > 1);
  for (let round = 0; round < ROUNDS; round++) {
    for (const call of again) {
      machine.reset();
      const outcome = outcomeText(machine, call.name, callOracle(machine, call));
      assert.equal(outcome, "trap unreachable", call.name);
      assert.ok(sum(machine.executed) <= ENTERING, `${call.name}: ${sum(machine.executed)} units`);
    }
  }
  assert.deepEqual(state(), before);
}

function inEngine(bytes: Uint8Array, calls: readonly Call[], by: Expectation["by"]): void {
  const running = run(bytes);
  const last = calls.at(-1)!;
  for (const { name, args } of calls.slice(0, -1)) running.call(name, ...args);
  assert.throws(() => running.call(last.name, ...last.args), /unreachable/);
  assert.ok(Number(running.global(`glovebox_${by}`)) < 0);
  staysTrapped(running, entered(new Machine(bytes, { host: generousHost })));
}

/** Every later entry traps, and neither the counters nor the memory change. */
export function staysTrapped(running: Running, again: readonly Call[]): void {
  const state = () => names.map((name) => running.global(name));
  const before = { globals: state(), memory: running.memory.slice() };
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, args } of again) {
      assert.throws(() => running.call(name, ...args), /unreachable/, name);
    }
  }
  assert.deepEqual({ globals: state(), memory: running.memory }, before);
}

/**
 * Holds a plugin to the promise under a small budget, in both modes and in both machines: all calls but the
 * last return, the last one traps within its budget, and stays trapped.
 */
export function assertBounded(
  original: Uint8Array,
  calls: readonly Call[],
  expected: Expectation,
): void {
  const hasStart = startsItself(original);
  const plain = runOracle(original, hasStart ? [] : calls, () => 0, ENDLESS).steps.at(-1)!;
  assert.equal(plain.outcome, expected.original, "without hardening");
  for (const mode of modes) {
    const policy = smallPolicy(mode);
    const { bytes } = contain(original, policy);
    const all = entries(bytes, calls, policy, generousHost, hasStart);
    assert.equal(all.length, calls.length);
    assert.equal(broken(all, mode), null, mode);
    inInterpreter(bytes, calls, expected.by);
    inEngine(bytes, calls, expected.by);
  }
}
