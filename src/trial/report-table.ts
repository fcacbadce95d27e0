// The trial as people read it: the article's tables with what was measured in each cell, and the counts.
import type { Table } from "./case.ts";
import type { TrialReport, TrialRow, Verdict } from "./trial.ts";

export interface TableStyle {
  /** Columns of the terminal. */
  readonly width: number;
  /** Also what each plugin did. */
  readonly details?: boolean;
  readonly bold: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
}

const titles: Readonly<Record<Table, string>> = {
  "expected-behaviour": "Expected behaviour",
  "failure-modes": "Failure modes",
  "host-safety": "Beyond the article",
};

const words: Readonly<Record<Verdict, string>> = {
  held: "held",
  broken: "NOT HELD",
  skipped: "skipped",
  "not-exercised": "not exercised",
};

/** What the columns are, so that nobody takes the lab's first for a measured Envoy. */
const captions = {
  lab: "Default: the plugin as it is, in the embedded host with the semantics of a stock proxy. Hardened: contained under its policy, with the promised semantics.",
  envoy:
    "Default: the plugin as it is, in this Envoy in stock configuration. Hardened: contained under its policy, in the same Envoy, which restricts nothing itself. Each cell in a process of its own with one worker; times and memory are of this machine at this moment.",
} as const;

/** What the rows were measured in. */
export function engineText({ engine, release }: TrialReport): string {
  return engine === "lab" ? "embedded host" : `Envoy ${release}`;
}

const GAP = 2;
const SIGNAL = 24;
const VERDICT = 13;

/** Breaks text at spaces; a word longer than the width is cut where it must be. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    let rest = word;
    if (line !== "" && line.length + 1 + rest.length <= width) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== "") lines.push(line);
    while (rest.length > width) {
      lines.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    line = rest;
  }
  lines.push(line);
  return lines;
}

function columns(cells: readonly (readonly string[])[], widths: readonly number[]): string[] {
  const height = Math.max(...cells.map((cell) => cell.length));
  return Array.from({ length: height }, (_, i) =>
    cells
      .map((cell, c) => (cell[i] ?? "").padEnd(widths[c]!))
      .join(" ".repeat(GAP))
      .trimEnd(),
  );
}

function cellsOf(row: TrialRow): [string, string] {
  if (row.reason !== null) return [row.reason, ""];
  return [row.unhardened?.text ?? "", row.hardened?.text ?? ""];
}

function rowText(row: TrialRow, style: TableStyle): string {
  const cell = Math.max(20, Math.floor((style.width - SIGNAL - VERDICT - 3 * GAP) / 2));
  const widths = [SIGNAL, cell, cell, VERDICT];
  const [unhardened, hardened] = cellsOf(row);
  // A reason without a measurement has both cells to itself.
  const body =
    row.reason === null
      ? columns(
          [
            wrap(row.signal, SIGNAL),
            wrap(unhardened, cell),
            wrap(hardened, cell),
            [words[row.verdict]],
          ],
          widths,
        )
      : columns(
          [wrap(row.signal, SIGNAL), wrap(unhardened, 2 * cell + GAP), [words[row.verdict]]],
          [SIGNAL, 2 * cell + GAP, VERDICT],
        );
  const paint =
    row.verdict === "held" ? style.good : row.verdict === "broken" ? style.bad : style.faint;
  const first = body[0]!;
  const word = words[row.verdict];
  body[0] = first.slice(0, first.lastIndexOf(word)) + paint(word);
  if (style.details) {
    for (const one of row.details) {
      const line = `  ${one.held ? "+" : "-"} ${one.plugin}: ${one.hardened.text}`;
      body.push(...wrap(line, style.width).map(style.faint));
    }
  }
  return body.join("\n");
}

/** The whole report as text. */
export function trialText(report: TrialReport, style: TableStyle): string {
  const cell = Math.max(20, Math.floor((style.width - SIGNAL - VERDICT - 3 * GAP) / 2));
  const head = columns(
    [["Signal"], ["Default"], ["Hardened"], ["Promise"]],
    [SIGNAL, cell, cell, VERDICT],
  );
  const parts: string[] = [
    wrap(`${engineText(report)}. ${captions[report.engine]}`, style.width)
      .map(style.faint)
      .join("\n"),
  ];
  for (const table of Object.keys(titles) as Table[]) {
    const rows = report.rows.filter((row) => row.table === table);
    if (rows.length === 0) continue;
    const text = rows.map((row) => rowText(row, style)).join("\n\n");
    parts.push(`${style.bold(titles[table])}\n\n${style.faint(head[0]!)}\n${text}`);
  }
  parts.push(countText(report));
  return parts.join("\n\n");
}

/** One line: how many rows ended how. */
export function countText({ counts, rows }: TrialReport): string {
  const order: readonly Verdict[] = ["held", "broken", "skipped", "not-exercised"];
  const said = order.filter((one) => counts[one] > 0).map((one) => `${counts[one]} ${words[one]}`);
  return `${rows.length} rows: ${said.join(", ")}`;
}
