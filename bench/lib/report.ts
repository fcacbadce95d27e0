// What a bench answers, and how it is printed: a sentence that says what was measured, a table, and whether
// the figure that the project promises held.
import { cpus, platform, totalmem } from "node:os";
import type { Summary } from "./stats.ts";

export interface Report {
  readonly name: string;
  /** One sentence: what was measured, on what, against what. */
  readonly means: string;
  /** The figure that is promised, in words. */
  readonly target: string;
  /** null: not decided, because a party or an input is missing (then `note` says which). */
  readonly held: boolean | null;
  readonly note?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Numbers for programs. */
  readonly data: object;
}

/** `12.3 ms [11.9, 13.0]` */
export function spread({ median, low, high }: Summary, unit: string, digits = 1): string {
  const show = (value: number) => value.toFixed(digits);
  return `${show(median)}${unit} [${show(low)}, ${show(high)}]`;
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

function verdict({ held }: Report): string {
  return held === null ? "not measured" : held ? "held" : "NOT held";
}

/** Where the numbers come from; without it they mean nothing. */
export function machine(): string {
  const [first] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `Node ${process.versions.node} (V8 ${process.versions.v8}), ${platform()}, ${cpus().length} × ${first?.model.trim() ?? "unknown processor"}, ${memory}`;
}

/** For a terminal: aligned columns. */
export function asText(report: Report): string {
  const lines = [report.head, ...report.rows];
  const widths = report.head.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  const table = lines.map((line) =>
    `  ${line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd(),
  );
  const note = report.note === undefined ? [] : [`  ${report.note}`];
  return [
    `${report.name}: ${report.means}`,
    ...table,
    ...note,
    `  target: ${report.target}: ${verdict(report)}`,
    "",
  ].join("\n");
}

/** For docs/benchmarks.md. */
export function asMarkdown(report: Report): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    `## ${report.name}`,
    "",
    report.means,
    "",
    line(report.head),
    line(report.head.map(() => "---")),
    ...report.rows.map(line),
    "",
    ...(report.note === undefined ? [] : [report.note, ""]),
    `Target: ${report.target}: **${verdict(report)}**.`,
    "",
  ].join("\n");
}
