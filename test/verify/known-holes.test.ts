// Holes of earlier metering systems, one test each: forged into a hardened module, verify refuses it; as a
// plugin, it is contained, and the counting interpreter and the engine show that it is bounded.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { Failure } from "../../src/errors/failure.ts";
import { verify } from "../../src/verify/verify.ts";
import { run } from "../harden/instance.ts";
import { assertBounded, BUDGET, modes, smallPolicy } from "../oracle/bounded.ts";
import { wat } from "../wat.ts";
import { u32 } from "./assemble.ts";
import { exactPolicy, forge, type Plan, policy } from "./forge.ts";

function refused(code: string, plan: Plan): void {
  const found = verify(forge(plan), plan.policy ?? policy);
  assert.deepEqual(
    found.map((one) => one.code),
    [code],
  );
}

const one = (code: string, type = ":", locals = ""): Plan => ({ guests: [{ type, locals, code }] });
const under = (code: string, type = ":", locals = ""): Plan => ({
  exports: [["run", 0]],
  guests: [
    { type: ":", code: "CHARGE_G=9000 call $g1 end" },
    { type, locals, code },
  ],
});

/** A plugin whose tick is the hole; the other exports are there to be entered afterwards. */
const plugin = (body: string, more = ""): Uint8Array =>
  wat(`(module (memory (export "memory") 1 16) ${more}
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 8))
    (func (export "proxy_on_log") (param i32))
    (func (export "proxy_on_tick") (param i32) ${body}))`);
const tick = { name: "proxy_on_tick", args: [1] };
const log = { name: "proxy_on_log", args: [1] };

