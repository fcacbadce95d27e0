// The trial as JUnit XML: a suite for each table, a case for each row. A broken promise is a
// failure; what wasn't measured is skipped, with its reason.
import type { Table } from "./case.ts";
import { engineText } from "./report-table.ts";
import type { TrialReport, TrialRow } from "./trial.ts";

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Text for XML 1.0: escaped, and characters that XML cannot carry replaced. */
export function xmlText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those XML forbids
  const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
  return text.replace(forbidden, "\ufffd").replace(/[&<>"']/g, (char) => escapes[char]!);
}

function caseXml(row: TrialRow): string {
  const open = `    <testcase classname="glovebox.trial.${row.table}" name="${xmlText(row.signal)}">`;
  const measured = `default: ${row.unhardened?.text ?? ""}\nhardened: ${row.hardened?.text ?? ""}`;
  const broken = row.details
    .filter((one) => !one.held)
    .map((one) => `\n${one.plugin}: ${one.hardened.text}`);
  const body =
    row.verdict === "broken"
      ? `<failure message="promise not held">${xmlText(measured + broken.join(""))}</failure>`
      : row.verdict === "held"
        ? `<system-out>${xmlText(measured)}</system-out>`
        : `<skipped message="${xmlText(`${row.verdict}: ${row.reason ?? ""}`)}"/>`;
  return `${open}${body}</testcase>`;
}

/** A whole JUnit document. */
export function trialJunit(report: TrialReport): string {
  const tables: readonly Table[] = ["expected-behaviour", "failure-modes", "host-safety"];
  const suites = tables.map((table) => {
    const rows = report.rows.filter((row) => row.table === table);
    const failures = rows.filter((row) => row.verdict === "broken").length;
    const skipped = rows.filter((row) => row.reason !== null).length;
    const head = `  <testsuite name="${table}" tests="${rows.length}" failures="${failures}" errors="0" skipped="${skipped}">`;
    return [head, ...rows.map(caseXml), "  </testsuite>"].join("\n");
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="glovebox trial, ${engineText(report)}">\n${suites.join("\n")}\n</testsuites>\n`;
}
