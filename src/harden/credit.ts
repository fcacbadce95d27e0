// How much may be paid in advance at each point of a function so that every way through it still pays exactly
// what it executes. Points that one instruction leads to, or that lead to one place, must hold the same
// credit: they are one class. A class may hold what its cheapest way out costs, and never more.

/** The class of points where nothing may be held: the entry and returns. */
export const ZERO = 0;

/** Rounds of relaxation; a function that needs more holds no credit at all, which is always right. */
const ROUNDS = 16;

const FAR = Number.POSITIVE_INFINITY;

export class Credit {
  readonly #parent: number[] = [];
  /** By segment: the class where it starts, the class where it ends (-1: nothing leaves it), its cost. */
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #cost: number[] = [];
  #held = new Float64Array(0);

  reset(): void {
    for (const list of [this.#parent, this.#from, this.#to, this.#cost]) list.length = 0;
    this.#parent.push(ZERO);
  }

  fresh(): number {
    this.#parent.push(this.#parent.length);
    return this.#parent.length - 1;
  }

  #root(of: number): number {
    const parent = this.#parent;
    let at = of;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  }

  /** Makes two classes one; the smaller number stays, so ZERO does. */
  join(a: number, b: number): void {
    const x = this.#root(a);
    const y = this.#root(b);
    if (x < y) this.#parent[y] = x;
    else this.#parent[x] = y;
  }

  /** Adds a segment in program order. */
  add(from: number, to: number, cost: number): void {
    this.#from.push(from);
    this.#to.push(to);
    this.#cost.push(cost);
  }

  get segments(): number {
    return this.#cost.length;
  }

  cost(segment: number): number {
    return this.#cost[segment]!;
  }

  /** Finds what each class holds: the shortest way from it to ZERO, nothing where there is none. */
  solve(): void {
    const held = new Float64Array(this.#parent.length).fill(FAR);
    held[ZERO] = 0;
    const count = this.#cost.length;
    for (let i = 0; i < count; i++) {
      this.#from[i] = this.#root(this.#from[i]!);
      if (this.#to[i]! >= 0) this.#to[i] = this.#root(this.#to[i]!);
    }
    let changed = true;
    for (let round = 0; changed && round < ROUNDS; round++) {
      changed = false;
      for (let i = count - 1; i >= 0; i--) {
        const to = this.#to[i]!;
        if (to < 0) continue;
        const way = this.#cost[i]! + held[to]!;
        if (way < held[this.#from[i]!]!) {
          held[this.#from[i]!] = way;
          changed = true;
        }
      }
    }
    this.#held = changed ? held.fill(0) : held.map((value) => (value === FAR ? 0 : value));
  }

  /** What a segment pays at its start. */
  payment(segment: number): number {
    const to = this.#to[segment]!;
    const after = to < 0 ? 0 : this.#held[to]!;
    return Math.max(0, after + this.#cost[segment]! - this.#held[this.#from[segment]!]!);
  }
}
