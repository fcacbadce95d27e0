// What hardened code does when it runs: the same as the original while the limits allow, and a trap that
// stays a trap where they don't.
import assert from "node:assert/strict";
import { test } from "node:test";
import { harden } from "../../src/harden/harden.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { wat } from "../wat.ts";
import { outcome, run, runHardened } from "./instance.ts";

const modes = ["bound", "exact"] as const;
const marker = `(func (export "proxy_abi_version_0_2_1"))`;

const program = `(module
  (memory (export "memory") 1)
  (table 4 funcref)
  (elem (i32.const 0) $inc $dec $sq)
  (type $unary (func (param i32) (result i32)))
  ${marker}
  (func $inc (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $dec (type $unary) (i32.sub (local.get 0) (i32.const 1)))
  (func $sq (type $unary) (i32.mul (local.get 0) (local.get 0)))
  (func $fib (export "fib") (type $unary)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "apply") (param $which i32) (param $times i32) (param $x i32) (result i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $times)))
        (local.set $x (call_indirect (type $unary) (local.get $x) (local.get $which)))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br $again)))
    (local.get $x))
  (func (export "sieve") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $count i32)
    (memory.fill (i32.const 0) (i32.const 1) (local.get $n))
    (local.set $i (i32.const 2))
    (block $out
      (loop $outer
        (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
        (if (i32.load8_u (local.get $i))
          (then
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $j (i32.mul (local.get $i) (local.get $i)))
            (block $next
              (loop $inner
                (br_if $next (i32.ge_u (local.get $j) (local.get $n)))
                (i32.store8 (local.get $j) (i32.const 0))
                (local.set $j (i32.add (local.get $j) (local.get $i)))
                (br $inner)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $outer)))
    (local.get $count))
  (func (export "switch") (type $unary)
    (block $c (block $b (block $a
      (br_table $a $b $c (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 20)))
    (i32.const 30))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "pair") (param i32) (result i32 i64)
    (loop $l
      (if (i32.gt_u (local.get 0) (i32.const 5))
        (then (return (local.get 0) (i64.const 7))))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br $l))
    (unreachable)))`;

const calls: readonly [string, ...number[]][] = [
  ["fib", 15],
  ["fib", 0],
  ["apply", 0, 100, 5],
  ["apply", 2, 3, 3],
  ["apply", 3, 1, 1],
  ["apply", 9, 1, 1],
  ["sieve", 1000],
  ["sieve", 70000],
  ["switch", 0],
  ["switch", 1],
  ["switch", 9],
  ["divide", 7, 2],
  ["divide", 1, 0],
  ["divide", -2147483648, -1],
  ["pair", 0],
  ["pair", 9],
];

for (const mode of modes) {
  test(`${mode}: every call answers, traps and writes memory as the original does`, () => {
    const policy = policyFromRole("logging", {
      "spec.telemetry": false,
      "spec.limits.fuel.mode": mode,
    });
    for (const [name, ...args] of calls) {
      const original = run(wat(program));
      const hardened = runHardened(program, policy);
      assert.equal(
        outcome(hardened, name, ...args),
        outcome(original, name, ...args),
        `${name} ${args}`,
      );
      assert.deepEqual(hardened.memory, original.memory, `${name} ${args}: memory`);
    }
  });

  test(`${mode}: a call that costs n units runs with a budget for n, and not with one unit less`, () => {
    const withBudget = (callback: number) =>
      runHardened(
        program,
        policyFromRole("logging", {
          "spec.telemetry": false,
          "spec.limits.fuel.mode": mode,
          "spec.limits.fuel.callback": callback,
        }),
      );
    const runs = (budget: number) => {
      const instance = withBudget(budget);
      return outcome(instance, "fib", 6).startsWith("=");
    };
    let low = 1500;
    let high = 20000;
    assert.ok(!runs(low) && runs(high));
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (runs(middle)) high = middle;
      else low = middle;
    }
    const exact = withBudget(high);
    exact.call("fib", 6);
    const spent = Number(exact.global("glovebox_spent"));
    assert.ok(spent > 0 && spent < high, `spent ${spent} of ${high}`);
    const short = withBudget(high - 1);
    assert.match(outcome(short, "fib", 6), /unreachable/);
    assert.ok(Number(short.global("glovebox_fuel")) < 0, "negative fuel says why");
  });

  test(`${mode}: after exhaustion every export traps, the allocator too`, () => {
    const text = `(module (memory (export "memory") 1) ${marker}
      (func (export "proxy_on_tick") (param i32) (loop $l (br $l)))
      (func (export "malloc") (param i32) (result i32) (i32.const 8))
      (func (export "proxy_on_log") (param i32)))`;
    const policy = policyFromRole("logging", {
      "spec.telemetry": false,
      "spec.limits.fuel.mode": mode,
      "spec.limits.fuel.callback": 100_000,
    });
    const instance = runHardened(text, policy);
    instance.call("malloc", 1);
    assert.match(outcome(instance, "proxy_on_tick", 1), /unreachable/);
    assert.ok(Number(instance.global("glovebox_fuel")) < 0);
    assert.match(outcome(instance, "malloc", 1), /unreachable/);
    assert.match(outcome(instance, "proxy_on_log", 1), /unreachable/);
  });
}

