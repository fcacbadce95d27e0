// A finding for people: one line that says it, and a frame of the source with a caret under the place.
import type { LintFinding } from "../findings.ts";
import type { Summary } from "../summary.ts";
import { visible } from "./visible.ts";

export interface Styles {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
}

/** Columns of a source line that are shown. */
const WIDTH = 110;

function sourceLine({ file, line }: LintFinding): string {
  const from = file.source.lineStarts[line - 1] ?? 0;
  const end = file.text.indexOf("\n", from);
  return file.text.slice(from, end < 0 ? file.text.length : end).replace(/\r$/, "");
}

/** The frame's lines; none where the text isn't there. */
export function frameOf(found: LintFinding, styles: Styles): readonly string[] {
  const full = sourceLine(found);
  if (full.trim() === "") return [];
  const from = found.column - 1 > WIDTH - 20 ? found.column - 20 : 0;
  const shown = visible(full.slice(from, from + WIDTH));
  const margin = String(found.line);
  const blank = " ".repeat(margin.length);
  const offset = found.column - 1 - from;
  const carets = Math.max(1, Math.min(found.length, shown.length - offset));
  return [
    `  ${styles.dim(`${margin} |`)} ${shown}`,
    `  ${styles.dim(`${blank} |`)} ${" ".repeat(offset)}${styles.bold("^".repeat(carets))}`,
  ];
}

const repairs = {
  safe: " (`--fix` does it)",
  unsafe: " (`--fix=unsafe` does it)",
} as const;

/** All that a person reads of one finding. */
export function textOf(found: LintFinding, styles: Styles): string {
  const colour =
    found.level === "error" ? styles.bad : found.level === "warning" ? styles.warn : styles.dim;
  const place = `${visible(found.file.name)}:${found.line}:${found.column}`;
  const repair = found.fix === null ? "" : repairs[found.fix.safety];
  const head = `${styles.bold(place)}: ${colour(`${found.level}[${found.code}]`)}: ${visible(found.message)}`;
  return [
    head,
    ...frameOf(found, styles),
    `  ${styles.dim("→")} ${visible(found.hint)}${repair}`,
    "",
  ].join("\n");
}

const many = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`;

/** The last line. */
export function summaryOf(summary: Summary, styles: Styles): string {
  const { errors, warnings, infos } = summary;
  const looked = `${many(summary.files, "file")}, ${many(summary.documents, "document")} about plugins, ${many(summary.plugins, "plugin")}`;
  const more = [
    summary.suppressed > 0 ? `${summary.suppressed} suppressed` : "",
    summary.baseline > 0 ? `${summary.baseline} in the baseline` : "",
    summary.skipped > 0 ? `${summary.skipped} other documents skipped` : "",
  ].filter((text) => text !== "");
  const found =
    errors + warnings + infos === 0
      ? styles.good("nothing found")
      : `${many(errors, "error")}, ${many(warnings, "warning")}, ${many(infos, "note")}`;
  return `${found} in ${looked}${more.length === 0 ? "" : ` (${more.join(", ")})`}\n`;
}
