// The credit judgement: what fuel has been paid for at each point of a function, where it is kept, and how
// deep the counted stack is (rules A1, A2, A5, A22, A23). One forward pass, no fixpoint: a loop starts from
// nothing, and a branch must agree with the label it goes to. The invariant: outside of an uncharged
// function's straight line, credit is never negative after an instruction.
import { CREDIT_MAX, ENTRY_FREE, RESERVE, SHORTFALL_MAX } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import type { Scanner } from "./scanner.ts";

/** Where the fuel is: in its global, or in the function's fuel local. */
export const MODE = { global: 0, local: 1 } as const;
export const MODE_NAMES = ["the global", "the local"] as const;

/** Kinds of construct; the function itself is the outermost. */
export const CONSTRUCT = { func: 0, block: 1, loop: 2, if: 3, else: 4 } as const;

/** The lowest credit before a charge takes effect: what is kept back pays for it if the charge traps. */
const DEFICIT_MIN = 64 - (RESERVE - ENTRY_FREE);

export class Flow {
  credit = 0;
  mode = 0;
  /** The constant of the STACK_IN in force, or 0. */
  depth = 0;
  /** What the fuel is known to be at least. */
  headroom = 0;
  live = true;
  /** Operands on the stack. */
  height = 0;
  /** What an uncharged function leaves to its callers. */
  shortfall = 0;
  /** Credit may not fall below this without `below` being asked. */
  floor = 0;
  /** Where the instruction being judged stands. */
  at = 0;

  readonly #scanner: Scanner;
  #charged = true;
  /** Index of the innermost construct, and number of loops around this point. */
  #top = -1;
  #loops = 0;
  // By construct, outermost first.
  readonly #kind = new Uint8Array(limits.nesting + 2);
  readonly #base = new Int32Array(limits.nesting + 2);
  readonly #params = new Uint8Array(limits.nesting + 2);
  readonly #results = new Uint8Array(limits.nesting + 2);
  /** Loops up to and with this construct. */
  readonly #loopsTo = new Int32Array(limits.nesting + 2);
  /** State at the start: of an `if` for its other arm, of a loop for its header and its end. */
  readonly #startCredit = new Float64Array(limits.nesting + 2);
  readonly #startMode = new Uint8Array(limits.nesting + 2);
  readonly #startDepth = new Int32Array(limits.nesting + 2);
  readonly #startHeadroom = new Float64Array(limits.nesting + 2);
  /** State at the label, where an edge has reached it. */
  readonly #reached = new Uint8Array(limits.nesting + 2);
  readonly #credit = new Float64Array(limits.nesting + 2);
  readonly #mode = new Uint8Array(limits.nesting + 2);
  readonly #depth = new Int32Array(limits.nesting + 2);
  readonly #headroom = new Float64Array(limits.nesting + 2);
  /** Constructs that are loops, outermost first. */
  readonly #loopAt = new Int32Array(limits.nesting + 2);

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  /** Begins a function; `floor` is -Infinity for a walk that only collects calls. */
  start(charged: boolean, entryCost: number, results: number, judged: boolean): void {
    this.credit = 0;
    this.mode = MODE.global;
    this.depth = 0;
    this.headroom = 0;
    this.live = true;
    this.height = 0;
    this.shortfall = 0;
    this.#charged = charged || !judged;
    this.#top = -1;
    this.#loops = 0;
    this.push(CONSTRUCT.func, 0, results);
    this.floor = judged ? 0 : Number.NEGATIVE_INFINITY;
    this.credit = -entryCost;
    if (!charged && judged) this.floor = this.below(this.credit);
  }

  /** Takes the price of an instruction from the credit. */
  pay(cost: number): void {
    this.credit -= cost;
    if (this.credit < this.floor) this.floor = this.below(this.credit);
  }

  /** Credit has fallen to `credit`, below the floor: a finding, or more shortfall; the new floor. */
  below(credit: number): number {
    if (this.#charged || this.#loops > 0) {
      this.#scanner.stop("verify-credit", { missing: this.floor - credit }, this.at);
    }
    this.shortfall = -credit;
    if (this.shortfall > SHORTFALL_MAX) {
      const args = { found: this.shortfall, limit: SHORTFALL_MAX };
      this.#scanner.stop("verify-shortfall", args, this.at);
    }
    return credit;
  }

  /** The cost of a template, before its constant takes effect. */
  payTemplate(cost: number): void {
    this.credit -= cost;
    if (this.credit >= this.floor) return;
    if (!this.#charged && this.#loops === 0) this.floor = this.below(this.credit);
    else if (this.credit < DEFICIT_MIN && this.floor === 0) this.below(this.credit);
  }

  /** A charge of `units` has succeeded: nothing is known of the fuel but that it is not negative. */
  charge(units: number): void {
    this.headroom = 0;
    this.#add(units);
  }

  /** Takes `units` without a test: the fuel must be known to suffice (A11). */
  subtract(units: number): void {
    const known = this.headroom;
    if (known < units) this.#scanner.stop("verify-headroom", { found: units, known }, this.at);
    this.headroom -= units;
    this.#add(units);
  }

  /** The counted stack goes from one depth to another (A25). */
  deepen(from: number, to: number): void {
    const args = { found: Math.max(from, to), depth: this.depth };
    if (this.depth !== from) this.#scanner.stop("verify-depth", args, this.at);
    this.depth = to;
  }

  #add(units: number): void {
    this.credit += units;
    if (this.credit > CREDIT_MAX) {
      this.#scanner.stop("verify-charge-range", { found: this.credit, limit: CREDIT_MAX }, this.at);
    }
  }

