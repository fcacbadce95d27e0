// An InspectReport for people: aligned columns, what can do most first. Every word from the module is made plain
// before it is printed: names may hold escape sequences.
import { renderFinding } from "../errors/render.ts";
import type { ImportReport, InspectReport, LeastEntry } from "../inspect/report.ts";
import { PAGE } from "../spec/binary.ts";
import { plainName } from "../wasm/names.ts";
import type { Styles } from "./style.ts";
import { count, sizeOf } from "./units.ts";

const SHOWN = 60;

/** Entries of a list that are named; what follows is counted. */
const LISTED = 12;

const plain = (name: string): string => plainName(name, SHOWN);

function list(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const rest = names.length - LISTED;
  const shown = names.slice(0, LISTED).map(plain).join(", ");
  return rest > 0 ? `${shown} and ${count(rest)} more` : shown;
}

type Row = readonly [name: string, value: string];

const LABEL = 12;
const labelled = ([name, value]: Row): string => `  ${name.padEnd(LABEL)}${value}`;

function sdkText({ sdk }: InspectReport): string {
  const what = [sdk.label, sdk.language].filter((one) => one !== null).join(", ");
  return what === "" ? "not known" : `${what}: ${sdk.evidence.join("; ")}`;
}

function memoryText({ memory, allocator }: InspectReport): string {
  if (memory === null) return "none";
  const most = memory.max === null ? "no maximum" : `at most ${sizeOf(memory.max * PAGE)}`;
  const named =
    memory.exportedAs.length === 0 ? "not exported" : `exported as ${list(memory.exportedAs)}`;
  const grows = memory.grows ? "grows" : "never grows";
  return `starts with ${sizeOf(memory.min * PAGE)}, ${grows}, ${most}, ${named}; allocator ${allocator ?? "none"}`;
}

function sectionsText({ sections }: InspectReport): string {
  const largest = [...sections].sort((a, b) => b.bytes - a.bytes).slice(0, 4);
  return largest.map((one) => `${plain(one.custom ?? one.name)} ${sizeOf(one.bytes)}`).join(", ");
}

function headRows(report: InspectReport): readonly Row[] {
  const { abi, functions, startFunctions, startSection } = report;
  const start = [...(startSection === null ? [] : ["start section"]), ...startFunctions];
  const { defined, reachable, indirect, unused } = functions;
  return [
    ["abi", abi.version ?? `not known (${abi.marker === null ? "no marker" : plain(abi.marker)})`],
    ["sdk", sdkText(report)],
    ["size", `${sizeOf(report.bytes)}: ${sectionsText(report)}`],
    ["sha256", report.sha256],
    ["memory", memoryText(report)],
    [
      "functions",
      `${count(defined)}: ${count(reachable)} reachable, ${count(indirect)} indirect, ${count(unused)} unused`,
    ],
    ["start", list(start)],
    ["features", list(report.features)],
  ];
}

const risks = ["high", "medium", "low", null] as const;
const reaches = ["reachable", "indirect", "unused"] as const;

function bySeverity(a: ImportReport, b: ImportReport): number {
  return (
    reaches.indexOf(a.reach) - reaches.indexOf(b.reach) ||
    risks.indexOf(a.risk) - risks.indexOf(b.risk)
  );
}

function importLine(one: ImportReport, width: number, styles: Styles): string {
  const risk = (one.risk ?? "unknown").padEnd(9);
  const coloured =
    one.risk === "low" ? risk : one.risk === "medium" ? styles.warn(risk) : styles.bad(risk);
  const name = plain(one.name).padEnd(width);
  const why = one.known
    ? (one.why ?? "")
    : `no host has ${plain(one.module)}.${plain(one.name)} so`;
  const alias = one.alias === null ? "" : ` (the article's ${one.alias})`;
  return `  ${coloured}${one.reach.padEnd(11)}${name}${why}${alias}`;
}

/** The table of imports; unused ones are one line, for SDKs import whole ABIs. */
function importLines(report: InspectReport, styles: Styles): readonly string[] {
  const live = report.imports.filter((one) => one.reach !== "unused").sort(bySeverity);
  const unused = report.imports.filter((one) => one.reach === "unused").map((one) => one.name);
  const width = live.reduce((most, one) => Math.max(most, plain(one.name).length), 0) + 2;
  const lines = live.map((one) => importLine(one, width, styles));
  if (unused.length > 0) lines.push(styles.dim(`  never called: ${list(unused)}`));
  return [
    styles.bold(`calls that it can make: ${live.length} of ${report.imports.length} imported`),
    ...lines,
  ];
}

/** One line a phase. */
function callbackLines(report: InspectReport, styles: Styles): readonly string[] {
  const called = report.callbacks.filter((one) => one.called);
  const phases = [...new Set(called.map((one) => one.phase))];
  const width = phases.reduce((most, one) => Math.max(most, one.length), 0) + 2;
  const lines = phases.map((phase) => {
    const names = called.filter((one) => one.phase === phase).map((one) => one.name);
    return `  ${phase.padEnd(width)}${names.join(", ")}`;
  });
  const never = report.callbacks.filter((one) => !one.called).map((one) => one.name);
  const ignored = [...never, ...report.otherExports];
  if (ignored.length > 0) lines.push(styles.dim(`  not called by hosts: ${list(ignored)}`));
  return [styles.bold(`callbacks: ${called.length}`), ...lines];
}

function stockLines({ stock, findings }: InspectReport, styles: Styles): readonly string[] {
  const since = stock.since === null ? "" : ` in ${stock.since} and later`;
  const verdict = {
    loads: styles.good(`loads it${since}`),
    refuses: styles.bad("refuses it"),
    crashes: styles.bad("crashes as a whole"),
  }[stock.verdict];
  return [
    `${styles.bold("a stock Envoy:")} ${verdict}`,
    ...findings.map((one) => `  ${renderFinding(one)}`),
  ];
}

function leastLines({ leastPolicy }: InspectReport, styles: Styles): readonly string[] {
  const { role, why, allow, leftOut, withRole, memoryPages, memoryWhy } = leastPolicy;
  const names = (entries: readonly LeastEntry[]) => {
    return entries.map((one) => (one.reach === "indirect" ? `${one.name} (indirect)` : one.name));
  };
  const denied = leftOut.filter((one) => one.reach !== "unused");
  const rows: Row[] = [
    ["role", role === null ? `none: ${why}` : `${role}: ${why}`],
    ["memory", `${sizeOf(memoryPages * PAGE)}: ${memoryWhy}`],
    ["allow", names(allow).join(", ") || "nothing"],
  ];
  if (withRole.length > 0) rows.push(["with a role", withRole.join(", ")]);
  if (denied.length > 0) rows.push(["left out", names(denied).join(", ")]);
  return [styles.bold("the least policy"), ...rows.map(labelled)];
}

/** The whole report as text; ends with a line feed. */
export function inspectText(ref: string, report: InspectReport, styles: Styles): string {
  const blocks = [
    [styles.bold(ref), ...headRows(report).map(labelled)],
    importLines(report, styles),
    callbackLines(report, styles),
    stockLines(report, styles),
    leastLines(report, styles),
  ];
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}
