// Pass: charges of `exact` mode for one function (rule A11). Every straight run of instructions (a segment)
// subtracts exactly what it costs at its start; a test before the first of them makes sure that the fuel
// covers the dearest way to the next test, so that it never falls below zero. Tests stand where nothing is
// known of the fuel: at the entry, at loop headers, after loops and after calls that may spend it.
import { HOIST } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { OP, Walker } from "../wasm/walker.ts";
import type { IntList } from "./int-list.ts";
import { AT_ENTRY, EDIT, type Subject, TOO_MUCH } from "./meter-bound.ts";
import type { EntryPlan } from "./meter-fuel.ts";
import type { Prices } from "./prices.ts";
import { bulkKind } from "./surveyor.ts";

const FRAMES = limits.nesting + 1;

/** Nothing is known of the fuel here: the next segment tests. */
const UNKNOWN = -1;

/** No edge has reached the label. */
const NONE = -2;

const MOST = 0x7fffffff;

export class ExactMeter {
  readonly #w = new Walker();
  // Segments of the function: where they start, what they cost with their own templates, which test covers
  // them, and whether that test stands at their start.
  readonly #at: number[] = [];
  readonly #cost: number[] = [];
  readonly #test: number[] = [];
  readonly #first: boolean[] = [];
  /** What each test must ask for. */
  readonly #need: number[] = [];
  // The point being walked: the test in force, and what has been subtracted since.
  #region = UNKNOWN;
  #used = 0;
  /** A call in this segment may have spent what the test saw. */
  #lost = false;
  // By frame: the label's state, and the state at an `if`.
  readonly #labelRegion = new Int32Array(FRAMES);
  readonly #labelUsed = new Float64Array(FRAMES);
  readonly #forkRegion = new Int32Array(FRAMES);
  readonly #forkUsed = new Float64Array(FRAMES);
  readonly #blockType = new Int32Array(FRAMES);
  readonly #loopFrame = new Int32Array(FRAMES);
  #loops = 0;
  #prices!: Prices;

