// The statistics of one thread: numbers in shared memory, so that the control thread can read them also while
// this thread hangs. A cell has one writer; readers may see a value that is a moment old. What a cell means is
// announced once, by a message, before it is written.
import { bounds, type Stat, type StatKey, stat } from "../../spec/stats.ts";

/** Cells of one block of memory. */
const BLOCK = 8192;
/** What one thread may have; what goes beyond is counted into one cell that nobody reads. */
const BLOCKS = 64;

export type Labels = Readonly<Record<string, string>>;

/** Where a statistic of a thread is found. */
export interface Announcement {
  readonly key: StatKey;
  readonly labels: Labels;
  readonly block: SharedArrayBuffer;
  readonly at: number;
}

/** A counter or gauge; also the buckets, count and sum of a histogram, one after the other. */
export class Cell {
  readonly #cells: Float64Array;
  readonly #at: number;

  constructor(cells: Float64Array, at: number) {
    this.#cells = cells;
    this.#at = at;
  }

  add(amount: number): void {
    this.#cells[this.#at]! += amount;
  }

  set(value: number): void {
    this.#cells[this.#at] = value;
  }

  get value(): number {
    return this.#cells[this.#at]!;
  }
}

/** One cell a bound, one for what is above all of them, then count and sum. */
export class Histogram {
  readonly #cells: Float64Array;
  readonly #at: number;
  readonly #bounds: readonly number[];

  constructor(cells: Float64Array, at: number, list: readonly number[]) {
    this.#cells = cells;
    this.#at = at;
    this.#bounds = list;
  }

  record(value: number): void {
    const list = this.#bounds;
    let i = 0;
    while (i < list.length && value > list[i]!) i++;
    const at = this.#at;
    const end = at + list.length + 1;
    this.#cells[at + i]! += 1;
    this.#cells[end]! += 1;
    this.#cells[end + 1]! += value;
  }
}

/** How many cells a row takes. */
export function cellsOf(row: Stat): number {
  return row.kind === "histogram" ? bounds[row.bounds!].length + 3 : 1;
}

export class StatCells {
  readonly #announce: (one: Announcement) => void;
  readonly #known = new Map<string, Cell | Histogram>();
  #block: SharedArrayBuffer | null = null;
  #cells: Float64Array = new Float64Array(0);
  #used = BLOCK;
  #blocks = 0;

  constructor(announce: (one: Announcement) => void) {
    this.#announce = announce;
  }

  cell(key: StatKey, labels: Labels = {}): Cell {
    return this.#get(key, labels, (cells, at) => new Cell(cells, at));
  }

  histogram(key: StatKey, labels: Labels = {}): Histogram {
    const list = bounds[stat(key).bounds!];
    return this.#get(key, labels, (cells, at) => new Histogram(cells, at, list));
  }

  #get<T extends Cell | Histogram>(
    key: StatKey,
    labels: Labels,
    make: (cells: Float64Array, at: number) => T,
  ): T {
    const id = `${key}\0${Object.values(labels).join("\0")}`;
    const known = this.#known.get(id);
    if (known !== undefined) return known as T;
    const size = cellsOf(stat(key));
    if (this.#used + size > BLOCK) {
      if (this.#blocks >= BLOCKS) return make(new Float64Array(size), 0);
      this.#blocks++;
      this.#block = new SharedArrayBuffer(BLOCK * Float64Array.BYTES_PER_ELEMENT);
      this.#cells = new Float64Array(this.#block);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += size;
    const made = make(this.#cells, at);
    this.#known.set(id, made);
    this.#announce({ key, labels, block: this.#block!, at });
    return made;
  }
}
