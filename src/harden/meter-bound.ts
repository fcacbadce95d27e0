// Pass: charges of `bound` mode for one function (cut-set metering). A charge stands at the entry and once in
// every loop, and pays in advance for the most expensive path to the next charge. A loop that only plain `br`
// leads back to is charged there: its first round belongs to the region around it, and each way back pays for
// what it has used itself. Another is charged at its header and is a region of its own. One forward walk.
import { limits } from "../spec/limits.ts";
import { OP, Walker } from "../wasm/walker.ts";
import type { IntList } from "./int-list.ts";
import type { Prices, Shape } from "./prices.ts";
import type { Survey } from "./survey.ts";
import { BACK, LOOP_STRIDE } from "./surveyor.ts";

/** What an edit inserts; the value is its constant. */
export const EDIT = { charge: 1, test: 2, sub: 3 } as const;

/** The place of an edit before the first instruction. */
export const AT_ENTRY = -1;

/** A body to meter, and how it will be written. */
export interface Subject {
  readonly code: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly func: number;
  /** Defined function number. */
  readonly index: number;
  readonly results: number;
  /** Where its loops begin in the survey. */
  readonly loops: number;
  readonly shape: Shape;
}

/** More ways back than this are not worth a charge each: the loops of Go's larger functions have hundreds. */
const MOST_WAYS = 16;

/** Whether a loop is charged where it is left for the next pass. */
const chargesBack = (ways: number): boolean =>
  (ways & BACK.perhaps) === 0 && ways <= MOST_WAYS * BACK.always;

const FRAMES = limits.nesting + 1;

/** The walk's memory, reused for all functions. */
export class BoundMeter {
  readonly #survey: Survey;
  readonly #w = new Walker();
  /** Greatest cost among the branches to a frame's label, -1 for none. */
  readonly #label = new Float64Array(FRAMES);
  /** Cost at an `if`, for its else-arm. */
  readonly #fork = new Float64Array(FRAMES);
  readonly #blockType = new Int32Array(FRAMES);
  /** Cost at the header of a loop that is charged where it is left for the next round, -1 for other frames. */
  readonly #head = new Float64Array(FRAMES);
  /** Open regions of loops, outermost first: their frame, the outer cost, the greatest cost inside, their edit. */
  readonly #loopFrame = new Int32Array(FRAMES);
  readonly #outer = new Float64Array(FRAMES);
  readonly #region = new Float64Array(FRAMES);
  readonly #edit = new Int32Array(FRAMES);
  #loops = 0;
  #entryRegion = 0;

  constructor(survey: Survey) {
    this.#survey = survey;
  }

