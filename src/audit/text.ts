// An audit for people: a block a plugin, worst first, in the columns of a terminal or a page of HTML for a meeting.
// Names come from whoever wrote the configuration: none of them ends a line, moves a cursor or becomes markup.
import { type Audit, type AuditRow, type Risk, risks } from "./row.ts";

const visible = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");

/** Worst first; of the same risk in the order of the files. */
export function inOrder(rows: readonly AuditRow[]): readonly AuditRow[] {
  return rows
    .map((row, i) => ({ row, i }))
    .sort((a, b) => risks.indexOf(a.row.risk) - risks.indexOf(b.row.risk) || a.i - b.i)
    .map((one) => one.row);
}

const pins: Readonly<Record<AuditRow["pin"], string>> = {
  manifest: "pinned by its manifest",
  module: "pinned",
  unchecked: "a file, not compared",
  none: "not pinned",
};

function pinText({ pin, digest }: AuditRow): string {
  return digest === null ? pins[pin] : `${pins[pin]}: ${digest}`;
}

const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

function mayText({ capabilities, callbacks, unknown, risky }: AuditRow): string {
  if (capabilities === null) return "everything that its host offers";
  const called = callbacks?.length ?? 0;
  const calls = capabilities.length - called - unknown.length;
  const harm = risky.length === 0 ? "none of high risk" : `of high risk: ${risky.join(", ")}`;
  return `${many(calls, "call")}, ${harm}; ${many(called, "callback")}`;
}

function sharesText({ vmId, sameVm, sameData }: AuditRow): string {
  const id = vmId === null ? "no vm_id" : `vm_id ${vmId}`;
  if (sameVm.length > 0) return `${id}; one VM with ${sameVm.join(", ")}`;
  if (sameData.length > 0) return `${id}; shared data with ${sameData.join(", ")}`;
  return `${id}; with nobody here`;
}

function moduleText({ module }: AuditRow): string {
  if (module === null) return "not at hand";
  const kept = { true: "keeps the policy", false: "does not keep the policy", null: "" } as const;
  const parts = [module.hardened ? "hardened" : "not hardened", kept[`${module.contained}`]];
  return `${parts.filter((one) => one !== "").join(", ")}: ${module.sha256}`;
}

/** What a row says, by its heading. */
export function fieldsOf(row: AuditRow): readonly (readonly [string, string])[] {
  return [
    ["from", `${row.source} (${pinText(row)})`],
    ["module", moduleText(row)],
    ["in", `${row.object}, ${row.where}`],
    ["runs on", row.scope],
    ["may do", mayText(row)],
    ["a trap", `failure ${row.failure}: ${row.trap}`],
    ["shares", sharesText(row)],
    ["risk", `${row.risk}: ${row.reasons.join("; ")}`],
  ];
}

export interface Styles {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
}

const styleOf = (styles: Styles, risk: Risk): ((text: string) => string) =>
  risk === "low" ? styles.good : risk === "medium" ? styles.warn : styles.bad;

/** How many of each risk, the worst first; none are left out. */
function countsText(rows: readonly AuditRow[]): string {
  const count = (risk: Risk) => rows.filter((row) => row.risk === risk).length;
  return risks
    .filter((risk) => count(risk) > 0)
    .map((risk) => `${count(risk)} ${risk}`)
    .join(", ");
}

export function summaryText({ rows, problems, skipped }: Audit): string {
  const plugins = `${rows.length} plugin${rows.length === 1 ? "" : "s"} in force`;
  const parts = [rows.length === 0 ? plugins : `${plugins}: ${countsText(rows)}`];
  if (problems.length > 0) parts.push(`${problems.length} documents could not be read`);
  if (skipped > 0) parts.push(`${skipped} documents without plugins`);
  return parts.join("; ");
}

export function auditText(audit: Audit, styles: Styles): string {
  const blocks = inOrder(audit.rows).map((row) => {
    const style = styleOf(styles, row.risk);
    const head = `${styles.bold(visible(row.plugin))}  ${style(row.risk)}`;
    const lines = fieldsOf(row).map(
      ([key, value]) => `  ${styles.dim(key.padEnd(8))} ${visible(value)}`,
    );
    return [head, ...lines, ""].join("\n");
  });
  const problems = audit.problems.map((one) => `not read: ${visible(one)}`);
  return `${[...blocks, ...problems, summaryText(audit)].join("\n")}\n`;
}