test("recursion traps on our limit, and says so, before the engine's stack is gone", () => {
  const text = `(module (memory (export "memory") 1) ${marker}
    (func $r (param i32) (result i32) (i32.add (call $r (local.get 0)) (i32.const 1)))
    (func (export "proxy_on_done") (param i32) (result i32) (call $r (local.get 0))))`;
  const instance = runHardened(text, policyFromRole("logging", { "spec.telemetry": false }));
  assert.match(outcome(instance, "proxy_on_done", 1), /unreachable/);
  assert.ok(Number(instance.global("glovebox_stack")) < 0);
});

test("a memory.grow past the cap traps by default and is counted", () => {
  const text = `(module (memory (export "memory") 1) ${marker}
    (func (export "malloc") (param i32) (result i32) (memory.grow (local.get 0))))`;
  const trapping = runHardened(
    text,
    policyFromRole("logging", { "spec.telemetry": false, "spec.limits.memory": 4 * 65536 }),
  );
  assert.equal(outcome(trapping, "malloc", 2), "= 1");
  assert.equal(outcome(trapping, "malloc", 1), "= 3");
  assert.match(outcome(trapping, "malloc", 1), /unreachable/);
  assert.equal(trapping.global("glovebox_refused"), 1);
  const refusing = runHardened(
    text,
    policyFromRole("logging", {
      "spec.telemetry": false,
      "spec.limits.memory": 4 * 65536,
      "spec.limits.onMemoryCap": "refuse",
    }),
  );
  assert.equal(outcome(refusing, "malloc", 4), "= -1");
  assert.equal(outcome(refusing, "malloc", 0x10000), "= -1");
  assert.equal(outcome(refusing, "malloc", -1), "= -1");
  assert.equal(outcome(refusing, "malloc", 3), "= 1");
  assert.equal(refusing.global("glovebox_refused"), 3);
});

const denied = `(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) ${marker}
  (data (i32.const 0) "the guest's own bytes, which stay as they are, all of them, whatever is logged in between them")
  (func (export "proxy_on_done") (param i32) (result i32)
    (call $call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))`;

test("a denied call answers 10, is logged once with both names, and leaves memory as it was", () => {
  const lines: string[] = [];
  const holder: { memory?: () => Uint8Array } = {};
  const instance = runHardened(denied, policyFromRole("logging", { "spec.telemetry": false }), {
    proxy_log: (level, at, size) => {
      const from = Number(at);
      const bytes = holder.memory!().slice(from, from + Number(size));
      lines.push(`${level} ${new TextDecoder().decode(bytes)}`);
      return 0;
    },
    proxy_http_call: () => assert.fail("the host must not be reached"),
  });
  holder.memory = () => instance.memory;
  const before = instance.memory.slice();
  assert.equal(outcome(instance, "proxy_on_done", 1), "= 10");
  assert.equal(outcome(instance, "proxy_on_done", 1), "= 10");
  assert.deepEqual(lines, [
    "4 WASM filter capability denied: proxy_http_call (proxy_dispatch_http_call)",
  ]);
  assert.deepEqual(instance.memory, before);
  const bits = ["glovebox_denied0", "glovebox_denied1", "glovebox_denied2"].map((name) =>
    instance.global(name),
  );
  assert.equal(bits.filter((word) => word !== 0n).length, 1);
});

