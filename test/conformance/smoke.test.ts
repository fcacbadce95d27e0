// A few of the specification's scripts, where an earlier run of the whole left them in the cache. The whole is
// test/interop/conformance.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cachedCorpus } from "./corpus.ts";
import { judge } from "./judge.ts";
import { readScript } from "./script.ts";
import { Tally } from "./tally.ts";

const cached = await cachedCorpus();
const skip =
  cached === null
    ? "the specification's tests are not in the cache (npm run test:conformance)"
    : false;

const scripts = [
  "fac",
  "loop",
  "switch",
  "start",
  "data",
  "table_size",
  "unreached-invalid",
  "simd_i8x16_arith",
];

for (const name of scripts) {
  test(`${name}.wast holds through the codec and through hardening`, { skip }, () => {
    const found = cached!.scripts.find((one) => one.name === name);
    assert.ok(found, "the corpus has the script");
    const tally = new Tally();
    judge(readScript(`${cached!.folder}/${found.suite}`, name), tally);
    assert.deepEqual(tally.problems, []);
    assert.ok(tally.passed.size > 0, "some assertion passed");
  });
}
