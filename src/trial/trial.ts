// The trial: every row of the article's Expected Behaviour and Failure Modes tables and of what goes beyond, measured unhardened and
// hardened. A row that could not be measured says so and never counts as held.
import type { Case, CaseRow, Cell, Detail } from "./case.ts";
import { cases } from "./cases.ts";
import { Lab } from "./lab.ts";

export type Verdict =
  | "held"
  | "broken" // measured, and the promise does not hold
  | "skipped" // the plugins that it needs are not there
  | "not-exercised"; // a plugin of the user's that does nothing of the kind

export interface TrialRow extends CaseRow {
  readonly unhardened: Cell | null;
  readonly hardened: Cell | null;
  readonly verdict: Verdict;
  /** Why, for rows without a measurement. */
  readonly reason: string | null;
  readonly details: readonly Detail[];
}

export interface TrialReport {
  readonly engine: "lab" | "envoy";
  /** Of the Envoy; null in the lab. */
  readonly release: string | null;
  readonly rows: readonly TrialRow[];
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Every row that was measured held, none was skipped, and at least one was measured. */
  readonly held: boolean;
}

export interface TrialOptions {
  /** Plugins by their name in the catalogue; a row whose plugins are missing is skipped, and counted. */
  readonly plugins: ReadonlyMap<string, Uint8Array>;
  /** Told before each row. */
  readonly progress?: (signal: string) => void;
  /** Only these rows, by id. */
  readonly only?: ReadonlySet<string>;
}

/** What a row is, without its measurement. */
export function baseOf({ id, table, signal, measurement }: CaseRow): CaseRow {
  return { id, table, signal, measurement };
}

async function runCase(one: Case, options: TrialOptions, lab: Lab): Promise<TrialRow> {
  const empty = { ...baseOf(one), unhardened: null, hardened: null, details: [] } as const;
  const missing = one.plugins.filter((name) => !options.plugins.has(name));
  if (missing.length > 0) {
    return { ...empty, verdict: "skipped", reason: `not built: ${missing.join(", ")}` };
  }
  options.progress?.(one.signal);
  try {
    const { unhardened, hardened, held, details } = await one.measure(lab);
    const verdict = held ? "held" : "broken";
    return { ...baseOf(one), unhardened, hardened, details, verdict, reason: null };
  } catch (error) {
    // One row that could not be measured is a promise not shown to hold; the others still count.
    const detail = error instanceof Error ? error.message : String(error);
    const hardened = { text: `could not be measured: ${detail}`, data: { detail } };
    return { ...empty, hardened, verdict: "broken", reason: null };
  }
}

/** Counts the rows and decides whether the trial held. */
export function report(rows: readonly TrialRow[], release: string | null = null): TrialReport {
  const count = (verdict: Verdict): number => rows.filter((row) => row.verdict === verdict).length;
  const counts = {
    held: count("held"),
    broken: count("broken"),
    skipped: count("skipped"),
    "not-exercised": count("not-exercised"),
  };
  const held = counts.broken === 0 && counts.skipped === 0 && counts.held > 0;
  const engine = release === null ? "lab" : "envoy";
  return { engine, release, rows, counts, held };
}

/** Runs every case over the built-in plugins. */
export async function runTrial(options: TrialOptions): Promise<TrialReport> {
  const lab = new Lab(options.plugins);
  const wanted = cases.filter((one) => options.only === undefined || options.only.has(one.id));
  try {
    return report(await Promise.all(wanted.map((one) => runCase(one, options, lab))));
  } finally {
    await lab.close();
  }
}
