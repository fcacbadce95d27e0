// What every fuzz target is to the command line and to the tests: it runs the modules of some seeds, one after
// the other, and says how often what happened. The same seeds give the same modules and the same answers.

export interface Failed {
  readonly seed: number;
  readonly what: string;
  /** A file for the regression corpus. */
  readonly bytes: Uint8Array;
}

export interface Tally {
  runs: number;
  readonly counts: Record<string, number>;
  readonly failures: Failed[];
}

export interface Target {
  /** Parties that it needs, with their versions; a missing one is a reason not to run. */
  readonly versions: Readonly<Record<string, string>>;
  /** Runs one seed and adds to the tally. */
  run(seed: number, tally: Tally): Promise<void>;
  /** Ends what it started. */
  end(): void;
}

export function emptyTally(): Tally {
  return { runs: 0, counts: {}, failures: [] };
}

export function count(tally: Tally, name: string, by = 1): void {
  if (by > 0) tally.counts[name] = (tally.counts[name] ?? 0) + by;
}

/** Runs seeds until `runs` are done or `seconds` have passed. `began` hears of each seed before it runs. */
export async function runSeeds(
  target: Target,
  from: number,
  runs: number,
  seconds = Number.POSITIVE_INFINITY,
  began: (seed: number) => void = () => {},
): Promise<Tally> {
  const tally = emptyTally();
  const until = performance.now() + seconds * 1000;
  for (let seed = from; seed < from + runs && performance.now() < until; seed++) {
    began(seed);
    await target.run(seed, tally);
    tally.runs++;
  }
  return tally;
}
