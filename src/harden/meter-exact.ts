// Pass: charges of `exact` mode for one function (rule A11). A straight run of instructions (a segment) pays
// at its start what it costs and what every way on from it costs at least, less what was paid before it; where
// that is nothing, it has no charge. A test before the first charge makes sure that the fuel covers the
// dearest way to the next test, so that it never falls below zero. Tests stand where nothing is known of the
// fuel: at the entry, in loops and after calls that may spend it.
import { HOIST } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { OP, Walker } from "../wasm/walker.ts";
import { Credit, ZERO } from "./credit.ts";
import type { IntList } from "./int-list.ts";
import { AT_ENTRY, EDIT, type Subject, TOO_MUCH } from "./meter-bound.ts";
import type { EntryPlan } from "./meter-fuel.ts";
import type { Prices } from "./prices.ts";
import { bulkKind } from "./surveyor.ts";

const FRAMES = limits.nesting + 1;

/** Nothing is known of the fuel here: the next charge tests. */
const UNKNOWN = -1;

/** No edge has reached the label. */
const NONE = -2;

const MOST = 0x7fffffff;

/**
 * Walks a body twice over the same segments: first to learn their costs and which points must hold the same
 * credit, then to place charges and tests.
 */
export class ExactMeter {
  readonly #w = new Walker();
  readonly #credit = new Credit();
  /** Whether this is the second walk. */
  #placing = false;
  /** Number of the current segment, its class of credit, its cost so far, and the class that it leads to. */
  #segment = -1;
  #from = ZERO;
  #cost = 0;
  #to = -1;
  // Charges: where they stand, what they take, which test covers them, and whether it stands before them.
  readonly #at: number[] = [];
  readonly #amount: number[] = [];
  readonly #test: number[] = [];
  readonly #first: boolean[] = [];
  /** What each test must ask for. */
  readonly #need: number[] = [];
  // The point being walked: the test in force, and what has been subtracted since.
  #region = UNKNOWN;
  #used = 0;
  /** A call in this segment may have spent what the test saw. */
  #lost = false;
  // By frame: the label's state and class (a loop's: that of its header), and the state and class at an `if`.
  readonly #labelRegion = new Int32Array(FRAMES);
  readonly #labelUsed = new Float64Array(FRAMES);
  readonly #labelClass = new Int32Array(FRAMES);
  readonly #forkRegion = new Int32Array(FRAMES);
  readonly #forkUsed = new Float64Array(FRAMES);
  readonly #forkClass = new Int32Array(FRAMES);
  readonly #blockType = new Int32Array(FRAMES);
  #prices!: Prices;

  /** Starts a segment at an offset, at a point of the class; `entry` units are paid in it besides its instructions. */
  #begin(at: number, from: number, entry = 0): void {
    this.#segment++;
    this.#from = from;
    this.#to = -1;
    this.#cost = entry;
    this.#lost = false;
    if (!this.#placing) return;
    const payment = this.#credit.payment(this.#segment);
    if (payment === 0) return;
    const first = this.#region === UNKNOWN;
    if (first) {
      this.#region = this.#need.length;
      this.#need.push(0);
      this.#used = 0;
    }
    const { templates } = this.#prices;
    const amount = payment + templates.sub + (first ? templates.test : 0);
    this.#at.push(at);
    this.#amount.push(amount);
    this.#test.push(this.#region);
    this.#first.push(first);
    this.#used += amount;
    if (this.#used > this.#need[this.#region]!) this.#need[this.#region] = this.#used;
  }

  #pay(units: number): void {
    this.#cost += units;
  }

  /** The class of the points that the current segment leads to. */
  #out(): number {
    if (this.#to < 0) this.#to = this.#placing ? ZERO : this.#credit.fresh();
    return this.#to;
  }

  #join(a: number, b: number): void {
    if (!this.#placing) this.#credit.join(a, b);
  }

  /** Ends the segment; after an observing call nothing is known of the fuel. */
  #finish(): void {
    if (!this.#placing) this.#credit.add(this.#from, this.#to, this.#cost);
    if (this.#lost) this.#region = UNKNOWN;
  }

  /** The end of the segment leads to a label. */
  #reach(frame: number): void {
    this.#merge(frame, this.#region, this.#used, this.#out());
  }

  #merge(frame: number, region: number, used: number, held: number): void {
    const known = this.#labelRegion[frame]!;
    if (known === NONE) {
      this.#labelRegion[frame] = region;
      this.#labelUsed[frame] = used;
      this.#labelClass[frame] = held;
      return;
    }
    this.#join(held, this.#labelClass[frame]!);
    if (known !== region) this.#labelRegion[frame] = UNKNOWN;
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
        if (this.#lost) this.#region = UNKNOWN;
        this.#leave(0, subject);
        this.#finish();
      } else if (code !== OP.call || this.#prices.observes[w.a] === 1) this.#lost = true;
      return;
    }
    if (this.#lost) this.#region = UNKNOWN;
    if (code === OP.brTable) {
      for (let i = 0; i < w.targetCount; i++) this.#leave(w.depth - w.targets[i]!, subject);
    } else this.#leave(w.depth - w.a, subject);
    const next = this.#out();
    this.#finish();
    if (code === OP.brIf) this.#begin(w.pos, next);
  }

