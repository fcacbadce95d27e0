// The statistics of all threads as one list. A thread that ended leaves its counters behind, so that no
// counter ever goes back; its gauges go with it.
import { bounds, type Stat, stat } from "../../spec/stats.ts";
import { type Announcement, cellsOf, type Labels } from "./cells.ts";

export interface Sample {
  readonly row: Stat;
  readonly labels: Labels;
  /** Of a histogram the number of recorded values. */
  readonly value: number;
  readonly histogram: HistogramSample | null;
}

export interface HistogramSample {
  readonly bounds: readonly number[];
  /** One more than bounds: the last is what lies above. */
  readonly buckets: readonly number[];
  readonly sum: number;
}

interface Known {
  readonly cells: Float64Array;
  readonly at: number;
}

interface Series {
  readonly row: Stat;
  readonly labels: Labels;
  readonly threads: Map<number, Known>;
  /** What ended threads have counted. */
  readonly past: number[];
}

export class StatMerge {
  readonly #series = new Map<string, Series>();
  readonly #views = new WeakMap<SharedArrayBuffer, Float64Array>();

  accept(thread: number, { key, labels, block, at }: Announcement): void {
    const id = `${key}\0${Object.values(labels).join("\0")}`;
    let series = this.#series.get(id);
    if (series === undefined) {
      const row = stat(key);
      series = { row, labels, threads: new Map(), past: new Array<number>(cellsOf(row)).fill(0) };
      this.#series.set(id, series);
    }
    let cells = this.#views.get(block);
    if (cells === undefined) {
      cells = new Float64Array(block);
      this.#views.set(block, cells);
    }
    series.threads.set(thread, { cells, at });
  }

  /** A thread has ended. */
  retire(thread: number): void {
    for (const { row, threads, past } of this.#series.values()) {
      const known = threads.get(thread);
      threads.delete(thread);
      if (known === undefined || row.kind === "gauge") continue;
      for (let i = 0; i < past.length; i++) past[i]! += known.cells[known.at + i]!;
    }
  }

  /** Every statistic with its value of now, sorted by its first name. */
  samples(): Sample[] {
    return [...this.#series.values()].map(sample).sort((a, b) => {
      const [x, y] = [nameOf(a), nameOf(b)];
      return x < y ? -1 : x > y ? 1 : 0;
    });
  }
}

function sample({ row, labels, threads, past }: Series): Sample {
  const sums = [...past];
  for (const { cells, at } of threads.values()) {
    for (let i = 0; i < sums.length; i++) {
      const value = cells[at + i]!;
      sums[i] = row.merge === "max" ? Math.max(sums[i]!, value) : sums[i]! + value;
    }
  }
  if (row.kind !== "histogram") return { row, labels, value: sums[0]!, histogram: null };
  const list = bounds[row.bounds!];
  const buckets = sums.slice(0, list.length + 1);
  const [value, sum] = [sums[list.length + 1]!, sums[list.length + 2]!];
  return { row, labels, value, histogram: { bounds: list, buckets, sum } };
}

const nameOf = ({ row, labels }: Sample): string => statName(row.names[0]!, labels);

/** Line ends and whatever else a configuration's names may hold that would make lines of their own. */
const control = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** A name with its placeholders filled; `{x_}` is `{x}` with everything but letters and digits as underscores. */
export function statName(pattern: string, labels: Labels): string {
  return pattern.replace(/\{(\w+?)(_?)\}/g, (whole, label: string, plain: string) => {
    const value = labels[label];
    if (value === undefined) return whole;
    return value.replace(plain === "_" ? /[^A-Za-z0-9]/g : control, "_");
  });
}
