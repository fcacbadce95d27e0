// The estimate of a frame's stack (A26), by the smallest charge with which a counted call of a function is
// accepted: verify may take no frame for smaller than the page on the format says, or recursion outgrows the
// engine's stack before the counter trips.
import assert from "node:assert/strict";
import { test } from "node:test";
import { verify } from "../../src/verify/verify.ts";
import { u32 } from "./assemble.ts";
import { forge, type Guest, type Plan, policy, policyWith } from "./forge.ts";

/** A counted call charges no more than the callee's path: the share by depth is one byte. */
const rules = policyWith({}, { callDepth: policy.limits.stackBytes });

/** The smallest STACK_IN under which `guests[0]` may be called, with zeros or null vectors. */
function least(guests: readonly Guest[], more: Partial<Plan> = {}): number {
  const [params = ""] = guests[0]!.type.split(":");
  const zeros = [...params].map((letter) => (letter === "v" ? "v128.const" : "i32.const 0"));
  const results = "drop ".repeat(guests[0]!.type.split(":")[1]?.length ?? 0);
  const accepted = (charge: number): boolean => {
    const code = `CHARGE_G=90000 ${zeros.join(" ")} STACK_IN=${charge} call $g1 STACK_OUT=${charge} ${results} end`;
    const all = [{ type: ":", code }, ...guests];
    const found = verify(
      forge({ policy: rules, exports: [["run", 0]], guests: all, ...more }),
      rules,
    );
    const codes = found.map((one) => one.code);
    assert.ok(codes.length === 0 || codes.join() === "verify-stack-charge", `${codes}`);
    return codes.length === 0;
  };
  let [low, high] = [0, 10_000];
  assert.ok(accepted(high));
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (accepted(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** A table of eight places with a function in the first. */
const tabled = (target: string): Partial<Plan> => ({
  tables: [[0x70, 1, 1, 8]],
  elements: (symbols) => [[0, 0x41, 0, 0x0b, 1, ...u32(symbols(target))]],
});

/** 128 bytes, 8 for each slot of parameters, locals and operands, 16 for each argument of the widest call. */
const frame = (slots: number, args = 0): number => 128 + 8 * slots + 16 * args;
/** Operands of a charge. */
const OWN = 2;
const WIDE = 3;
const one = (code: string, type = ":", locals = ""): readonly Guest[] => [{ type, locals, code }];

test("parameters, locals and operands count a slot each, those of templates too", () => {
  assert.equal(least(one("end")), frame(0));
  assert.equal(least(one("CHARGE_G=90 end")), frame(OWN));
  assert.equal(least(one("CHARGE_G=90 end", "iiii:")), frame(4 + OWN));
  assert.equal(least(one("CHARGE_G=90 end", ":", "5i 2I")), frame(7 + OWN));
  const four = `${"i32.const 1 ".repeat(4)} ${"drop ".repeat(4)}`;
  assert.equal(least(one(`CHARGE_G=90 ${four} end`)), frame(4));
  const over = "i32.const 1 i32.const 2 CHARGE_G=90 drop drop";
  assert.equal(least(one(`CHARGE_G=90 ${over} end`)), frame(2 + OWN), "a template on operands");
});

test("what takes its operands off leaves none behind, however often it stands there", () => {
  const callee = { type: "i:i", code: "CHARGE_G=90 local.get 0 end" };
  for (const code of [
    "block i32.const 0 br_if 0 i32.const 0 br_if 0 i32.const 0 br_if 0 end",
    "i32.const 0 if end",
    "i32.const 0 if i32.const 1 drop else i32.const 1 drop end",
    "block:i i32.const 1 i32.const 2 br_if 0 end drop",
    "block i32.const 0 br_table 1 0 0 end",
    "loop:i i32.const 1 end drop",
    "i32.const 1 memory.size 0 i32.store 2 0",
    "i32.const 1 i32.const 0 i32.add drop",
    "ref.null 0x70 ref.is_null drop",
    "0x41 0x00 0x25 0x00 drop",
  ])
    assert.equal(
      least(one(`CHARGE_G=900 ${`${code} `.repeat(4)} end`), tabled("g1")),
      frame(OWN),
      code,
    );
  const calls = "i32.const 1 i32.const 0 call_indirect i:i 0 drop i32.const 1 call $g2 drop";
  const calling = { type: ":", code: `CHARGE_G=900 ${`${calls} `.repeat(4)} end` };
  assert.equal(least([calling, callee], tabled("g2")), frame(2, 1) + frame(1 + OWN));
});

test("a vector among parameters or locals counts three slots, and so does then every operand", () => {
  assert.equal(least(one("CHARGE_G=90 end", "v:")), frame(WIDE + WIDE * OWN));
  assert.equal(least(one("CHARGE_G=90 end", "ivv:")), frame(1 + 2 * WIDE + WIDE * OWN));
  assert.equal(least(one("CHARGE_G=90 end", ":", "4v")), frame(4 * WIDE + WIDE * OWN));
  assert.equal(least(one("CHARGE_G=90 end", ":", "1i 2v 3i")), frame(4 + 2 * WIDE + WIDE * OWN));
});

test("a vector from anywhere makes every operand count three slots", () => {
  const wide = frame(WIDE * OWN);
  assert.equal(least(one("CHARGE_G=90 v128.const drop end")), wide, "an instruction");
  const vector = [0x7b, 1, 0xfd, 12, ...new Array<number>(16).fill(0), 0x0b];
  const global = { globals: [vector] };
  assert.equal(least(one("CHARGE_G=90 global.get 0 drop end"), global), wide, "a global");
  const dead = "i32.const 0 if block:v unreachable end unreachable end";
  assert.equal(least(one(`CHARGE_G=90 ${dead} end`)), wide, "a block's result");
  const typed = "i32.const 0 if block::vv unreachable end unreachable end";
  assert.equal(least(one(`CHARGE_G=90 ${typed} end`)), wide, "a block's type");
  const giving = { type: ":v", code: "CHARGE_G=90 unreachable end" };
  const caller = { type: ":", code: "CHARGE_G=90 call $g2 drop end" };
  assert.equal(least([caller, giving]), wide + wide, "what is called");
});

test("the arguments of the widest call count beside the operands that they are", () => {
  const callee = { type: "iii:", code: "CHARGE_G=90 end" };
  const few = { type: "i:", code: "CHARGE_G=90 end" };
  const zeros = "i32.const 0 i32.const 0 i32.const 0";
  const caller = { type: ":", code: `CHARGE_G=90 ${zeros} call $g2 i32.const 0 call $g3 end` };
  assert.equal(least([caller, callee, few]), frame(3, 3) + frame(3 + OWN));
});

test("a path is its heaviest arm, however often its functions are called on the way", () => {
  const [light, heavy] = [
    { type: ":", code: "CHARGE_G=90 end" },
    { type: ":", locals: "20i", code: "CHARGE_G=90 end" },
  ];
  const both = { type: ":", code: "CHARGE_G=90 call $g2 call $g3 call $g2 end" };
  assert.equal(least([both, light, heavy]), frame(OWN) + frame(20 + OWN));
  assert.equal(least([both, heavy, light]), frame(OWN) + frame(20 + OWN));
});

test("of several counted calls of a function the one that charges least is judged", () => {
  const callee = { type: ":", locals: "20i", code: "CHARGE_G=90 end" };
  const needed = frame(20 + OWN);
  const call = (charge: number): string => `STACK_IN=${charge} call $g1 STACK_OUT=${charge}`;
  const codes = (...charges: readonly number[]): string[] => {
    const caller = { type: ":", code: `CHARGE_G=9000 ${charges.map(call).join(" ")} end` };
    const plan: Plan = { policy: rules, exports: [["run", 0]], guests: [caller, callee] };
    return verify(forge(plan), rules).map((finding) => finding.code);
  };
  assert.deepEqual(codes(needed, 2 * needed, needed), []);
  assert.deepEqual(codes(needed - 1, needed), ["verify-stack-charge"]);
  assert.deepEqual(codes(needed, needed - 1), ["verify-stack-charge"]);
});

test("a call through a type reaches what is called through any type of the same structure", () => {
  let types = 0;
  const again = (content: number[]): number[] => {
    const [count, ...rest] = content;
    types = count!;
    return [count! + 1, ...rest, 0x60, 0, 0];
  };
  const plan = (target: string): Plan => ({
    exports: [["run", 0]],
    ...tabled(target),
    guests: [
      { type: ":", code: `CHARGE_G=90 i32.const 0 0x11 0x${types.toString(16)} 0x00 end` },
      { type: ":", code: "CHARGE_G=90 end" },
    ],
    edit: { type: again },
  });
  // The first only tells how many types there are without the one that is given again.
  forge(plan("g1"));
  const codes = (target: string) => verify(forge(plan(target)), policy).map((one) => one.code);
  assert.deepEqual(codes("g1"), []);
  assert.deepEqual(codes("g0"), ["verify-stack-cycle"]);
});
