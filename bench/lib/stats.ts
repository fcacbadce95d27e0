// Medians with their interval, and sides that take turns. No clock here: a side answers its own time, so a
// peer in another process is timed inside it.

export interface Summary {
  readonly runs: number;
  readonly median: number;
  /** About 95 %: the order statistics around the median, no distribution assumed. */
  readonly low: number;
  readonly high: number;
}

/** The median of the samples with its interval; needs at least one sample. */
export function summarise(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const n = sorted.length;
  const middle = (n - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  // Ranks n/2 ± 1.96·√n/2 of a binomial; with few runs that is the whole range.
  const reach = (1.96 * Math.sqrt(n)) / 2;
  const low = sorted[Math.max(0, Math.floor(n / 2 - reach))]!;
  const high = sorted[Math.min(n - 1, Math.ceil(n / 2 + reach) - 1)]!;
  return { runs: n, median, low, high };
}

/** Runs once and answers what it took, in milliseconds. */
export type Side = () => number | Promise<number>;

/**
 * Samples of each side: first `warmup` rounds that count for nothing, then `rounds` that do. In every round
 * each side runs once, in turn, the order reversed from round to round, so that a slower phase of the machine
 * hits all sides alike.
 */
export async function alternate(
  sides: readonly Side[],
  { warmup, rounds }: { readonly warmup: number; readonly rounds: number },
): Promise<readonly (readonly number[])[]> {
  const samples: number[][] = sides.map(() => []);
  for (let round = 0; round < warmup + rounds; round++) {
    const order = [...sides.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const took = await sides[index]!();
      if (round >= warmup) samples[index]!.push(took);
    }
  }
  return samples;
}

/** The ratio of two sides, round by round, so that what slows both cancels out. */
export function ratios(above: readonly number[], below: readonly number[]): Summary {
  return summarise(above.map((value, round) => value / below[round]!));
}

/** The geometric mean; needs at least one value. */
export function geomean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The straight line with the least squared error through points of at least two different x. */
export function fitLine(points: readonly { readonly x: number; readonly y: number }[]): {
  readonly start: number;
  readonly slope: number;
} {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const mx = mean(points.map(({ x }) => x));
  const my = mean(points.map(({ y }) => y));
  const slope =
    mean(points.map(({ x, y }) => (x - mx) * (y - my))) /
    mean(points.map(({ x }) => (x - mx) ** 2));
  return { start: my - slope * mx, slope };
}
