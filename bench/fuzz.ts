// What the long runs of `npm run fuzz` found, as a table: docs/fuzz-report.json, which they write with --report.
// Nothing is run here, and nothing in the table is typed by hand.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FuzzReport, Row } from "../test/fuzz/report.ts";
import { asMarkdown, type Report } from "./lib/report.ts";

/** Modules that were to be tried at least. */
const MODULES = 100_000;
const REFUSED = "refused: ";

const number = (value: number): string => value.toLocaleString("en");

/** What a row counted; refusals, of which there are dozens of kinds, as one sum. */
function counted({ counts }: Row): string {
  const entries = Object.entries(counts);
  const refused = entries
    .filter(([name]) => name.startsWith(REFUSED))
    .reduce((sum, [, count]) => sum + count, 0);
  const rest = entries.filter(([name]) => !name.startsWith(REFUSED));
  const all = refused > 0 ? [...rest, ["refused", refused] as const] : rest;
  return all.map(([name, count]) => `${name}: ${number(count)}`).join("; ");
}

const versionsOf = (versions: Row["versions"]): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version.replace(/^v/, "")}`)
    .join(", ");

/** The report of the long runs, from the text of docs/fuzz-report.json. */
export function fuzzReport(json: string): Report {
  const { runs, failures, rows } = JSON.parse(json) as FuzzReport;
  const versions = [...new Set(rows.map((row) => versionsOf(row.versions)))];
  return {
    name: "fuzz",
    means:
      "Seeded runs of the fuzz targets: modules at random, modules of `wasm-tools smith`, and plugins changed by `wasm-tools mutate`, hardened in both modes and compared with the original; damaged bytes; policies at random. Each row can be run again from its first seed. A failure becomes a file of test/regress/corpus, which every test run replays.",
    target: `at least ${number(MODULES)} modules, no failure`,
    held: runs >= MODULES && failures === 0,
    note: `Versions: ${versions.join("; or ")}.`,
    head: ["Target", "Command", "Seeds", "Runs", "Failures", "Counted"],
    rows: [
      ...rows.map((row) => [
        row.target,
        `\`${row.command} --seed ${row.from}\``,
        `${number(row.from)} to ${number(row.to - 1)}`,
        number(row.runs),
        number(row.failures),
        counted(row),
      ]),
      ["all", "", "", number(runs), number(failures), ""],
    ],
    data: { runs, failures, rows },
  };
}

const file = fileURLToPath(new URL("../../docs/fuzz-report.json", import.meta.url));

export function benchFuzz(): Promise<Report> {
  return Promise.resolve(fuzzReport(readFileSync(file, "utf8")));
}

/** The section of the report in a page of benchmarks; the page goes on with the next one. */
const SECTION = /^## fuzz\n[\s\S]*?(?=^## |$(?![\s\S]))/m;

/** The page with its section on fuzzing renewed, or with one at its end. */
export function withFuzz(page: string, json: string): string {
  const section = asMarkdown(fuzzReport(json));
  const found = SECTION.exec(page);
  if (found === null) return `${page.trimEnd()}\n\n${section}`;
  const behind = page.slice(found.index + found[0].length);
  return `${page.slice(0, found.index)}${section}${behind === "" ? "" : `\n${behind}`}`;
}
