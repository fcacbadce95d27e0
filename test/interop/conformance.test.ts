// The specification's own tests, core 2.0 and SIMD: what our codec writes and what harden makes of it behaves
// as the original does, and what is no WebAssembly is refused. A few minutes' work, most of it compiling.
import assert from "node:assert/strict";
import { test } from "node:test";
import { corpus } from "../conformance/corpus.ts";
import { exclusions, MOST_EXCLUDED } from "../conformance/exclusions.ts";
import { expected } from "../conformance/expected.ts";
import { judge } from "../conformance/judge.ts";
import { readScript } from "../conformance/script.ts";
import { Tally } from "../conformance/tally.ts";

const found = await corpus();
const missing = "missing" in found ? `the specification's tests: ${found.missing}` : null;
if (missing !== null && /^(true|1)$/.test(process.env.CI ?? "")) throw new Error(missing);
const skip = missing ?? false;

const tally = new Tally();
if (!("missing" in found)) {
  for (const { suite, name } of found.scripts) {
    judge(readScript(`${found.folder}/${suite}`, name), tally);
  }
}

test("every assertion that is not excluded holds through the codec and through hardening", {
  skip,
}, (t) => {
  for (const line of tally.lines()) t.diagnostic(line);
  const shown = tally.problems.slice(0, 50).join("\n");
  assert.equal(tally.problems.length, 0, `${tally.problems.length} problems\n${shown}`);
});

test("no file, module or assertion is lost", { skip }, () => {
  assert.deepEqual(tally.counted(), expected);
});

test("what is excluded is on the list, with its scripts, and is little", { skip }, () => {
  const listed = exclusions.map(({ reason, assertions, scripts }) => ({
    reason,
    assertions,
    scripts,
  }));
  const seen = exclusions.map(({ reason, scripts }) => {
    const counts = tally.excluded.get(reason) ?? new Map<string, number>();
    const assertions = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return { reason, assertions, scripts: scripts === null ? null : [...counts.keys()].sort() };
  });
  assert.deepEqual(seen, listed);
  const all = Object.values(expected.assertions).reduce((sum, count) => sum + count, 0);
  const excluded = exclusions.reduce((sum, { assertions }) => sum + assertions, 0);
  assert.ok(excluded <= MOST_EXCLUDED * all, `${excluded} of ${all}`);
});
