// Every module that a fuzz target ever failed on, again: through contain, and, where the file says which calls
// to make, through the differential oracle and the counting interpreter.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fuzzOne } from "../fuzz/contain.ts";
import { fromFile } from "../fuzz/corpus.ts";
import { judgeCounted } from "../fuzz/counted.ts";
import { Differential } from "../fuzz/differential.ts";
import { random } from "../fuzz/random.ts";

const folder = new URL("../../../test/regress/corpus/", import.meta.url);
const files = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith(".wasm"))
      .sort()
  : [];

test("every file of the corpus is a module that once failed, named by target and seed", (t) => {
  for (const file of files) assert.match(file, /^[a-z]+-\d+\.wasm$/);
  t.diagnostic(`${files.length} files`);
});

for (const file of files) {
  test(`${file} is contained or refused, and does the same hardened`, async () => {
    const bytes = new Uint8Array(readFileSync(new URL(file, folder)));
    assert.equal(fuzzOne(bytes), null);
    const entry = fromFile(bytes);
    if (entry === undefined) return;
    const { sample, setting } = entry;
    const { failure, refused } = await new Differential(sample, setting, null).judge(true);
    assert.equal(failure, null);
    if (refused !== null || !file.startsWith("counted")) return;
    const r = random(1);
    for (const mode of ["bound", "exact"] as const) {
      assert.equal(
        judgeCounted(sample, mode, setting.allow, (below) => r.int(below)).failure,
        null,
      );
    }
  });
}