function refusal(original: Uint8Array): string {
  try {
    contain(original, smallPolicy("bound"));
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
  return "contained";
}

test("a charge that was merged out of a loop", () => {
  refused("verify-credit", one("CHARGE_G=2147483647 loop nop local.get 0 br_if 0 end end", "i:"));
  refused(
    "verify-credit",
    one("CHARGE_G=9000 loop CHARGE_G=9000 loop local.get 0 br_if 0 end end end", "i:"),
  );
  refused(
    "verify-credit",
    one("ENTER_L=1,9000 loop local.get 0 br_if 0 end FLUSH=1 end", "i:", "1I"),
  );
  refused("verify-headroom", {
    ...one("TEST_G=2000 SUB_G=20 loop SUB_G=20 local.get 0 br_if 0 end end", "i:"),
    policy: exactPolicy,
  });
  const nested = "(loop $outer (loop $inner (br_if $inner (local.get 0))) (br $outer))";
  assertBounded(plugin(nested), [log, tick], { original: "steps", by: "fuel" });
});

test("charges at the end of a block", () => {
  const work = "nop ".repeat(30);
  refused("verify-credit", one(`CHARGE_G=9 ${work} CHARGE_G=90 end`));
  refused(
    "verify-credit",
    one(`CHARGE_G=9 loop ${work} CHARGE_G=90 local.get 0 br_if 0 end end`, "i:"),
  );
  // The pass never comes to the block's end: it goes on, or leaves, from the middle.
  const leaving = `(local $i i32)
    (loop $next
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (block $rest
        (br_if $next (local.get 0))
        (drop (i32.div_s (i32.const 1) (i32.const 0)))))`;
  assertBounded(plugin(leaving), [log, tick], { original: "steps", by: "fuel" });
});

test("a function with 30,000 locals", () => {
  for (const locals of ["30000i", "10000i 10000I 10000v", "10000i"]) {
    const found = verify(forge(one("CHARGE_G=90000 end", ":", locals)), policy);
    assert.ok(found.map(({ code }) => code).includes("verify-limits"), locals);
  }
  refused("verify-credit", one("CHARGE_G=130 end", ":", "1900i"));
  const locals = (count: number): string => `(func $wide (local ${"i64 ".repeat(count)}))`;
  assert.equal(refusal(plugin("(call $wide)", locals(30_000))), "wasm-limit");
  const calling = "(loop $again (call $wide) (br $again))";
  assertBounded(plugin(calling, locals(1_900)), [log, tick], { original: "steps", by: "fuel" });
});

test("a tree of calls without loops", () => {
  const doubling = Array.from({ length: 60 }, (_, k) => ({
    type: ":",
    code: k === 59 ? "nop end" : `call $g${k + 2} call $g${k + 2} end`,
  }));
  const guests = [{ type: ":", code: "CHARGE_G=9000 call $g1 end" }, ...doubling];
  const codes = verify(forge({ exports: [["run", 0]], guests }), policy).map(({ code }) => code);
  assert.ok(codes.includes("verify-shortfall"), `${codes}`);
  // What the callee leaves is paid for one call of two.
  const twice = (charge: number): Plan => ({
    exports: [["run", 0]],
    guests: [
      { type: ":", code: `CHARGE_G=${charge} call $g1 call $g1 end` },
      { type: ":", code: `${"nop ".repeat(50)} end` },
    ],
  });
  const exact = 8 + 2 * (4 + 51) + 1;
  assert.deepEqual(verify(forge(twice(exact)), policy), []);
  refused("verify-credit", twice(exact - 51));
  const tree = Array.from({ length: 40 }, (_, k) =>
    k === 39 ? "(func $f39)" : `(func $f${k} (call $f${k + 1}) (call $f${k + 1}))`,
  );
  const calling = plugin("(call $f0)", tree.join(" "));
  assertBounded(calling, [log, tick], { original: "steps", by: "fuel" });
});

test("a loop in the start function", () => {
  refused("verify-start", { ...one("CHARGE_G=9 end"), before: { element: [8, 1, 0] } });
  refused("verify-credit", { ...one("CHARGE_G=90 loop br 0 end end"), start: 0 });
  refused("verify-target", {
    exports: [["run", 1]],
    guests: [
      { type: ":", code: "loop CHARGE_G=90 br 0 end end" },
      { type: ":", code: "CHARGE_G=9 end" },
    ],
    start: 0,
  });
  const starting = plugin("", "(func $s (loop $l (br $l))) (start $s)");
  assertBounded(starting, [{ name: "_initialize", args: [] }], { original: "steps", by: "fuel" });
});

test("memory.fill of 4 GiB", () => {
  const fill = "i32.const 0 i32.const 0 i32.const -1";
  refused("verify-bulk", one(`CHARGE_G=9000 ${fill} memory.fill 0 end`));
  // Charged for, but elsewhere: only the helper's own result may be the operation's length.
  refused("verify-private-function", {
    ...one(`CHARGE_G=9000 i32.const 1 call $bulkBytes drop ${fill} memory.fill 0 end`),
    helpers: ["bulkBytes"],
  });
  const whole = "(memory.fill (i32.const 0) (i32.const 1) (i32.const -1))";
  assertBounded(plugin(whole), [log, tick], { original: "trap memory", by: "fuel" });
  const page = `(loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br $again))`;
  assertBounded(plugin(page), [log, tick], { original: "steps", by: "fuel" });
});

const table = (target: string): Partial<Plan> => ({
  tables: [[0x70, 1, 1, 8]],
  elements: (symbols) => [[0, 0x41, 0, 0x0b, 1, ...u32(symbols(target))]],
});

test("mutual recursion through a table", () => {
  refused("verify-stack-cycle", {
    ...table("g1"),
    guests: [
      { type: ":", code: "CHARGE_G=90 i32.const 0 call_indirect : 0 end" },
      { type: ":", code: "CHARGE_G=90 call $g0 end" },
    ],
  });
  refused("verify-uncharged-named", {
    ...under("nop end"),
    ...table("g1"),
  });
  const shared = `(table 2 2 funcref) (elem (i32.const 0) $even $odd) (type $t (func (param i32) (result i32)))`;
  const other = (name: string, at: number, rest: string) =>
    `(func $${name} (type $t) ${rest} (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const ${at})))`;
  const endless = `${shared} ${other("even", 1, "")} ${other("odd", 0, "")}`;
  assertBounded(plugin("(drop (call $even (i32.const 7)))", endless), [log, tick], {
    original: "trap stack",
    by: "stack",
  });
  // Forty calls deep at most, but 2^40 calls.
  const stop = "(if (i32.eqz (local.get 0)) (then (return (i32.const 0))))";
  const both = (name: string, at: number) =>
    other(
      name,
      at,
      `${stop} (drop (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const ${1 - at})))`,
    );
  const wide = `${shared} ${both("even", 1)} ${both("odd", 0)}`;
  assertBounded(plugin("(drop (call $even (i32.const 40)))", wide), [log, tick], {
    original: "steps",
    by: "fuel",
  });
});

test("tail calls that play ping-pong", () => {
  refused("verify-opcode", {
    guests: [
      { type: ":", code: "CHARGE_G=90 0x12 0x05 end" },
      { type: ":", code: "CHARGE_G=90 end" },
    ],
  });
  const calls = plugin("(call $ping)", "(func $ping (call $pong)) (func $pong (call $ping))");
  // `call x end` as `return_call x end`: the same module, but for the opcode.
  const tails = calls.map((byte, i) => (byte === 0x10 && calls[i + 2] === 0x0b ? 0x12 : byte));
  assert.equal(tails.filter((byte, i) => byte !== calls[i]).length, 3);
  assert.equal(refusal(tails), "wasm-feature");
  assertBounded(calls, [log, tick], { original: "trap stack", by: "stack" });
});

test("an exhausted counter that wraps", () => {
  // A charge that is not tested, one that adds, and rows of templates that run on nobody's fuel.
  refused("verify-exact-only", one("SUB_G=2147483647 end"));
  const tested = "global.get $fuel i64.const 9 i64.sub global.set $fuel global.get $fuel";
  for (const bound of ["i64.const -9 i64.lt_s", "i64.const 0 i64.le_s", "i64.const 0 i64.lt_u"]) {
    refused("verify-exact-only", one(`${tested} ${bound} if unreachable end end`));
  }
  refused("verify-charge-range", one("CHARGE_G=-9223372036854775808 end"));
  refused(
    "verify-credit",
    one(`CHARGE_G=8 ${"STACK_IN=2000 STACK_OUT=2000 ".repeat(40)} CHARGE_G=999 end`),
  );
  assertBounded(plugin("(loop $l (br $l))"), [log, tick], { original: "steps", by: "fuel" });

  // A host that swallows every trap and enters again, also inside a host call, where the allocator spends what
  // is left: the counter goes below zero once.
  const calling = `(module (import "env" "proxy_done" (func $done (result i32)))
    (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (loop $l (br $l)) (unreachable))
    (func (export "proxy_on_tick") (param i32) (drop (call $done)) (i32.store (i32.const 0) (i32.const 1))))`;
  for (const mode of modes) {
    const { bytes } = contain(wat(calling), smallPolicy(mode));
    const values: bigint[] = [];
    const running = run(bytes, {
      proxy_done: () => {
        for (let times = 0; times < 1000; times++) {
          assert.throws(() => running.call("malloc", 1), /unreachable/);
          values.push(running.global("glovebox_fuel") as bigint);
        }
        return 0;
      },
    });
    assert.throws(() => running.call("proxy_on_tick", 1), /unreachable/);
    assert.equal(new Set(values).size, 1);
    assert.ok(values[0]! < 0n && values[0]! > -BigInt(BUDGET.callback), `${values[0]}`);
    assert.equal(running.memory[0], 0, "the guest did not run on");
  }
});
