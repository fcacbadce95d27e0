// Time and randomness as the host sees them: one object each, given by the caller, so that a run can be
// repeated exactly. Nothing else in the host reads a clock.
import { randomFillSync } from "node:crypto";

export interface Clock {
  /** Nanoseconds since 1970. */
  realtime(): bigint;
  /** Nanoseconds since some fixed point. */
  monotonic(): bigint;
}

export interface RandomSource {
  fill(bytes: Uint8Array): void;
}

/** A number from 0 (included) to 1 (not). */
export function fraction(random: RandomSource): number {
  const bytes = new Uint8Array(4);
  random.fill(bytes);
  return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  realtime: () => BigInt(Date.now()) * 1_000_000n,
  monotonic: () => process.hrtime.bigint(),
};

/** The machine's secure random source. */
export const systemRandom: RandomSource = {
  fill: (bytes) => {
    randomFillSync(bytes);
  },
};

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  #now: bigint;
  readonly #start: bigint;

  /** `start`: nanoseconds since 1970; the default is a round moment in 2025. */
  constructor(start = 1_750_000_000_000_000_000n) {
    this.#now = start;
    this.#start = start;
  }

  realtime(): bigint {
    return this.#now;
  }

  /** Starts at a second: a real one is never at zero, and Go's runtime stops where it is. */
  monotonic(): bigint {
    return this.#now - this.#start + 1_000_000_000n;
  }

  advance(milliseconds: number): void {
    this.#now += BigInt(Math.round(milliseconds * 1e6));
  }
}

/** Repeatable bytes for tests and trials (splitmix32); never for secrets. */
export class SeededRandom implements RandomSource {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      this.#state = (this.#state + 0x9e3779b9) >>> 0;
      let z = this.#state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      bytes[i] = (z ^ (z >>> 15)) & 0xff;
    }
  }
}
