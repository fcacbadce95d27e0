// A smoke of each target, the same run each time. Those of wasm-tools are counted skips where it is not installed;
// the interop tests install it, run more of them, and ask Wasmtime too.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { fromFile, toFile } from "./corpus.ts";
import { Differential } from "./differential.ts";
import { generate } from "./generate.ts";
import { generated } from "./generated.ts";
import { withRow } from "./report.ts";
import { runSeeds, type Tally } from "./target.ts";
import { targets } from "./targets.ts";
import { wasmToolsVersion } from "./wasm-tools.ts";

const said = ({ failures }: Tally): string[] =>
  failures.map(({ seed, what }) => `seed ${seed}: ${what}`);

for (const name of ["aimed", "generated", "hoisted"])
  test(`40 ${name} modules do the same hardened, in both modes`, async (t) => {
    const target = targets[name]!({ rare: 5, wasmtime: false });
    const tally = await runSeeds(target, 1, 40);
    assert.deepEqual(said(tally), []);
    assert.equal(tally.counts.hardened, 40);
    assert.ok(tally.counts["calls compared with the original"]! > 100);
    assert.ok(tally.counts["exact and exact - 1 budgets probed"]! > 1);
    t.diagnostic(JSON.stringify(tally.counts));
    target.end();
  });

const noTools = wasmToolsVersion() === undefined ? "wasm-tools is not on the PATH" : false;

for (const [name, runs] of [
  ["smith", 6],
  ["mutated", 6],
] as const)
  test(`${runs} ${name} modules do the same hardened, in both modes`, {
    skip: noTools,
  }, async (t) => {
    await buildPlugins();
    const target = targets[name]!({ rare: 3, wasmtime: false });
    try {
      const { counts, ...tally } = await runSeeds(target, 1, runs);
      assert.deepEqual(said({ counts, ...tally }), []);
      assert.ok(counts.hardened! >= 2, JSON.stringify(counts));
      assert.ok(counts["calls compared with the original"]! > 0);
      t.diagnostic(JSON.stringify(counts));
    } finally {
      target.end();
    }
  });

test("eight generated modules keep the promise in the counting interpreter", async (t) => {
  const tally = await runSeeds(targets.counted!({ rare: 1, wasmtime: false }), 101, 8);
  assert.deepEqual(said(tally), []);
  assert.ok(tally.counts["bound: entries held to the promise"]! > 10);
  assert.equal(tally.counts["exact: units charged"], tally.counts["exact: units executed"]);
  t.diagnostic(JSON.stringify(tally.counts));
});

test("under twelve policies at random every call gets what the model of the guards says", async (t) => {
  const tally = await runSeeds(targets.guards!({ rare: 1, wasmtime: false }), 1, 12);
  assert.deepEqual(said(tally), []);
  assert.ok(tally.counts["of them denied"]! > 50 && tally.counts.calls! > 400);
  t.diagnostic(JSON.stringify(tally.counts));
});

test("the same seed gives the same module, another seed another", () => {
  const shape = { simd: true, taken: 50, aimed: true, size: 30, depth: 3 };
  assert.deepEqual(generate(7, shape), generate(7, shape));
  assert.notDeepEqual(generate(7, shape).bytes, generate(8, shape).bytes);
});

test("a corpus file gives back its module, its calls and its setting", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { sample, setting } = generated(seed);
    assert.deepEqual(fromFile(toFile(sample, setting)), { sample, setting });
  }
  assert.equal(fromFile(Uint8Array.of(1, 2, 3)), undefined);
});

test("a module whose hardened form does something else is a failure", async () => {
  const { sample, setting } = generated(5);
  class Wrong extends Differential {
    protected override originalBytes(): Uint8Array {
      return generated(13).sample.bytes;
    }
  }
  const right = await new Differential(sample, setting, null).judge(false);
  assert.equal(right.failure, null);
  const wrong = await new Wrong(sample, setting, null).judge(false);
  assert.notEqual(wrong.failure, null);
});

test("runs that follow each other become one row of the report, others stay apart", () => {
  const row = (from: number, to: number, target = "smith") =>
    ({
      target,
      command: "c",
      from,
      to,
      runs: to - from,
      failures: 0,
      counts: { hardened: 2 },
      versions: {},
    }) as const;
  const none = { runs: 0, failures: 0, rows: [] };
  const joined = [row(1, 5), row(5, 9), row(20, 30), row(9, 12, "generated")].reduce(withRow, none);
  assert.equal(joined.runs, 21);
  assert.deepEqual(
    joined.rows.map(({ target, from, to }) => `${target} ${from} ${to}`),
    ["generated 9 12", "smith 1 9", "smith 20 30"],
  );
  assert.equal(joined.rows[1]!.counts.hardened, 4);
});
