// The wait between two new instances of a plugin that keeps failing: longer each time, and not the same in every
// thread. The first new instance is never waited for. It must not know why the plugin failed.

/** Added to each wait, at random: up to this part of it, as in Envoy. */
const JITTER = 0.5;
const MILLISECOND = 1e6;

export interface BackoffLimits {
  /** Milliseconds of the first wait; 0 for none. */
  readonly base: number;
  /** Milliseconds of the longest one, to which waits are doubled; null: they don't grow, as in Envoy. */
  readonly max: number | null;
}

export class Backoff {
  readonly #limits: BackoffLimits;
  /** From 0 (included) to 1 (not). */
  readonly #random: () => number;
  /** Nanoseconds: when the last instance was made, and how long it is waited for the next. */
  #made = 0n;
  #wait = 0n;
  /** Instances before this one that failed at once. */
  #row = -1;

  constructor(limits: BackoffLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** The plugin's first instance is made; monotonic nanoseconds. */
  begin(now: bigint): void {
    this.#made = now;
  }

  /** Whether another may be made. */
  over(now: bigint): boolean {
    return now - this.#made >= this.#wait;
  }

  /** Another is made. */
  again(now: bigint): void {
    const { base, max } = this.#limits;
    // One that has lived for longer than any wait wasn't one of a row that fails at once.
    const longest = BigInt(Math.round((max ?? base * (1 + JITTER)) * MILLISECOND));
    const lived = now - this.#made - this.#wait;
    this.#row = lived >= longest ? 0 : this.#row + 1;
    this.#made = now;
    const grown = max === null ? base : base * 2 ** this.#row;
    const wait = grown * (1 + this.#random() * JITTER);
    this.#wait = BigInt(Math.round(Math.min(max ?? Number.POSITIVE_INFINITY, wait) * MILLISECOND));
  }
}
