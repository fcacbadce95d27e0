// The credit judgement: what fuel has been paid for at each point of a function, where it is kept,
// and how deep the counted stack is (rules A1, A2, A5, A22, A23). One forward pass, no fixpoint: a
// branch must agree with the label it goes to, and come back to a loop with the credit that it
// began with. The invariant: credit is never negative after an instruction, but for what an
// uncharged function leaves to its callers.
import { CREDIT_MAX, ENTRY_FREE, RESERVE, SHORTFALL_MAX } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import type { Scanner } from "./scanner.ts";

/** Where the fuel is: in its global, or in the function's fuel local. */
export const MODE = { global: 0, local: 1 } as const;
export const MODE_NAMES = ["the global", "the local"] as const;

/** Kinds of construct; the function itself is the outermost. */
export const CONSTRUCT = { func: 0, block: 1, loop: 2, if: 3, else: 4 } as const;

/** The lowest credit before a charge takes effect: the reserve pays for it if it traps. */
const DEFICIT_MIN = 64 - (RESERVE - ENTRY_FREE);
const MOST = limits.nesting + 2;
/** Numbers of a saved state: credit, mode, depth, headroom. */
const STATE = 4;

export class Flow {
  credit = 0;
  mode: number = MODE.global;
  /** The constant of the STACK_IN in force, or 0; what the fuel is known to be at least. */
  depth = 0;
  headroom = 0;
  /** Whether control gets here; whether the function's last `end` has been met. */
  live = true;
  ended = false;
  /** Values that the function returns (set before `start`); operands on the stack. */
  results = 0;
  height = 0;
  /** What an uncharged function leaves to its callers. */
  shortfall = 0;
  /** Below this, credit goes to `below`; -Infinity where nothing is judged. */
  floor = 0;
  /** Where the instruction being judged stands. */
  at = 0;

  readonly #scanner: Scanner;
  /** Credit may never be negative: a charged function. */
  #strict = true;
  /** The innermost construct. */
  #top = -1;
  // By construct, outermost first.
  readonly #kind = new Uint8Array(MOST);
  readonly #base = new Int32Array(MOST);
  readonly #params = new Uint8Array(MOST);
  readonly #results = new Uint8Array(MOST);
  /** States at the start and at the label, and whether an edge has reached the label. */
  readonly #starts = new Float64Array(MOST * STATE);
  readonly #labels = new Float64Array(MOST * STATE);
  readonly #reached = new Uint8Array(MOST);

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  /** Begins a function. */
  start(charged: boolean, entryCost: number, judged: boolean): void {
    this.credit = -entryCost; // rule C-ENTRY
    this.mode = MODE.global;
    this.depth = this.headroom = this.height = this.shortfall = 0;
    this.live = true;
    this.ended = false;
    this.floor = judged ? 0 : Number.NEGATIVE_INFINITY;
    this.#strict = charged || !judged;
    this.#top = -1;
    this.push(CONSTRUCT.func, 0, this.results);
    if (!this.#strict) this.floor = this.below(this.credit);
  }

  /** Takes the price of an instruction from the credit. */
  pay(cost: number): void {
    this.credit -= cost;
    if (this.credit < this.floor) this.floor = this.below(this.credit);
  }

  /** Credit has fallen below the floor: a finding, or more shortfall; returns the new floor. */
  below(credit: number): number {
    const [found, limit] = [-credit, SHORTFALL_MAX]; // rule C-CREDIT
    if (this.#strict) this.#scanner.stop("verify-credit", { missing: found }, this.at);
    if (found > limit) this.#scanner.stop("verify-shortfall", { found, limit }, this.at);
    this.shortfall = found; // rule C-SHORTFALL
    return credit;
  }

  /** The cost of a template, before its constant takes effect. */
  payTemplate(cost: number): void {
    this.credit -= cost; // rule C-DEFICIT
    if (this.credit < this.floor + DEFICIT_MIN) this.floor = this.below(this.credit);
  }

  /** A charge of `units` has succeeded: the fuel is only known not to be negative. */
  charge(units: number): void {
    this.headroom = 0;
    this.credit += units; // rule C-CHARGE
    const [found, limit] = [this.credit, CREDIT_MAX];
    if (found > limit) this.#scanner.stop("verify-charge-range", { found, limit }, this.at);
  }

  /** Takes `units` without a test: the fuel must be known to suffice (A11). */
  subtract(units: number): void {
    const known = this.headroom;
    if (known < units) this.#scanner.stop("verify-headroom", { found: units, known }, this.at);
    this.charge(units);
    this.headroom = known - units; // rule C-SUB
  }

  /** The counted stack goes from one depth to another (A25). */
  deepen(from: number, to: number): void {
    const args = { found: Math.max(from, to), depth: this.depth };
    if (this.depth !== from) this.#scanner.stop("verify-depth", args, this.at);
    this.depth = to; // rule C-DEPTH
  }

  /** Enters a construct whose parameters are on the stack. */
  push(kind: number, params: number, results: number): void {
    const top = ++this.#top;
    this.#scanner.limit("nesting", top, limits.nesting, this.at);
    this.#kind[top] = kind;
    this.#base[top] = this.height - params;
    this.#params[top] = params;
    this.#results[top] = results;
    this.#reached[top] = 0;
    this.#save(this.#starts, top, this.credit, this.headroom);
    if (kind === CONSTRUCT.loop) this.headroom = 0; // rule C-LOOP
  }

  #save(states: Float64Array, construct: number, credit: number, headroom: number): void {
    const at = construct * STATE;
    states[at] = credit;
    states[at + 1] = this.mode;
    states[at + 2] = this.depth;
    states[at + 3] = headroom;
  }

  #restore(states: Float64Array, construct: number): void {
    const at = construct * STATE;
    this.credit = states[at]!;
    this.mode = states[at + 1]!;
    this.depth = states[at + 2]!;
    this.headroom = states[at + 3]!;
  }

