// A differential target: a source of modules, judged by the oracle in differential.ts. Wasmtime and the search
// for the smallest budget cost ten times the rest, so only every `rare`-th seed goes through them.

import { toFile } from "./corpus.ts";
import { Differential, type Setting } from "./differential.ts";
import type { Sample } from "./generate.ts";
import { reduce } from "./reduce.ts";
import { count, type Tally, type Target } from "./target.ts";
import { Wasmtime, wasmtimeVersion } from "./wasmtime.ts";

/** A module of a seed, or why this seed has none. */
export type Source = (seed: number) => { sample: Sample; setting: Setting } | { skipped: string };

export interface DifferentialOptions {
  /** Best without a factor in common with 2, 3 and 5, by which seeds differ in their settings. */
  readonly rare: number;
  /** Ask Wasmtime too; where it is absent, `null` says that its absence is known. */
  readonly wasmtime: boolean;
  readonly versions: Readonly<Record<string, string>>;
}

class DifferentialTarget implements Target {
  readonly versions: Readonly<Record<string, string>>;
  readonly #source: Source;
  readonly #rare: number;
  readonly #wasmtime: Wasmtime | null;

  constructor(source: Source, options: DifferentialOptions) {
    this.#source = source;
    this.#rare = options.rare;
    const version = options.wasmtime ? wasmtimeVersion() : undefined;
    this.#wasmtime = version === undefined ? null : new Wasmtime();
    this.versions =
      version === undefined ? options.versions : { ...options.versions, wasmtime: version };
  }

  async run(seed: number, tally: Tally): Promise<void> {
    const made = this.#source(seed);
    if ("skipped" in made) return count(tally, `skipped: ${made.skipped}`);
    const { sample, setting } = made;
    const rare = seed % this.#rare === 0;
    const judge = (candidate: Sample) =>
      new Differential(candidate, setting, rare ? this.#wasmtime : null).judge(rare);
    const verdict = await judge(sample);
    if (verdict.refused !== null) return count(tally, `refused: ${verdict.refused}`);
    count(tally, "hardened");
    count(tally, "calls compared with the original", verdict.compared);
    count(tally, "calls ended by a limit", verdict.limited);
    count(tally, "runs compared between V8 and Wasmtime", verdict.engines);
    count(tally, "exact and exact - 1 budgets probed", verdict.probed);
    if (verdict.failure === null) return;
    const sort = (what: string) => what.replace(/[0-9a-f]{4,}|\d+/g, "#").slice(0, 60);
    const smaller = await reduce(sample, async (candidate) => {
      const { failure } = await judge(candidate);
      return failure !== null && sort(failure) === sort(verdict.failure!);
    });
    tally.failures.push({ seed, what: verdict.failure, bytes: toFile(smaller, setting) });
  }

  end(): void {
    this.#wasmtime?.end();
  }
}

export function differentialTarget(source: Source, options: DifferentialOptions): Target {
  return new DifferentialTarget(source, options);
}