  #note(cost: number): void {
    if (this.#loops === 0) {
      if (cost > this.#entryRegion) this.#entryRegion = cost;
    } else if (cost > this.#region[this.#loops - 1]!) this.#region[this.#loops - 1] = cost;
  }

  /** A cost here, seen from the region that a frame belongs to. */
  #outside(frame: number, cost: number): number {
    let value = cost;
    for (let k = this.#loops - 1; k >= 0 && this.#loopFrame[k]! > frame; k--)
      value = this.#outer[k]!;
    return value;
  }

  /** A branch to a frame: what it contributes to the label, in the label's own region. */
  #branch(frame: number, cost: number): void {
    this.#note(cost);
    const value = this.#outside(frame, cost);
    if (value > this.#label[frame]!) this.#label[frame] = value;
  }

  /** A `br`, which is paid: back to a loop that has no charge at its header, it gets one. */
  #jump(frame: number, cost: number, charge: number, edits: IntList): void {
    this.#branch(frame, cost);
    if (this.#w.frameCode[frame] !== OP.loop || this.#head[frame]! < 0) return;
    edits.push(this.#w.at);
    edits.push(EDIT.charge);
    edits.push(clampCharge(this.#outside(frame, cost) - this.#head[frame]! + charge));
  }

  #arity(prices: Prices, frame: number, results: number): number {
    if (frame === 0) return results;
    return prices.arity(this.#blockType[frame]!, this.#w.frameCode[frame] === OP.loop);
  }

  /**
   * Walks one body and appends its loop charges to `edits` as (offset, kind, constant). Answers the cost of
   * the entry region without any entry template. Exact while it stays below 2^53.
   */
  meter(subject: Subject, prices: Prices, edits: IntList): number {
    const w = this.#w;
    const { shape, results } = subject;
    const { flat, special, templates } = prices;
    const charge = shape.local ? templates.chargeL : templates.chargeG;
    w.open(subject.code, subject.start, subject.end, subject.func);
    this.#loops = 0;
    this.#entryRegion = 0;
    this.#label[0] = -1;
    let loop = subject.loops + 3 - LOOP_STRIDE;
    let cost = prices.entry(subject.index, shape.local) + prices.head(shape);
    for (let code = w.next(); code >= 0; code = w.next()) {
      if (special[code] === 1) {
        const branches = code === OP.br || code === OP.brIf || code === OP.brTable;
        const arity = branches ? this.#arity(prices, w.depth - w.a, results) : results;
        cost += prices.specialPrice(w, shape, arity);
        if (code === OP.br) this.#jump(w.depth - w.a, cost, charge, edits);
        else if (code === OP.brIf) this.#branch(w.depth - w.a, cost);
        else if (code === OP.brTable) {
          for (let i = 0; i < w.targetCount; i++) this.#branch(w.depth - w.targets[i]!, cost);
        } else if (code === OP.return) this.#branch(0, cost);
        continue;
      }
      if (code !== OP.end && code !== OP.else) cost += flat[code]!;
      switch (code) {
        case OP.block:
        case OP.if:
          this.#blockType[w.depth] = w.a;
          this.#label[w.depth] = -1;
          this.#fork[w.depth] = cost;
          break;
        case OP.loop:
          this.#blockType[w.depth] = w.a;
          this.#label[w.depth] = -1;
          this.#note(cost);
          loop += LOOP_STRIDE;
          this.#head[w.depth] = chargesBack(this.#survey.loops[loop]!) ? cost : -1;
          if (this.#head[w.depth]! < 0) cost = this.#begin(cost, charge, edits);
          break;
        case OP.else:
          if (w.falls) this.#branchHere(w.depth, cost + flat[code]!);
          cost = this.#fork[w.depth]!;
          break;
        case OP.end:
          cost = this.#close(cost, flat[code]!, edits);
          break;
        case OP.unreachable:
          this.#note(cost);
          break;
      }
    }
    return this.#finish(cost, prices, shape);
  }

  /** A loop with a charge at its header begins; answers what its first template costs. */
  #begin(cost: number, charge: number, edits: IntList): number {
    const k = this.#loops++;
    this.#loopFrame[k] = this.#w.depth;
    this.#outer[k] = cost;
    this.#region[k] = 0;
    this.#edit[k] = edits.length + 2;
    edits.push(this.#w.pos);
    edits.push(EDIT.charge);
    edits.push(0);
    return charge;
  }

  /** The then-arm's end: goes to the label of its own frame, in the same region. */
  #branchHere(frame: number, cost: number): void {
    if (cost > this.#label[frame]!) this.#label[frame] = cost;
  }

  /** The cost after an `end`: the greatest of what leaves the construct. */
  #close(cost: number, endPrice: number, edits: IntList): number {
    const w = this.#w;
    const kind = w.frameCode[w.depth];
    if (kind === OP.loop) {
      if (this.#head[w.depth]! >= 0) return w.falls ? cost + endPrice : -1;
      if (w.falls) this.#note(cost + endPrice);
      const k = --this.#loops;
      edits.set(this.#edit[k]!, clampCharge(this.#region[k]!));
      return this.#outer[k]!;
    }
    let after = w.falls ? cost + endPrice : -1;
    if (w.depth > 0 && kind === OP.if) after = Math.max(after, this.#fork[w.depth]!);
    return Math.max(after, this.#label[w.depth]!);
  }

  /** `cost` is what leaves the function's frame, its `end` paid, or -1 when nothing does. */
  #finish(cost: number, prices: Prices, shape: Shape): number {
    if (cost < 0) return this.#entryRegion;
    // Unwrapped, the guest's last end is the function's; wrapped, it is the block's and the tail follows.
    const end = prices.flat[OP.end]!;
    const tail = shape.wrapped ? prices.tail(shape) : prices.tail(shape) - end;
    return Math.max(this.#entryRegion, cost + tail);
  }
}

/** Charges beyond 2^31 − 1 do not fit; the caller refuses the function when it sees this value. */
export const TOO_MUCH = -1;

function clampCharge(cost: number): number {
  return cost > 0x7fffffff ? TOO_MUCH : cost;
}