const answers = {
  "internal-failure": 10,
  unimplemented: 12,
  "not-found": 1,
  "ok-empty": 0,
} as const;
for (const [answer, status] of Object.entries(answers)) {
  test(`a denied call answers ${status} where the policy says ${answer}`, () => {
    const policy = policyFromRole("logging", {
      "spec.telemetry": false,
      "spec.capabilities.denied": answer as keyof typeof answers,
    });
    assert.equal(outcome(runHardened(denied, policy), "proxy_on_done", 1), `= ${status}`);
  });
}

test("the host may enter the allocator inside a host call, on the same fuel, and nothing else", () => {
  const text = `(module
    (import "env" "proxy_done" (func $done (result i32)))
    (memory (export "memory") 1) ${marker}
    (func (export "malloc") (param i32) (result i32) (i32.const 64))
    (func (export "proxy_on_log") (param i32))
    (func (export "proxy_on_tick") (param i32) (drop (call $done))))`;
  const seen: string[] = [];
  const holder: { call?: (name: string) => string } = {};
  const instance = runHardened(text, policyFromRole("logging", { "spec.telemetry": false }), {
    proxy_done: () => {
      const before = Number(instance.global("glovebox_fuel"));
      seen.push(holder.call!("malloc"));
      const after = Number(instance.global("glovebox_fuel"));
      assert.ok(after < before && after > 0, "the allocator spends the caller's fuel");
      seen.push(holder.call!("proxy_on_log"));
      return 0;
    },
  });
  holder.call = (name) => outcome(instance, name, 1);
  assert.match(outcome(instance, "proxy_on_tick", 1), /^= /);
  assert.equal(seen[0], "= 64");
  assert.match(seen[1]!, /unreachable/);
});

test("a host that swallows the allocator's trap and goes on with the plugin is stopped on its return", () => {
  const text = `(module
    (import "env" "proxy_done" (func $done (result i32)))
    (memory (export "memory") 1) ${marker}
    (func (export "malloc") (param i32) (result i32) (unreachable))
    (func (export "proxy_on_tick") (param i32)
      (drop (call $done))
      (i32.store (i32.const 0) (i32.const 1))))`;
  const holder: { call?: () => string } = {};
  const instance = runHardened(text, policyFromRole("logging", { "spec.telemetry": false }), {
    proxy_done: () => {
      assert.match(holder.call!(), /unreachable/);
      return 0;
    },
  });
  holder.call = () => outcome(instance, "malloc", 1);
  assert.match(outcome(instance, "proxy_on_tick", 1), /unreachable/);
  assert.equal(instance.memory[0], 0, "the guest did not run on");
});

test("a start section runs once, before the first callback, whichever comes first", () => {
  const text = `(module (memory (export "memory") 1) ${marker}
    (global $g (mut i32) (i32.const 0))
    (func $s (global.set $g (i32.add (global.get $g) (i32.const 5))))
    (start $s)
    (func (export "proxy_on_done") (param i32) (result i32) (global.get $g)))`;
  for (const first of ["_initialize", "proxy_on_done"]) {
    const instance = runHardened(text, policyFromRole("logging", { "spec.telemetry": false }));
    outcome(instance, first, 1);
    assert.equal(outcome(instance, "proxy_on_done", 1), "= 5");
  }
});

test("the same plugin and policy give the same bytes, and bytes of another policy differ", () => {
  const one = harden(wat(program), policyFromRole("logging", { "spec.telemetry": false }));
  const two = harden(wat(program), policyFromRole("logging", { "spec.telemetry": false }));
  assert.deepEqual(one.bytes, two.bytes);
  const other = harden(
    wat(program),
    policyFromRole("logging", { "spec.telemetry": false, "spec.limits.fuel.callback": 99_999 }),
  );
  assert.notDeepEqual(one.bytes, other.bytes);
});
