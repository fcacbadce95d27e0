// The promise of a hardened module, counted: every entry executes at most its budget, traps included; what was
// charged is, in `exact` mode, what a completed entry executed, and at least that in `bound` mode (but for the
// first units of an export that has no entry charge, which the reserve pays).
//
// "Executed" for charges is: every instruction of the guest's functions; for each call of a generated function
// out of the guest, and each allocator wrapper that the host enters inside a call, its own cost by the page on
// costs (both arms of an `if`, whichever ran); bytes and entries moved by the guest's bulk operations; and
// what crossed between guest and host; and what guards pay for walks over maps, vectors and paths. The wrapper of the entry itself is paid by what harden took off its
// budget beforehand. For the promise, generated functions count instruction by instruction instead.
import type { Policy } from "../../src/policy/policy.ts";
import { callback } from "../../src/spec/callbacks.ts";
import { hostFunction } from "../../src/spec/host-functions.ts";
import { ENTRY_FREE } from "../../src/spec/layout.ts";
import { decode } from "../../src/wasm/decode.ts";
import type { Import } from "../../src/wasm/module.ts";
import type { Call } from "../fuzz/generate.ts";
import { type Generated, generatedOf } from "./hardened.ts";
import { type Host, Machine } from "./machine.ts";
import { callOracle, outcomeText } from "./run.ts";
import type { Value } from "./value.ts";

export interface Entry {
  readonly name: string;
  readonly outcome: string;
  /** Units that the host granted, by the policy. */
  readonly budget: number;
  /** Instructions of all functions, prices of host calls, bytes handed to the host, what bulk operations moved. */
  readonly total: number;
  /** What a completed entry has executed, as charges count it, and what was charged. */
  readonly executed: number;
  readonly charged: number;
  /** What may be missing from the charge: RESERVE pays the entry region of an export without entry charge. */
  readonly free: number;
}

class Meter {
  readonly #generated: Generated;
  readonly #hostShift: number;
  /** Own costs of generated functions, as often as the guest called them. */
  calls = 0;
  prices = 0;
  crossedIn = 0;
  crossedOut = 0;
  /** What guards paid for walks over what they were given. */
  paid = 0;
  #byThunk = true;

  constructor(generated: Generated, hostShift: number) {
    this.#generated = generated;
    this.#hostShift = hostShift;
  }

  reset(): void {
    this.calls = 0;
    this.prices = 0;
    this.crossedIn = 0;
    this.crossedOut = 0;
    this.paid = 0;
  }

  readonly onCall = (caller: number, callee: number, top: Value | undefined): void => {
    const { imports, firstGuest, own, pay } = this.#generated;
    if (callee === pay) this.paid += Number(top);
    // A denial's message is at most a window long: `deny` pays the host's price for it, and nothing by the byte.
    if (callee < imports) this.#byThunk = caller < 2 * imports;
    if (caller >= firstGuest && callee < firstGuest) this.calls += own[callee]!;
  };

  #units(bytes: number): number {
    return Math.floor((bytes >>> 0) / 2 ** this.#hostShift);
  }

