// The interpreter itself: it knows every opcode, counts what the page on costs says, and computes what the
// engine at hand computes, on random programs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { opcodes } from "../../src/spec/opcodes.ts";
import { generate } from "../fuzz/generate.ts";
import { answerOf } from "../fuzz/host-answers.ts";
import { runV8 } from "../fuzz/run-v8.ts";
import { wat } from "../wat.ts";
import { accesses } from "./access.ts";
import { computes } from "./computes.ts";
import { Machine } from "./machine.ts";
import { runOracle } from "./run.ts";

test("every opcode of the table computes, accesses memory, or is control", () => {
  const control = /^(mvp|reference-types|bulk-memory)$/;
  const missing = opcodes.filter(
    ({ code, sig, imm, feature }) =>
      !computes[code] &&
      !accesses[code] &&
      !(control.test(feature) && (sig === "*" || imm !== "none")),
  );
  // nop computes nothing; the constant of vectors is pushed as it stands.
  assert.deepEqual(
    missing.map((row) => row.name),
    ["nop", "v128.const"],
  );
});

/** Units of a call of `f` with arguments. */
function units(text: string, ...args: number[]): number {
  const machine = new Machine(wat(`(module ${text})`));
  const outcome = machine.call("f", args);
  assert.notEqual(outcome.kind, "steps");
  return machine.executed.reduce((sum, one) => sum + one, 0);
}

test("straight code costs its instructions and its final end", () => {
  assert.equal(units(`(func (export "f") (result i32) (i32.add (i32.const 1) (i32.const 2)))`), 4);
  assert.equal(units(`(func (export "f"))`), 1);
  assert.equal(units(`(func (export "f") (result i32) (return (i32.const 1)))`), 3);
});

test("locals cost an eighth each at entry, vectors a quarter, parameters nothing", () => {
  assert.equal(units(`(func (export "f") (param i32 i32) (local i32))`, 1, 2), 2);
  assert.equal(units(`(func (export "f") (local ${"i64 ".repeat(9)}))`), 3);
  assert.equal(units(`(func (export "f") (local ${"v128 ".repeat(5)}))`), 3);
});

test("an if pays for the arm taken; else and end only when control falls onto them", () => {
  const text = `(func (export "f") (param i32) (if (local.get 0) (then (nop) (nop)) (else (nop))))`;
  assert.equal(units(text, 1), 2 + 2 + 1 + 1, "local.get if, nops, else, the function's end");
  assert.equal(units(text, 0), 2 + 1 + 1 + 1, "local.get if, nop, end, the function's end");
  const bare = `(func (export "f") (param i32) (if (local.get 0) (then (nop))))`;
  assert.equal(units(bare, 1), 2 + 1 + 1 + 1);
  assert.equal(units(bare, 0), 2 + 1);
});

test("a branch pays its label's arity and goes past the end; a loop is paid once", () => {
  const out = `(func (export "f") (result i32) (block (result i32) (br 0 (i32.const 1))))`;
  assert.equal(units(out), 1 + 1 + 2 + 1, "block, const, br with one value, the function's end");
  const loop = `(func (export "f") (local i32)
    (loop (br_if 0 (i32.lt_s (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3)))))`;
  assert.equal(units(loop), 1 + 1 + 3 * (6 + 2) + 1 + 1, "entry, loop, three rounds, both ends");
});

test("a call pays its parameters, also through a table", () => {
  const text = `(table 1 funcref) (elem (i32.const 0) $g) (type $t (func (param i32 i32)))
    (func $g (type $t))`;
  const args = `(i32.const 1) (i32.const 2)`;
  assert.equal(units(`${text} (func (export "f") (call $g ${args}))`), 2 + 4 + 2 + 1 + 1);
  const indirect = `(call_indirect (type $t) ${args} (i32.const 0))`;
  assert.equal(units(`${text} (func (export "f") ${indirect})`), 3 + 10 + 2 + 1 + 1);
});

test("a trap ends the call with its kind, and a limit of steps without one", () => {
  const machine = (text: string, steps?: number) =>
    new Machine(wat(`(module ${text})`), steps === undefined ? {} : { steps });
  const divide = machine(`(func (export "f") (drop (i32.div_u (i32.const 1) (i32.const 0))))`);
  assert.deepEqual(divide.call("f", []), { kind: "trap", trap: "divide-by-zero" });
  const deep = machine(`(func $f (export "f") (call $f))`);
  assert.deepEqual(deep.call("f", []), { kind: "trap", trap: "stack" });
  const endless = machine(`(func (export "f") (loop (br 0)))`, 1000);
  assert.deepEqual(endless.call("f", []), { kind: "steps" });
});

const SEEDS = 200;

for (const simd of [false, true]) {
  test(`${SEEDS} random programs ${simd ? "with" : "without"} SIMD compute what the engine computes`, (t) => {
    let calls = 0;
    let unended = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const sample = generate(seed, { simd, taken: 100, aimed: simd, size: 30, depth: 3 });
      const ours = runOracle(sample.bytes, sample.calls, answerOf, 200_000);
      const done = ours.steps.filter(
        (step) => step.outcome !== "steps" && step.outcome !== "trap stack",
      );
      unended += ours.steps.length - done.length;
      if (done.length === 0) continue;
      const engine = runV8(sample.bytes, sample.calls, { most: done.length });
      assert.deepEqual(
        engine.steps.map((step) => step.outcome),
        done.map((step) => step.outcome),
        `seed ${seed}`,
      );
      calls += done.length;
      if (done.length === ours.steps.length)
        assert.equal(ours.memory, engine.memory, `seed ${seed}: memory`);
    }
    t.diagnostic(`${calls} calls agree, ${unended} did not end within the limits`);
    assert.ok(calls > 2 * SEEDS, `${calls} calls`);
  });
}
