// How much of a thread a plugin takes, as a leaky bucket: what costly steps take flows in, a share of the time
// that passes flows out. Cheap steps don't count, however many there are: a plugin is judged by what one request
// of it costs, not by how many requests come. A step that traps is never cheap: a fresh instance comes after it.

/** A step below it is decent, in milliseconds. */
export const DECENT_STEP = 0.25;
/** Any step above it is expensive by itself, in milliseconds. */
export const EXPENSIVE_STEP = 5;
/** What a unit of fuel takes at the very worst, rounded up from `npm run bench -- worst`, in nanoseconds. */
const WORST_UNIT = 10;
/** Of one thread. */
export const DECENT_SHARE = 0.05;
/** Time over which the share may be used up at once, in milliseconds. */
const OVER = 1000;

export class Share {
  readonly #share: number;
  readonly #floor: number;
  #level = 0;
  #last = 0;

  /** `floor`: steps below it don't count, in milliseconds. */
  constructor(share: number, floor: number) {
    this.#share = share;
    this.#floor = floor;
  }

  /** A step has taken so many milliseconds. */
  spend(time: number, now: number): void {
    if (time >= this.#floor) this.spendAll(time, now);
  }

  /** The same for what counts however short it is. */
  spendAll(time: number, now: number): void {
    this.#leak(now);
    this.#level += time;
  }

  #leak(now: number): void {
    const passed = now - this.#last;
    this.#last = now;
    this.#level = Math.max(0, this.#level - passed * this.#share);
  }

  /** Milliseconds until it is within its share again; 0 where it is. */
  debt(now: number): number {
    this.#leak(now);
    return Math.max(0, this.#level - OVER * this.#share) / this.#share;
  }

  level(now: number): number {
    this.#leak(now);
    return this.#level;
  }
}

/** What a step says of its plugin. */
export interface Step {
  /** Milliseconds. */
  readonly time: number;
  readonly fuel: number;
  /** Its module counts fuel. */
  readonly metered: boolean;
  readonly trapped: boolean;
}

/**
 * Milliseconds of a step that the plugin is to blame for: what is longer than its fuel can take was the machine's
 * fault. A step that trapped doesn't tell its fuel.
 */
export function blamedFor({ time, fuel, metered, trapped }: Step): number {
  return metered && !trapped ? Math.min(time, (fuel * WORST_UNIT) / 1e6) : time;
}
