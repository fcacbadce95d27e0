// A distribution for eyes and for programs: quantiles, and a histogram whose buckets double.

import { Sketch, type SketchData } from "../record/sketch.ts";
import { samplesNeeded } from "./proposals.ts";

export interface Plot {
  readonly what: string;
  readonly unit: "fuel" | "pages";
  readonly count: number;
  readonly most: number;
  /** false: values are rounded up, by less than 1 %. */
  readonly exact: boolean;
  readonly quantiles: Readonly<Record<string, number>>;
  /** Values above the bucket before and up to `upTo`; empty buckets in between are there. */
  readonly histogram: readonly { readonly upTo: number; readonly count: number }[];
}

const QUANTILES = [50, 90, 99, 99.9, 99.99] as const;

/** The bucket of a value: the least power of two that is not less; 0 has its own. */
function bucketOf(value: number): number {
  if (value <= 1) return value;
  return 2 ** Math.ceil(Math.log2(value));
}

export function plotOf(what: string, unit: Plot["unit"], data: SketchData): Plot {
  const sketch = Sketch.from(data);
  const counts = new Map<number, number>();
  for (const [value, count] of data.values) {
    const upTo = bucketOf(value);
    counts.set(upTo, (counts.get(upTo) ?? 0) + count);
  }
  const edges = [...counts.keys()].sort((a, b) => a - b);
  const histogram: { upTo: number; count: number }[] = [];
  const last = edges.at(-1) ?? 0;
  for (let upTo = edges[0] ?? 1; edges.length > 0 && upTo <= last; upTo = Math.max(1, upTo * 2)) {
    histogram.push({ upTo, count: counts.get(upTo) ?? 0 });
  }
  return {
    what,
    unit,
    count: sketch.count,
    most: sketch.most,
    exact: data.exact,
    quantiles: Object.fromEntries(QUANTILES.map((p) => [`p${p}`, sketch.quantile(p)])),
    histogram,
  };
}

const WIDTH = 40;

/** A bar a bucket that isn't empty, the longest 40 characters; buckets left out between two show as one line. */
export function plotLines(plot: Plot, number: (value: number) => string): readonly string[] {
  const top = Math.max(1, ...plot.histogram.map(({ count }) => count));
  const labels = plot.histogram.map(({ upTo }) => number(upTo));
  const width = Math.max(0, ...labels.map((label) => label.length));
  // One that the sample is too small for would only be the greatest value again.
  const quantiles = QUANTILES.filter((p) => plot.count >= samplesNeeded(p)).map(
    (p) => `p${p} ${number(plot.quantiles[`p${p}`]!)}`,
  );
  const values = plot.count === 1 ? "one value" : `${number(plot.count)} values`;
  return [
    `${plot.what}: ${[values, ...quantiles, `most ${number(plot.most)}`].join(", ")}`,
    ...plot.histogram.flatMap(({ count }, i) => {
      if (count === 0) return plot.histogram[i - 1]?.count === 0 ? [] : "  …";
      const bar = "█".repeat(Math.max(1, Math.round((count / top) * WIDTH)));
      return `  ≤ ${labels[i]!.padStart(width)} ${number(count).padStart(number(top).length)} ${bar}`;
    }),
  ];
}
