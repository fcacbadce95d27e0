// The figure of the security model is the bench's: the page says what docs/worst-case.json says, and the
// price table that was measured is the one in force.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inRepository, measuredFiles } from "../../scripts/docs.ts";
import { MARKS, withWorstCase, worstCaseText } from "../../scripts/worst-case.ts";

for (const { path, text } of measuredFiles) {
  test(`${path} says what was measured`, () => {
    assert.equal(readFileSync(inRepository(path), "utf8"), text(), "run npm run docs");
  });
}

const row = (engine: string, ns: number) => ({
  engine,
  median: 0.5,
  ratio: ns / 0.5,
  inCache: 1.5,
  worst: { name: `slow on ${engine}`, family: "f", mode: "bound", ns },
});
const data = { ratios: [row("one", 2), row("other", 7.25)], touchMs: 12.4 };
const json = JSON.stringify({ machine: "a machine", reports: [{ name: "worst", data }] });

test("the slowest engine decides how long a budget lasts", () => {
  const text = worstCaseText(json);
  assert.match(text, /at most \*\*0\.7 s\*\* of CPU time .*\(other:\nslow on other, 7\.25 ns/);
  assert.match(text, /\| one \| 0\.50 \| 2\.00 \| slow on one \| 4\.0 \| 1\.5 \| 0\.2 s \|/);
});

test("only what stands between the marks is renewed, and both marks must be there", () => {
  const page = `before ${MARKS.from} old ${MARKS.to} after`;
  const renewed = withWorstCase(page, json);
  assert.ok(renewed.startsWith(`before ${MARKS.from}\nA budget`));
  assert.ok(renewed.endsWith(`${MARKS.to} after`));
  assert.equal(withWorstCase(renewed, json), renewed);
  assert.throws(() => withWorstCase("no marks", json), /marks/);
});
