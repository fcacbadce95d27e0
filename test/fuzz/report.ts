// The summary of long runs, as a file that grows with every run: docs/fuzz-report.json. Nothing in it is typed
// by hand; runs of one target whose seeds follow each other become one row.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Tally } from "./target.ts";

export interface Row {
  readonly target: string;
  readonly command: string;
  /** First seed, and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly runs: number;
  readonly failures: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly versions: Readonly<Record<string, string>>;
}

export interface FuzzReport {
  readonly runs: number;
  readonly failures: number;
  readonly rows: readonly Row[];
}

function added(left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>) {
  const sum: Record<string, number> = { ...left };
  for (const [name, by] of Object.entries(right)) sum[name] = (sum[name] ?? 0) + by;
  return Object.fromEntries(Object.entries(sum).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The row of one run. */
export function rowOf(
  target: string,
  command: string,
  from: number,
  tally: Tally,
  versions: Readonly<Record<string, string>>,
): Row {
  const { runs, counts, failures } = tally;
  const sorted = added(counts, {});
  return {
    target,
    command,
    from,
    to: from + runs,
    runs,
    failures: failures.length,
    counts: sorted,
    versions,
  };
}

const sameWork = (a: Row, b: Row): boolean =>
  a.target === b.target &&
  a.command === b.command &&
  JSON.stringify(a.versions) === JSON.stringify(b.versions);

/** Adds a row to a report, joining it with the run that it continues. */
export function withRow(report: FuzzReport, row: Row): FuzzReport {
  const before = report.rows.find((one) => sameWork(one, row) && one.to === row.from);
  const joined =
    before === undefined
      ? row
      : {
          ...before,
          to: row.to,
          runs: before.runs + row.runs,
          failures: before.failures + row.failures,
          counts: added(before.counts, row.counts),
        };
  const rows = [...report.rows.filter((one) => one !== before), joined];
  rows.sort((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : a.from - b.from));
  const sum = (get: (one: Row) => number) => rows.reduce((total, one) => total + get(one), 0);
  return { runs: sum((one) => one.runs), failures: sum((one) => one.failures), rows };
}

/** Adds a row to the report in a file. */
export function addToFile(path: string, row: Row): void {
  const none: FuzzReport = { runs: 0, failures: 0, rows: [] };
  const report = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as FuzzReport) : none;
  writeFileSync(path, `${JSON.stringify(withRow(report, row), null, 2)}\n`);
}
