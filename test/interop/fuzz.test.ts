// A smoke of the fuzz targets that need wasm-tools or Wasmtime, and the promise on plugins of other toolchains.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { runSeeds, type Tally } from "../fuzz/target.ts";
import { targets } from "../fuzz/targets.ts";
import { wasmtimeVersion } from "../fuzz/wasmtime.ts";
import { hold, summary } from "../oracle/plugins.ts";
import { present } from "./party.ts";
import { allPlugins, skipReason } from "./plugins.ts";

const ci = process.env.CI === "true" || process.env.CI === "1";

/** As `present`, for the Python package. */
function hasWasmtime(t: TestContext): boolean {
  if (wasmtimeVersion() !== undefined) return true;
  const reason = "wasmtime is not installed (npm run test:interop installs it where it can)";
  if (ci) throw new Error(reason);
  t.skip(reason);
  return false;
}

async function smoke(t: TestContext, name: string, runs: number, rare: number): Promise<Tally> {
  const target = targets[name]!({ rare, wasmtime: true });
  try {
    const tally = await runSeeds(target, 1, runs);
    assert.deepEqual(
      tally.failures.map(({ seed, what }) => `seed ${seed}: ${what}`),
      [],
    );
    t.diagnostic(JSON.stringify({ ...tally.counts, ...target.versions }));
    return tally;
  } finally {
    target.end();
  }
}

const ENGINES = "runs compared between V8 and Wasmtime";

test("generated modules do the same in V8 and in Wasmtime, to the unit", async (t) => {
  if (!hasWasmtime(t)) return;
  const { counts } = await smoke(t, "generated", 30, 5);
  assert.ok(counts[ENGINES]! >= 12);
});

test("modules of wasm-tools smith do the same hardened, and in both engines", async (t) => {
  if (!present(t, "wasm-tools") || !hasWasmtime(t)) return;
  const { counts } = await smoke(t, "smith", 40, 7);
  assert.ok(counts.hardened! >= 25);
  assert.ok(counts[ENGINES]! >= 8);
});

test("plugins changed by wasm-tools mutate do the same hardened, and in both engines", async (t) => {
  if (!present(t, "wasm-tools") || !hasWasmtime(t)) return;
  const { counts } = await smoke(t, "mutated", 20, 7);
  assert.ok(counts.hardened! >= 8);
});

const built = await allPlugins();
const fixtures = built.filter(({ row }) => row.kind === "fixture");

for (const one of fixtures) {
  const skip = "missing" in one ? skipReason(one.missing) : false;
  test(`${one.row.name}: every entry keeps the promise, in both modes`, { skip }, async (t) => {
    assert.ok("path" in one);
    for (const mode of ["bound", "exact"] as const) {
      const held = await hold(one.row, one.path, mode, { callback: 200_000, start: 800_000 });
      assert.ok(typeof held !== "string", String(held));
      assert.equal(held.broken, null, mode);
      assert.ok(held.entries.length > 0);
      t.diagnostic(`${mode}: ${summary(held.entries)}`);
    }
  });
}