  /** This point and a saved one must agree on where the fuel is and on the depth (A22). */
  #agree(states: Float64Array, construct: number): void {
    const [mode, depth] = [states[construct * STATE + 1]!, states[construct * STATE + 2]!];
    if (mode === this.mode && depth === this.depth) return;
    const one = `fuel in ${MODE_NAMES[this.mode]}, depth ${this.depth}`;
    const other = `fuel in ${MODE_NAMES[mode]}, depth ${depth}`;
    this.#scanner.stop("verify-label", { one, other }, this.at);
  }

  /** An edge from here to the label of a block or `if`. */
  #merge(to: number, credit: number, headroom: number): void {
    const at = to * STATE;
    if (this.#reached[to] === 0) this.#save(this.#labels, to, credit, headroom);
    else this.#agree(this.#labels, to); // rule C-LABEL
    this.#reached[to] = 1;
    this.#labels[at] = Math.min(this.#labels[at]!, credit);
    this.#labels[at + 3] = Math.min(this.#labels[at + 3]!, headroom);
  }

  /** How many values a branch to this label carries. */
  arity(label: number): number {
    if (label > this.#top) this.#scanner.malformed(`there is no label ${label}`, this.at);
    const target = this.#top - label;
    return this.#kind[target] === CONSTRUCT.loop ? this.#params[target]! : this.#results[target]!;
  }

  /** An edge to a label; the branch itself has been paid. */
  branch(label: number): void {
    if (label > this.#top) this.#scanner.malformed(`there is no label ${label}`, this.at);
    const target = this.#top - label;
    if (this.#kind[target] === CONSTRUCT.func) this.#exit();
    else if (this.#kind[target] === CONSTRUCT.loop) this.#again(target);
    else this.#merge(target, this.credit, this.headroom);
  }

  /** Another round of a loop: it pays for what the round before has used up. */
  #again(loop: number): void {
    this.#agree(this.#starts, loop);
    const missing = this.#starts[loop * STATE]! - this.credit; // rule C-AGAIN
    const judged = this.floor > Number.NEGATIVE_INFINITY;
    if (missing > 0 && judged) this.#scanner.stop("verify-credit", { missing }, this.at);
  }

  /** `return`, or the last `end`. */
  leave(cost: number): void {
    this.pay(cost);
    this.#exit();
    this.live = false;
  }

  /** The function is left here: the fuel is in its global and the counted stack given back. */
  #exit(): void {
    if (this.mode === MODE.global && this.depth === 0) return; // rule C-EXIT
    const what = this.mode === MODE.local ? "the fuel in a local" : `${this.depth} bytes counted`;
    this.#scanner.stop("verify-exit", { what }, this.at);
  }

  /** `else`, with its price for when control falls onto it. */
  otherwise(cost: number): void {
    const top = this.#top;
    if (this.#kind[top] !== CONSTRUCT.if) this.#scanner.malformed("`else` without `if`", this.at);
    this.#fall(top, cost);
    this.#kind[top] = CONSTRUCT.else; // rule C-ELSE
    this.#restore(this.#starts, top);
    this.height = this.#base[top]! + this.#params[top]!;
    this.live = true;
  }

  #fall(top: number, cost: number): void {
    if (!this.live) return;
    this.pay(cost);
    this.#merge(top, this.credit, this.headroom);
  }

  /** `end`, with its price for when control falls onto it. */
  end(cost: number): void {
    const top = this.#top--;
    const kind = this.#kind[top]!;
    this.height = this.#base[top]! + this.#results[top]!;
    if (kind === CONSTRUCT.func) {
      if (this.live) this.leave(cost);
      this.ended = true;
    } else if (kind === CONSTRUCT.loop) {
      if (this.live) this.pay(cost);
    } else {
      this.#fall(top, cost);
      if (kind === CONSTRUCT.if) {
        this.#restore(this.#starts, top);
        this.#merge(top, this.credit, this.headroom); // rule C-IF
      }
      this.live = this.#reached[top] === 1; // rule C-END
      if (this.live) this.#restore(this.#labels, top);
    }
  }
}
