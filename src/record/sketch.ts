// A distribution of counts in bounded memory: exact while there are few different values, then rounded up to two
// to three significant digits. The invariant: a quantile is never less than the true one, so that a limit made from it
// holds.

/** Different values that are kept exactly; beyond, buckets of 1/128 of their value. */
const EXACT = 2048;
const BITS = 7;

export interface SketchData {
  /** false: values are rounded up, by less than 1 %. */
  readonly exact: boolean;
  /** Value and how often, by value. */
  readonly values: readonly (readonly [value: number, count: number])[];
}

/** The smallest bucket edge that is not less. */
function roundUp(value: number): number {
  if (value < 2 ** (BITS + 1)) return value;
  const step = 2 ** (Math.floor(Math.log2(value)) - BITS);
  return Math.ceil(value / step) * step;
}

export class Sketch {
  #values = new Map<number, number>();
  #exact = true;
  #count = 0;
  #most = 0;

  static from({ exact, values }: SketchData): Sketch {
    const sketch = new Sketch();
    sketch.#exact = exact;
    for (const [value, count] of values) sketch.add(value, count);
    return sketch;
  }

  /** `value`: 0 and up. */
  add(value: number, count = 1): void {
    this.#count += count;
    if (value > this.#most) this.#most = value;
    const key = this.#exact ? value : roundUp(value);
    this.#values.set(key, (this.#values.get(key) ?? 0) + count);
    if (this.#exact && this.#values.size > EXACT) this.#round();
  }

  #round(): void {
    const before = this.#values;
    this.#exact = false;
    this.#values = new Map();
    for (const [value, count] of before) {
      const key = roundUp(value);
      this.#values.set(key, (this.#values.get(key) ?? 0) + count);
    }
  }

  merge(other: Sketch): void {
    if (!other.#exact && this.#exact) this.#round();
    for (const [value, count] of other.#values) this.add(value, count);
    this.#most = Math.max(this.#most, other.#most);
  }

  get count(): number {
    return this.#count;
  }

  /** The greatest value, exactly where the sketch saw it itself; 0 where there is none. */
  get most(): number {
    return this.#most;
  }

  /** The least value that `percent` of all values don't exceed; 0 where there is none. */
  quantile(percent: number): number {
    const wanted = Math.max(1, Math.ceil((this.#count * percent) / 100));
    let seen = 0;
    for (const [value, count] of this.#sorted()) {
      seen += count;
      if (seen >= wanted) return Math.min(value, this.#most);
    }
    return 0;
  }

  #sorted(): [number, number][] {
    return [...this.#values].sort(([a], [b]) => a - b);
  }

  data(): SketchData {
    return { exact: this.#exact, values: this.#sorted() };
  }
}