  /** Starts a segment at an offset; `entry` units are paid in it besides its instructions. */
  #begin(at: number, entry = 0): void {
    const first = this.#region === UNKNOWN;
    if (first) {
      this.#region = this.#need.length;
      this.#need.push(0);
      this.#used = 0;
    }
    const { templates } = this.#prices;
    this.#at.push(at);
    this.#cost.push(entry + templates.sub + (first ? templates.test : 0));
    this.#test.push(this.#region);
    this.#first.push(first);
    this.#lost = false;
  }

  #pay(units: number): void {
    const last = this.#cost.length - 1;
    this.#cost[last] = this.#cost[last]! + units;
  }

  /** Ends the segment: what follows has used that much more, or knows nothing after an observing call. */
  #finish(): void {
    const last = this.#cost.length - 1;
    this.#used += this.#cost[last]!;
    if (this.#used > this.#need[this.#region]!) this.#need[this.#region] = this.#used;
    if (this.#lost) this.#region = UNKNOWN;
  }

  /** The state here reaches a label, from inside `crossed` loops of it. */
  #reach(frame: number): void {
    const crosses = this.#loops > 0 && this.#loopFrame[this.#loops - 1]! > frame;
    this.#merge(frame, crosses ? UNKNOWN : this.#region, this.#used);
  }

  #merge(frame: number, region: number, used: number): void {
    const known = this.#labelRegion[frame]!;
    if (known === NONE) {
      this.#labelRegion[frame] = region;
      this.#labelUsed[frame] = used;
    } else if (known !== region) this.#labelRegion[frame] = UNKNOWN;
    else if (used > this.#labelUsed[frame]!) this.#labelUsed[frame] = used;
  }

  #arity(frame: number, results: number): number {
    if (frame === 0) return results;
    return this.#prices.arity(this.#blockType[frame]!, this.#w.frameCode[frame] === OP.loop);
  }

  #special(code: number, subject: Subject): void {
    const w = this.#w;
    const branches = code === OP.br || code === OP.brIf || code === OP.brTable;
    const arity = branches ? this.#arity(w.depth - w.a, subject.results) : subject.results;
    this.#pay(this.#prices.specialPrice(w, subject.shape, arity));
    if (!branches) {
      if (code === OP.return) {
        this.#finish();
        this.#reach(0);
      } else if (code !== OP.call || this.#prices.observes[w.a] === 1) this.#lost = true;
      return;
    }
    this.#finish();
    if (code === OP.brTable) {
      for (let i = 0; i < w.targetCount; i++) this.#branch(w.depth - w.targets[i]!);
    } else this.#branch(w.depth - w.a);
    if (code === OP.brIf) this.#begin(w.pos);
  }

  #branch(frame: number): void {
    if (this.#w.frameCode[frame] !== OP.loop) this.#reach(frame);
  }

  #end({ shape }: Subject): void {
    const w = this.#w;
    const kind = w.frameCode[w.depth];
    if (w.falls) this.#pay(this.#prices.flat[OP.end]!);
    if (kind === OP.loop) {
      this.#loops--;
      if (!w.falls) return;
      this.#finish();
      this.#region = UNKNOWN;
      this.#begin(w.pos);
      return;
    }
    // Unwrapped, a branch to the function's own label has left it and pays for nothing here.
    const leaves = w.depth === 0 && !shape.wrapped;
    const reached = this.#labelRegion[w.depth] !== NONE;
    if (!leaves && (kind === OP.if || reached)) this.#join(kind === OP.if);
    if (w.depth > 0 || !(w.falls || (!leaves && reached))) return;
    // Wrapped, the end paid above was the block's; the tail has one of its own.
    const tail = this.#prices.tail(shape);
    this.#pay(shape.wrapped ? tail : tail - this.#prices.flat[OP.end]!);
    this.#finish();
  }

  /** Several edges meet after the current `end`: a new segment. */
  #join(implicitArm: boolean): void {
    const w = this.#w;
    const frame = w.depth;
    if (w.falls) {
      this.#finish();
      this.#reach(frame);
    }
    if (implicitArm) this.#merge(frame, this.#forkRegion[frame]!, this.#forkUsed[frame]!);
    this.#region = this.#labelRegion[frame]!;
    this.#used = this.#labelUsed[frame]!;
    this.#begin(w.pos);
  }

  #open(code: number): void {
    const w = this.#w;
    this.#blockType[w.depth] = w.a;
    this.#labelRegion[w.depth] = NONE;
    if (code === OP.block) return;
    this.#finish();
    this.#forkRegion[w.depth] = this.#region;
    this.#forkUsed[w.depth] = this.#used;
    if (code === OP.loop) {
      this.#loopFrame[this.#loops++] = w.depth;
      this.#region = UNKNOWN;
    }
    this.#begin(w.pos);
  }

  #else(price: number): void {
    const w = this.#w;
    if (w.falls) {
      this.#pay(price);
      this.#finish();
      this.#reach(w.depth);
    }
    this.#region = this.#forkRegion[w.depth]!;
    this.#used = this.#forkUsed[w.depth]!;
    this.#begin(w.pos);
  }

  /** Walks one body and appends its edits; answers what the callers have to pay, if anything. */
  meter(subject: Subject, prices: Prices, edits: IntList, must: boolean): EntryPlan {
    const w = this.#w;
    const { shape } = subject;
    const { flat, special } = prices;
    this.#prices = prices;
    for (const list of [this.#at, this.#cost, this.#test, this.#need]) list.length = 0;
    this.#first.length = 0;
    this.#region = UNKNOWN;
    this.#loops = 0;
    this.#labelRegion[0] = NONE;
    w.open(subject.code, subject.start, subject.end, subject.func);
    const entry = prices.entry(subject.index, shape.local) + prices.head(shape);
    this.#begin(AT_ENTRY, entry + (shape.local ? prices.templates.load : 0));
    for (let code = w.next(); code >= 0; code = w.next()) {
      if (special[code] === 1) this.#special(code, subject);
      else if (code === OP.block || code === OP.loop || code === OP.if) {
        this.#pay(flat[code]!);
        this.#open(code);
      } else if (code === OP.else) this.#else(flat[code]!);
      else if (code === OP.end) this.#end(subject);
      else {
        this.#pay(flat[code]!);
        if (bulkKind[code] !== 0) this.#lost = true;
        if (code === OP.unreachable) this.#finish();
      }
    }
    if (!must && this.#isStraight(subject)) {
      const { sub, test } = prices.templates;
      const shortfall = this.#cost[0]! - sub - test;
      if (shortfall <= HOIST) return { entry: 0, shortfall };
    }
    this.#write(edits, subject);
    return { entry: 1, shortfall: 0 };
  }

  #isStraight({ shape }: Subject): boolean {
    return this.#cost.length === 1 && !shape.local && !shape.counted;
  }

  /** Turns segments into edits: a test that covers one segment only becomes a charge with it. */
  #write(edits: IntList, { shape }: Subject): void {
    const { templates } = this.#prices;
    const add = (at: number, kind: number, value: number) => {
      edits.push(at);
      edits.push(kind);
      edits.push(value > MOST ? TOO_MUCH : value);
    };
    const spared = templates.test + templates.sub;
    for (let i = 0; i < this.#at.length; i++) {
      const at = this.#at[i]!;
      const cost = this.#cost[i]!;
      const need = this.#need[this.#test[i]!]!;
      if (this.#first[i] && need === cost) {
        const entryLoad = at === AT_ENTRY && shape.local ? templates.load : 0;
        const price = shape.local
          ? at === AT_ENTRY
            ? templates.enterL
            : templates.chargeL
          : templates.chargeG;
        add(at, EDIT.charge, cost - spared - entryLoad + price);
        continue;
      }
      if (this.#first[i]) add(at, EDIT.test, need);
      add(at, EDIT.sub, cost);
    }
  }
}
