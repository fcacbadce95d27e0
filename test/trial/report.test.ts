// Counting and reports: what is not measured never counts as held, and a broken promise shows everywhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { trialJunit, xmlText } from "../../src/trial/report-junit.ts";
import { trialText, wrap } from "../../src/trial/report-table.ts";
import { report, type TrialRow, type Verdict } from "../../src/trial/trial.ts";

function row(verdict: Verdict): TrialRow {
  const measured = verdict === "held" || verdict === "broken";
  const cell = (text: string) => (measured ? { text, data: {} } : null);
  return {
    id: verdict,
    table: "expected-behaviour",
    signal: `row <${verdict}>`,
    measurement: "m",
    unhardened: cell("as it is"),
    hardened: cell("as it should be"),
    verdict,
    reason: measured ? null : "because",
    details:
      verdict === "broken"
        ? [{ plugin: "p", unhardened: null, hardened: { text: "leaks", data: {} }, held: false }]
        : [],
  };
}

test("held needs a held row, no broken one and no skipped one; not exercised is only counted", () => {
  const held = (...verdicts: Verdict[]): boolean => report(verdicts.map(row)).held;
  assert.equal(held("held", "not-exercised"), true);
  assert.equal(held("held", "broken"), false);
  assert.equal(held("held", "skipped"), false);
  assert.equal(held("not-exercised"), false);
  assert.equal(held(), false);
  assert.deepEqual(report([row("held"), row("not-exercised"), row("not-exercised")]).counts, {
    held: 1,
    broken: 0,
    skipped: 0,
    "not-exercised": 2,
  });
});

test("JUnit has a failure for a broken promise, a skip with its reason for what wasn't measured, and is escaped", () => {
  const xml = trialJunit(report([row("held"), row("broken"), row("not-exercised")]));
  assert.match(xml, /tests="3" failures="1" errors="0" skipped="1"/);
  assert.match(
    xml,
    /name="row &lt;broken&gt;"><failure message="promise not held">[^<]*leaks<\/failure>/,
  );
  assert.match(xml, /<skipped message="not-exercised: because"\/>/);
  assert.equal(xmlText("a\u0000<\ud800>&\"'"), "a\ufffd&lt;\ufffd&gt;&amp;&quot;&apos;");
});

test("the table shows both columns, the verdict of each row and the counts, within its width", () => {
  const plain = (text: string): string => text;
  const style = {
    width: 100,
    bold: plain,
    good: plain,
    bad: (text: string) => `!${text}!`,
    faint: plain,
    details: true,
  };
  const text = trialText(report([row("held"), row("broken"), row("not-exercised")]), style);
  assert.match(text, /as it is +as it should be +held/);
  assert.match(text, /!NOT HELD!/);
  assert.match(text, /- p: leaks/);
  assert.match(text, /because +not exercised/);
  assert.match(text, /3 rows: 1 held, 1 NOT HELD, 1 not exercised$/);
  for (const line of text.split("\n")) assert.ok(line.length <= 102, line);
});

test("long words are cut where they must be, and nothing is lost", () => {
  assert.deepEqual(wrap("ab abcdefghij c", 4), ["ab", "abcd", "efgh", "ij c"]);
});