  /** A branch from the end of the current segment, or a return (frame 0). */
  #leave(frame: number, { shape }: Subject): void {
    // Back to a loop's header, which knows nothing of the fuel but holds what it held before the first pass.
    if (this.#w.frameCode[frame] === OP.loop) this.#join(this.#out(), this.#labelClass[frame]!);
    else {
      this.#reach(frame);
      // Unwrapped, this is a return: nothing may be held.
      if (frame === 0 && !shape.wrapped) this.#join(this.#out(), ZERO);
    }
  }

  #end(subject: Subject): void {
    const { shape } = subject;
    const w = this.#w;
    const kind = w.frameCode[w.depth];
    if (w.falls) this.#pay(this.#prices.flat[OP.end]!);
    if (kind === OP.loop) return;
    // Unwrapped, a branch to the function's own label has left it and pays for nothing here.
    const leaves = w.depth === 0 && !shape.wrapped;
    const reached = this.#labelRegion[w.depth] !== NONE;
    if (!leaves && (kind === OP.if || reached)) this.#meet(kind === OP.if);
    if (w.depth > 0 || !(w.falls || (!leaves && reached))) return;
    // Wrapped, the end paid above was the block's; the tail has one of its own.
    const tail = this.#prices.tail(shape);
    this.#pay(shape.wrapped ? tail : tail - this.#prices.flat[OP.end]!);
    this.#join(this.#out(), ZERO);
    this.#finish();
  }

  /** Several edges meet after the current `end`: a new segment. */
  #meet(implicitArm: boolean): void {
    const w = this.#w;
    const frame = w.depth;
    if (w.falls) {
      if (this.#lost) this.#region = UNKNOWN;
      this.#reach(frame);
      this.#finish();
    }
    if (implicitArm) {
      this.#merge(frame, this.#forkRegion[frame]!, this.#forkUsed[frame]!, this.#forkClass[frame]!);
    }
    this.#region = this.#labelRegion[frame]!;
    this.#used = this.#labelUsed[frame]!;
    this.#begin(w.pos, this.#labelClass[frame]!);
  }

  #open(code: number): void {
    const w = this.#w;
    this.#blockType[w.depth] = w.a;
    this.#labelRegion[w.depth] = NONE;
    if (code === OP.block) return;
    const next = this.#out();
    this.#finish();
    if (code === OP.loop) {
      this.#labelClass[w.depth] = next;
      this.#region = UNKNOWN;
      this.#begin(w.pos, next);
      return;
    }
    this.#forkRegion[w.depth] = this.#region;
    this.#forkUsed[w.depth] = this.#used;
    this.#forkClass[w.depth] = next;
    this.#begin(w.pos, next);
  }

  #else(price: number): void {
    const w = this.#w;
    if (w.falls) {
      this.#pay(price);
      if (this.#lost) this.#region = UNKNOWN;
      this.#reach(w.depth);
      this.#finish();
    }
    this.#region = this.#forkRegion[w.depth]!;
    this.#used = this.#forkUsed[w.depth]!;
    this.#begin(w.pos, this.#forkClass[w.depth]!);
  }

  #walk(subject: Subject): void {
    const w = this.#w;
    const prices = this.#prices;
    const { shape } = subject;
    const { flat, special } = prices;
    this.#segment = -1;
    this.#region = UNKNOWN;
    this.#labelRegion[0] = NONE;
    w.open(subject.code, subject.start, subject.end, subject.func);
    const entry = prices.entry(subject.index, shape.local) + prices.head(shape);
    this.#begin(AT_ENTRY, ZERO, entry + (shape.local ? prices.templates.load : 0));
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
  }

  /** Walks one body and appends its edits; answers what the callers have to pay, if anything. */
  meter(subject: Subject, prices: Prices, edits: IntList, must: boolean): EntryPlan {
    const { shape } = subject;
    this.#prices = prices;
    for (const list of [this.#at, this.#amount, this.#test, this.#need]) list.length = 0;
    this.#first.length = 0;
    this.#credit.reset();
    this.#placing = false;
    this.#walk(subject);
    if (!must && this.#credit.segments === 1 && !shape.local && !shape.counted) {
      const shortfall = this.#credit.cost(0);
      if (shortfall <= HOIST) return { entry: 0, shortfall };
    }
    this.#credit.solve();
    this.#placing = true;
    this.#walk(subject);
    this.#write(edits, subject);
    return { entry: 1, shortfall: 0 };
  }

  /** Turns charges into edits: a test that covers one charge only becomes one with it. */
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
      const cost = this.#amount[i]!;
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