  before(entry: Import, args: readonly Value[]): void {
    const { params, price } = hostFunction(entry.module, entry.name)!;
    this.prices += price;
    if (!this.#byThunk) return;
    params.forEach(({ role }, i) => {
      if (role === "inLen" || role === "bufLen" || role === "iovsLen")
        this.crossedIn += this.#units(args[i] as number);
    });
  }

  after(entry: Import, args: readonly Value[], machine: Machine): void {
    const { params } = hostFunction(entry.module, entry.name)!;
    params.forEach(({ role, nullable }, i) => {
      if (role !== "outLen") return;
      const at = (args[i] as number) >>> 0;
      if ((nullable && at === 0) || at + 4 > machine.memory.length) return;
      this.crossedOut += this.#units(machine.view.getUint32(at, true));
    });
  }
}

const sum = (units: Float64Array, from: number): number =>
  units.subarray(from).reduce((total, one) => total + one, 0);

/** What the policy grants an entry. */
export function budgetOf(policy: Policy, { name, args }: Call, before: number): number {
  const { callback: one, start } = policy.limits.fuel;
  const kind = callback(name)?.kind;
  const own = kind === "start" || (kind === "context" && args[1] === 0) ? start : one;
  return own + before;
}

export interface Watcher {
  /** Sees the machine before every instruction. */
  readonly onStep?: (machine: Machine) => void;
  /** Hears of every function that is called. */
  readonly onCall?: (callee: number) => void;
}

/**
 * Runs the calls on a hardened module until one traps. `host` performs host calls, and may enter an allocator.
 * Where the guest had a start function, the first call must be `_initialize`, so that no other pays for it.
 */
export function entries(
  bytes: Uint8Array,
  calls: readonly Call[],
  policy: Policy,
  host: Host,
  hasStart: boolean,
  watch: Watcher = {},
): readonly Entry[] {
  const generated = generatedOf(bytes);
  const { firstGuest, own, wrappers } = generated;
  const largest = Math.max(policy.limits.fuel.callback, policy.limits.fuel.start);
  const table = { hostShift: 4, steps: 4 * largest };
  const meter = new Meter(generated, table.hostShift);
  const metered: Host = (entry, args, machine) => {
    meter.before(entry, args);
    const result = host(entry, args, machine);
    if (result[0] === 0) meter.after(entry, args, machine);
    return result;
  };
  const fromHost = (caller: number, callee: number, top: Value | undefined) => {
    watch.onCall?.(callee);
    // The entry's own wrapper is called by the host too, but before anything else.
    if (caller === -1 && entered++ > 0) meter.calls += own[callee]!;
    meter.onCall(caller, callee, top);
  };
  let entered = 0;
  const options = { host: metered, steps: table.steps, onCall: fromHost };
  const { onStep } = watch;
  const machine = new Machine(bytes, onStep === undefined ? options : { ...options, onStep });
  const done: Entry[] = [];
  let first = hasStart ? policy.limits.fuel.start : 0;
  for (const call of calls) {
    if (!wrappers.has(call.name)) continue;
    machine.reset();
    meter.reset();
    entered = 0;
    const outcome = outcomeText(machine, call.name, callOracle(machine, call));
    const guest = sum(machine.executed, firstGuest) + sum(machine.moved, firstGuest);
    const charged = Number(machine.global("glovebox_spent") as bigint);
    done.push({
      name: call.name,
      outcome,
      budget: budgetOf(policy, call, first),
      total:
        sum(machine.executed, 0) + sum(machine.moved, firstGuest) + meter.prices + meter.crossedIn,
      executed: guest + meter.calls + meter.paid + meter.crossedIn + meter.crossedOut,
      charged,
      free: generated.chargesAtEntry.has(call.name) ? 0 : ENTRY_FREE,
    });
    first = 0;
    if (!outcome.startsWith("=")) break;
  }
  return done;
}

/** Why entries break the promise; null where they keep it. `_initialize` is left out of the charges. */
export function broken(all: readonly Entry[], mode: "bound" | "exact"): string | null {
  for (const { name, outcome, budget, total, executed, charged, free } of all) {
    if (outcome === "steps" || outcome === "trap stack")
      return `${name} ended by the test's own limit: ${outcome}`;
    if (total > budget) return `${name} executed ${total} units of ${budget} (${outcome})`;
    if (!outcome.startsWith("=") || name === "_initialize") continue;
    if (charged + (mode === "bound" ? free : 0) < executed)
      return `${mode}: ${name} was charged ${charged}, executed ${executed}`;
    if (mode === "exact" && charged !== executed)
      return `exact: ${name} was charged ${charged}, executed ${executed}`;
  }
  return null;
}

/** Whether a module has a start section. */
export function startsItself(original: Uint8Array): boolean {
  return decode(original).start !== null;
}
