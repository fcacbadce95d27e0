// Deadlines of connections and requests, swept together: setting one is storing a number, and a thread has one
// timer however many connections. A deadline is met within one sweep after it; the timer stops while nobody waits.

/** What can run out of time. */
export interface Timed {
  /** Monotonic milliseconds; Infinity for none. */
  deadline: number;
  /** The deadline has passed; it was set to Infinity before. */
  onDeadline(): void;
}

/** Milliseconds between sweeps. */
const SWEEP = 20;

export class Deadlines {
  readonly #timed = new Set<Timed>();
  readonly #now: () => number;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  now(): number {
    return this.#now();
  }

  add(timed: Timed): void {
    this.#timed.add(timed);
    if (this.#timer === null) {
      this.#timer = setInterval(() => this.sweep(), SWEEP);
      this.#timer.unref();
    }
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed);
    if (this.#timed.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  /** Tells everybody whose time has come. */
  sweep(): void {
    const now = this.#now();
    for (const timed of this.#timed) {
      if (timed.deadline > now) continue;
      timed.deadline = Number.POSITIVE_INFINITY;
      timed.onDeadline();
    }
  }
}
