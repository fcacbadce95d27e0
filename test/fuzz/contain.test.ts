// A smoke of the fuzz target in every test run: seeded, so that it is the same run each time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { wasmTexts } from "../../src/errors/texts/wasm.ts";
import { fuzzContain } from "./contain.ts";

/** Codes of the codec that random mutation does not reach, and why; test/wasm/codec.test.ts reaches each. */
const NOT_REACHED: Readonly<Record<string, string>> = {
  "wasm-component": "needs four particular bytes in the header",
  "wasm-duplicate-export": "needs two names to become equal while everything else stays",
};

test("1,000 mutants of the plugins are contained or refused with a code of the input's", (t) => {
  const tally = fuzzContain(3001, 1000);
  assert.equal(tally.runs, 1000);
  assert.deepEqual(
    tally.failures.map(({ seed, what }) => `seed ${seed}: ${what}`),
    [],
  );
  assert.ok(tally.deep >= 300, `${tally.deep} of 1000 passed the section headers`);
  assert.ok(tally.contained >= 50, `${tally.contained} were still contained`);
  const codes = [...tally.codes].sort((a, b) => b[1] - a[1]).map(([code, n]) => `${code} ${n}`);
  const missing = Object.keys(wasmTexts).filter((code) => !tally.codes.has(code));
  assert.deepEqual(missing.sort(), Object.keys(NOT_REACHED).sort());
  t.diagnostic(
    `deep ${tally.deep}, contained ${tally.contained}, slowest ${Math.round(tally.slowest)} ms`,
  );
  t.diagnostic(`codes: ${codes.join(", ")}`);
});
