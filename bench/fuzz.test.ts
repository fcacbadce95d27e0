// The table of long fuzz runs says what their report says, and is renewed in its place on a page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzReport, withFuzz } from "./fuzz.ts";
import { asMarkdown } from "./lib/report.ts";

const row = (target: string, runs: number, failures = 0) => ({
  target,
  command: `npm run fuzz -- ${target} --rare 11`,
  from: 1,
  to: runs + 1,
  runs,
  failures,
  counts: { contained: 12, "refused: wasm-leb": 3, "refused: wasm-limit": 4 },
  versions: { node: "v20.1.0", wasmtime: "50.0.1" },
});
const json = (...rows: ReturnType<typeof row>[]) => {
  const sum = (of: (one: ReturnType<typeof row>) => number) =>
    rows.reduce((total, one) => total + of(one), 0);
  return JSON.stringify({
    runs: sum((one) => one.runs),
    failures: sum((one) => one.failures),
    rows,
  });
};

test("runs, failures and counts are those of the file; refusals are one sum", () => {
  const { rows, held, note } = fuzzReport(json(row("contain", 60_000), row("smith", 40_000)));
  assert.deepEqual(rows[0], [
    "contain",
    "`npm run fuzz -- contain --rare 11 --seed 1`",
    "1 to 60,000",
    "60,000",
    "0",
    "contained: 12; refused: 7",
  ]);
  assert.deepEqual(rows.at(-1), ["all", "", "", "100,000", "0", ""]);
  assert.equal(note, "Versions: node 20.1.0, wasmtime 50.0.1.");
  assert.equal(held, true);
});

test("too few runs, or one failure, do not hold", () => {
  assert.equal(fuzzReport(json(row("smith", 99_999))).held, false);
  assert.equal(fuzzReport(json(row("smith", 100_000), row("contain", 10, 1))).held, false);
});

test("the section is put at the end, renewed in the middle and at the end, and nothing else changes", () => {
  const [one, other] = [json(row("smith", 100_000)), json(row("smith", 200_000))];
  const page = "# Benchmarks\n\n## harden\n\nText.\n";
  const added = withFuzz(page, one);
  assert.equal(added, `${page}\n${asMarkdown(fuzzReport(one))}`);
  assert.equal(withFuzz(added, one), added);
  assert.equal(withFuzz(added, other), withFuzz(page, other));
  const behind = "## help\n\nMore.\n";
  const middle = withFuzz(`${added}\n${behind}`, other);
  assert.equal(middle, `${page}\n${asMarkdown(fuzzReport(other))}\n${behind}`);
});
