// The promise and the charges, counted instruction by instruction on hardened modules: our plugins, hostile and
// not, and random programs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { contain } from "../../src/contain/contain.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { judgeCounted } from "../fuzz/counted.ts";
import { mixed } from "../fuzz/generated.ts";
import { random } from "../fuzz/random.ts";
import { wat } from "../wat.ts";
import { generousHost } from "./generous-host.ts";
import { hold, summary } from "./plugins.ts";
import { broken, type Entry, entries } from "./promise.ts";

const modes = ["bound", "exact"] as const;
const budgets = { callback: 20_000, start: 400_000 };
const rows = (plugins as readonly PluginRow[]).filter((row) => row.kind !== "fixture");
const paths = await buildPlugins();

const promises = {
  bound: "executes at most its budget and is charged at least what it executed",
  exact: "executes at most its budget and is charged exactly what it executed",
} as const;

for (const mode of modes) {
  test(`${mode}: every entry of every plugin ${promises[mode]}`, async (t) => {
    const all: Entry[] = [];
    const refused: string[] = [];
    for (const row of rows) {
      const held = await hold(row, paths.get(row.name)!, mode, budgets);
      if (typeof held === "string") refused.push(`${row.name} ${held}`);
      else {
        assert.equal(held.broken, null, row.name);
        all.push(...held.entries);
      }
    }
    t.diagnostic(summary(all));
    t.diagnostic(`refused: ${refused.join(", ")}`);
    assert.ok(all.length > 100, `${all.length} entries`);
    assert.ok(refused.length < rows.length / 3);
    assert.ok(all.some(({ outcome }) => outcome.startsWith("trap")));
  });

  test(`${mode}: every entry of 20 random modules ${promises[mode]}`, (t) => {
    const all: Entry[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const { sample, setting } = mixed(seed);
      const r = random(seed);
      const counted = judgeCounted(sample, mode, setting.allow, (below) => r.int(below));
      assert.equal(counted.failure, null, `seed ${seed}`);
      all.push(...counted.entries, ...counted.cut);
    }
    t.diagnostic(summary(all));
    assert.ok(all.length > 60, `${all.length} entries`);
  });
}

/** Fuel in a local, and everything that looks at the global on the way. */
const inLocal = `(module (import "env" "proxy_done" (func $done (result i32)))
  (memory (export "memory") 1 4)
  (func (export "proxy_abi_version_0_2_1"))
  (table 2 4 funcref) (elem (i32.const 0) $leaf $busy) (type $t (func (param i32) (result i32)))
  (func $leaf (type $t) (i32.add (local.get 0) (i32.const 1)))
  (func $busy (type $t) (loop (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0)))) (local.get 0))
  (func (export "f") (param $n i32) (param $which i32) (result i32) (local $i i32)
    (local.set $i (local.get $n))
    (loop (br_if 0 (i32.gt_s (local.tee $i (i32.sub (local.get $i) (i32.const 1))) (i32.const 0))))
    (local.set $i (local.get $n))
    (loop (br_if 0 (i32.gt_s (local.tee $i (i32.sub (local.get $i) (i32.const 3))) (i32.const 0))))
    (if (i32.and (local.get $which) (i32.const 2)) (then (return (call_indirect (type $t) (local.get $n) (i32.const 1)))))
    (if (i32.and (local.get $which) (i32.const 4)) (then (drop (memory.grow (i32.const 1)))))
    (if (i32.and (local.get $which) (i32.const 8)) (then (memory.fill (i32.const 0) (i32.const 1) (i32.const 5000))))
    (if (i32.and (local.get $which) (i32.const 16)) (then (drop (call $done))))
    (call_indirect (type $t) (local.get $n) (i32.const 0))))`;

for (const mode of modes) {
  test(`${mode}: fuel in a local is in its global wherever somebody looks at it`, () => {
    const calls = [0, 2, 4, 8, 16, 28].map((which) => ({ name: "f", args: [20, which] }));
    const sample = { bytes: wat(inLocal), calls };
    const counted = judgeCounted(sample, mode, ["proxy_done"], random(1).int);
    assert.equal(counted.failure, null);
    assert.ok(counted.entries.every(({ outcome }) => outcome.startsWith("=")));
    assert.equal(counted.entries.length, calls.length);
  });
}

const program = `(module (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
  (func (export "f") (param i32) (result i32)
    (if (i32.and (local.get 0) (i32.const 1)) (then (nop) (nop) (nop)))
    (loop (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0))))
    (local.get 0)))`;

test("a budget that was not kept, and a charge that is not what ran, would be seen", () => {
  const policy = policyFromRole("logging", {
    "spec.telemetry": false,
    "spec.limits.fuel.mode": "bound",
  });
  const { bytes } = contain(wat(program), policy);
  const run = (from: typeof policy) =>
    entries(bytes, [{ name: "f", args: [200] }], from, generousHost, false);
  const kept = run(policy);
  assert.equal(kept[0]!.outcome, "= 0");
  assert.equal(broken(kept, "bound"), null);
  assert.match(broken(kept, "exact")!, /was charged \d+, executed \d+/);
  const fuel = { ...policy.limits.fuel, callback: 1500 };
  const smaller = run({ ...policy, limits: { ...policy.limits, fuel } });
  assert.match(broken(smaller, "bound")!, /executed \d+ units of 1500/);
});