  /** Enters a construct whose parameters are on the stack. */
  push(kind: number, params: number, results: number): void {
    const top = ++this.#top;
    if (top > limits.nesting) {
      const { nesting } = limits;
      this.#scanner.stop("verify-limits", { what: "nesting", found: top, limit: nesting }, this.at);
    }
    this.#kind[top] = kind;
    this.#base[top] = this.height - params;
    this.#params[top] = params;
    this.#results[top] = results;
    this.#reached[top] = 0;
    this.#startCredit[top] = this.credit;
    this.#startMode[top] = this.mode;
    this.#startDepth[top] = this.depth;
    this.#startHeadroom[top] = this.headroom;
    if (kind === CONSTRUCT.loop) {
      this.#loopAt[this.#loops++] = top;
      this.credit = 0;
      this.headroom = 0;
      if (this.floor < 0 && this.floor > Number.NEGATIVE_INFINITY) this.floor = 0;
    }
    this.#loopsTo[top] = this.#loops;
  }

  #target(label: number): number {
    const target = this.#top - label;
    if (!(target >= 0)) this.#scanner.malformed(`there is no label ${label}`, this.at);
    return target;
  }

  /** How many values a branch to this label carries. */
  arity(label: number): number {
    const target = this.#target(label);
    return this.#kind[target] === CONSTRUCT.loop ? this.#params[target]! : this.#results[target]!;
  }

  /** An edge to a label; the branch itself has been paid. */
  branch(label: number): void {
    const target = this.#target(label);
    const crossed = this.#loopsTo[target]!;
    const leaves = crossed < this.#loops;
    const credit = leaves ? this.#startCredit[this.#loopAt[crossed]!]! : this.credit;
    if (this.#kind[target] === CONSTRUCT.func) this.leave();
    else if (this.#kind[target] === CONSTRUCT.loop) {
      this.#agree(this.#startMode[target]!, this.#startDepth[target]!, this.mode, this.depth);
    } else this.#merge(target, credit, this.mode, this.depth, leaves ? 0 : this.headroom);
  }

  #agree(mode: number, depth: number, otherMode: number, otherDepth: number): void {
    if (mode === otherMode && depth === otherDepth) return;
    const one = `fuel in ${MODE_NAMES[otherMode]}, depth ${otherDepth}`;
    const other = `fuel in ${MODE_NAMES[mode]}, depth ${depth}`;
    this.#scanner.stop("verify-label", { one, other }, this.at);
  }

  #merge(to: number, credit: number, mode: number, depth: number, headroom: number): void {
    if (this.#reached[to] === 0) {
      this.#reached[to] = 1;
      this.#credit[to] = credit;
      this.#mode[to] = mode;
      this.#depth[to] = depth;
      this.#headroom[to] = headroom;
      return;
    }
    this.#agree(this.#mode[to]!, this.#depth[to]!, mode, depth);
    if (credit < this.#credit[to]!) this.#credit[to] = credit;
    if (headroom < this.#headroom[to]!) this.#headroom[to] = headroom;
  }

  /** The function is left here: the fuel is in its global and the counted stack given back. */
  leave(): void {
    if (this.mode === MODE.global && this.depth === 0) return;
    const what = this.mode === MODE.local ? "the fuel in a local" : `${this.depth} bytes counted`;
    this.#scanner.stop("verify-exit", { what }, this.at);
  }

  /** `else`, with its price for when control falls onto it. */
  otherwise(cost: number): void {
    const top = this.#top;
    if (this.#kind[top] !== CONSTRUCT.if) this.#scanner.malformed("`else` without `if`", this.at);
    if (this.live) this.#fall(top, cost);
    this.#kind[top] = CONSTRUCT.else;
    this.#restart(top);
    this.height = this.#base[top]! + this.#params[top]!;
    this.live = true;
  }

  #fall(top: number, cost: number): void {
    this.pay(cost);
    this.#merge(top, this.credit, this.mode, this.depth, this.headroom);
  }

  #restart(top: number): void {
    this.credit = this.#startCredit[top]!;
    this.mode = this.#startMode[top]!;
    this.depth = this.#startDepth[top]!;
    this.headroom = this.#startHeadroom[top]!;
  }

  /** `end`, with its price for when control falls onto it; true when it was the function's. */
  end(cost: number): boolean {
    const top = this.#top--;
    const kind = this.#kind[top]!;
    this.height = this.#base[top]! + this.#results[top]!;
    if (kind === CONSTRUCT.func) {
      if (this.live) {
        this.pay(cost);
        this.leave();
      }
      return true;
    }
    if (kind === CONSTRUCT.loop) {
      if (this.live) this.pay(cost);
      this.#loops--;
      this.credit = this.#startCredit[top]!;
      this.headroom = 0;
      if (this.#loops === 0 && !this.#charged) this.floor = -this.shortfall;
      return false;
    }
    if (this.live) this.#fall(top, cost);
    if (kind === CONSTRUCT.if) {
      this.#restart(top);
      this.#merge(top, this.credit, this.mode, this.depth, this.headroom);
    }
    this.live = this.#reached[top] === 1;
    if (this.live) {
      this.credit = this.#credit[top]!;
      this.mode = this.#mode[top]!;
      this.depth = this.#depth[top]!;
      this.headroom = this.#headroom[top]!;
    }
    return false;
  }
}
