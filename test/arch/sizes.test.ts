// Sizes that keep the code readable, and the one that keeps it trustworthy: the core of verify is short
// enough for one person to read in an afternoon.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isTest, type Source, sourcesUnder } from "./source.ts";

/** Tables have one row a line and may be long. */
const isTable = (source: Source): boolean => /^src\/(spec|errors\/texts)\//.test(source.path);

const files = sourcesUnder("src").filter((source) => !isTest(source) && !isTable(source));
const bySize = [...files].sort((a, b) => a.lines - b.lines);
const at = (share: number): number => bySize[Math.floor((bySize.length - 1) * share)]?.lines ?? 0;

test("half of the files have at most 120 lines, nine in ten at most 300", (t) => {
  const longest = bySize.slice(-3).map((source) => `${source.path} ${source.lines}`);
  t.diagnostic(`${files.length} files, median ${at(0.5)} lines, nine in ten ≤ ${at(0.9)}`);
  t.diagnostic(`longest: ${longest.join(", ")}`);
  assert.ok(files.length > 0);
  assert.ok(at(0.5) <= 120, `the median is ${at(0.5)} lines`);
  assert.ok(at(0.9) <= 300, `nine in ten have up to ${at(0.9)} lines`);
});

const verify = files.filter((source) => source.path.startsWith("src/verify/"));
const expected = verify.filter((source) => source.path.startsWith("src/verify/expect/"));
const core = verify.filter((source) => !expected.includes(source));

test("the core of verify has at most 1,500 lines of at most 100 columns", (t) => {
  const total = core.reduce((sum, source) => sum + source.lines, 0);
  t.diagnostic(`${core.length} files, ${total} lines`);
  assert.ok(total <= 1500, `${total} lines`);
  const wide = verify.flatMap((source) =>
    source.text
      .split("\n")
      .flatMap((line, index) => (line.length > 100 ? [`${source.path}:${index + 1}`] : [])),
  );
  assert.deepEqual(wide, []);
});

test("each generator of expected bodies has at most 120 lines", () => {
  const long = expected.filter((source) => source.lines > 120);
  assert.deepEqual(
    long.map((source) => `${source.path}: ${source.lines}`),
    [],
  );
});

test("every source file opens with a comment that says what it is", () => {
  const silent = sourcesUnder("src").filter(
    (source) => !isTest(source) && !source.text.startsWith("//"),
  );
  assert.deepEqual(
    silent.map((source) => source.path),
    [],
  );
});
