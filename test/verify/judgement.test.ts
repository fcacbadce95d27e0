// The rules of docs/credit-judgement.md that no other test of verify pins down alone, named as there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { costTables } from "../../src/spec/costs.ts";
import { type OpcodeName, op } from "../../src/spec/opcodes.ts";
import { firstContext } from "../../src/verify/expect/context.ts";
import { grow } from "../../src/verify/expect/grow.ts";
import { verify } from "../../src/verify/verify.ts";
import { u32 } from "./assemble.ts";
import { exactPolicy, forge, type Plan, policy } from "./forge.ts";

function codes(plan: Plan): string[] {
  return verify(forge(plan), plan.policy ?? policy).map((one) => one.code);
}
const body = (code: string, type = ":", locals = ""): Plan => ({
  guests: [{ type, locals, code }],
});
const exact = (code: string, type = ":", locals = ""): Plan => ({
  ...body(code, type, locals),
  policy: exactPolicy,
});
const inTable: Partial<Plan> = {
  tables: [[0x70, 1, 1, 8]],
  elements: (symbols) => [[0, 0x41, 0, 0x0b, 1, ...u32(symbols("g0"))]],
};

test("C-HEAD: a function that begins with another template than a charge or a test is not charged", () => {
  for (const [code, rules] of [
    ["STACK_IN=300 STACK_OUT=300 CHARGE_G=90 end", policy],
    ["LOAD=0 FLUSH=0 CHARGE_G=90 end", policy],
    ["LOAD=0 CHARGE_L=0,90 FLUSH=0 end", policy],
    ["nop CHARGE_G=90 end", policy],
  ] as const) {
    const plan = { ...body(code, ":", "1I"), ...inTable, policy: rules };
    assert.deepEqual(codes(plan), ["verify-uncharged-named"], code);
  }
  assert.deepEqual(codes({ ...body("CHARGE_G=90 end"), ...inTable }), []);
  assert.deepEqual(
    codes({ ...exact("LOAD=0 TEST_L=0,90 SUB_L=0,40 FLUSH=0 end", ":", "1I"), ...inTable }),
    [],
  );
});

test("C-LABEL: behind an if only the headroom counts that both arms leave", () => {
  const plan = (last: number): Plan =>
    exact(`TEST_G=90 SUB_G=30 local.get 0 if SUB_G=40 end SUB_G=${last} end`, "i:");
  assert.deepEqual(codes(plan(20)), []);
  assert.deepEqual(codes(plan(21)), ["verify-headroom"]);
  const other = exact("TEST_G=90 SUB_G=30 local.get 0 if else SUB_G=40 end SUB_G=21 end", "i:");
  assert.deepEqual(codes(other), ["verify-headroom"]);
});

test("C-LOOP: what was tested before a loop does not hold inside it", () => {
  const plan = (code: string): Plan =>
    exact(`TEST_G=500 SUB_G=60 loop ${code} local.get 0 br_if 0 end end`, "i:");
  assert.deepEqual(codes(plan("SUB_G=20")), ["verify-headroom"]);
  assert.deepEqual(codes(plan("TEST_G=20 SUB_G=20")), []);
});

test("C-DAG: a circle of uncharged functions that only a wrapper enters, or nothing at all, is refused", () => {
  const counted = (to: string) => `STACK_IN=2000 call $${to} STACK_OUT=2000 end`;
  for (const call of [counted, (to: string) => `call $${to} end`]) {
    const guests = [
      { type: ":", code: call("g1") },
      { type: ":", code: call("g0") },
      { type: ":", code: "CHARGE_G=9 end" },
    ];
    for (const entered of [0, 2]) {
      const plan: Plan = { exports: [["run", entered]], guests };
      assert.deepEqual([...new Set(codes(plan))], ["verify-uncharged-cycle"], `${entered}`);
    }
  }
});

test("C-CHARGE: what was tested before a charge does not hold behind it", () => {
  assert.deepEqual(codes(exact("TEST_G=90 SUB_G=40 SUB_G=50 end")), []);
  assert.deepEqual(codes(exact("TEST_G=90 CHARGE_G=40 SUB_G=50 end")), ["verify-headroom"]);
});

test("C-CALL-FREE: a call of what is not fuel-free makes its caller not fuel-free", () => {
  const caller = { type: ":", locals: "1I", code: "ENTER_L=0,900 call $g1 FLUSH=0 end" };
  const above = { type: ":", code: "call $g2 end" };
  const charging = { type: ":", code: "nop CHARGE_G=90 end" };
  const plan = { exports: [["run", 0]], guests: [caller, above, charging] } as const;
  assert.deepEqual(codes(plan), ["verify-mode"]);
});

const { flat, localsPerUnit } = costTables[policy.limits.fuel.costs];
const price = (...names: OpcodeName[]): number =>
  names.reduce((sum, name) => sum + flat[op(name)]!, 0);
const CHARGE: readonly OpcodeName[] = [
  ...(["global.get", "i64.const", "i64.sub", "global.set"] as const),
  ...(["global.get", "i64.const", "i64.lt_s", "if"] as const),
];

/** The smallest first charge with which a function is accepted. */
function least(
  code: string,
  type = ":",
  locals = "",
  more: Plan["guests"] = [],
  helpers: Plan["helpers"] = [],
): number {
  const accepted = (charge: number): boolean => {
    const guests = [{ type, locals, code: `CHARGE_G=${charge} ${code}` }, ...more];
    const found = codes({ exports: [["run", 0]], guests, helpers });
    assert.ok(found.length === 0 || found[0] === "verify-credit", `${code}: ${found}`);
    return found.length === 0;
  };
  let [low, high] = [0, 1_000_000];
  assert.ok(accepted(high), code);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (middle > 0 && accepted(middle)) high = middle;
    else low = middle;
  }
  return high - price(...CHARGE);
}

test("C-ENTRY: declared locals are paid at entry, v128 twice", () => {
  const plain = least("end");
  assert.equal(least("end", ":", "100i"), plain + Math.ceil(100 / localsPerUnit));
  assert.equal(least("end", ":", "100v"), plain + Math.ceil(200 / localsPerUnit));
  assert.equal(least("end", "iiii:", ""), plain);
});

test("C-ENTRY: locals of an uncharged function are left to its callers, where a template comes first too", () => {
  const callee = (locals: string) => [
    { type: ":", locals, code: "STACK_IN=300 STACK_OUT=300 CHARGE_G=9000 end" },
  ];
  const without = least("call $g1 end", ":", "", callee(""));
  const entry = Math.ceil(1600 / localsPerUnit);
  assert.equal(least("call $g1 end", ":", "", callee("1600i")), without + entry);
});

test("C-END: an end is paid where control falls onto it, and only there", () => {
  assert.equal(least("end"), price("end"));
  assert.equal(least("block nop end end"), price("block", "nop", "end", "end"));
  assert.equal(least("block br 0 end end"), price("block", "br", "end"));
});

test("C-BLOCK: block, loop and if are paid", () => {
  assert.equal(least("block end end"), price("block", "end", "end"));
  assert.equal(least("loop end end"), price("loop", "end", "end"));
  const both = price("local.get", "if", "end", "end");
  assert.equal(least("local.get 0 if end end", "i:"), both);
});

test("C-BR: br and br_if pay for each value that they carry", () => {
  const values = "i32.const 1 i32.const 2 i32.const 3";
  const three = 3 * price("i32.const");
  assert.equal(
    least(`block::iii ${values} br 0 end drop drop drop end`),
    three + price("block", "br", "drop", "drop", "drop", "end") + 3,
  );
  assert.equal(
    least(`block::iii ${values} local.get 0 br_if 0 end drop drop drop end`, "i:"),
    three + price("block", "local.get", "br_if", "end", "drop", "drop", "drop", "end") + 3,
  );
});

test("C-BR-TABLE: br_table pays for each value that it carries", () => {
  const code = "block::ii i32.const 1 i32.const 2 local.get 0 br_table 1 0 0 end drop drop end";
  const names = ["block", "i32.const", "i32.const", "local.get", "br_table"] as const;
  assert.equal(least(code, "i:"), price(...names, "drop", "drop", "end") + 2);
});

test("C-RETURN: return pays for each result", () => {
  const code = "i32.const 1 i32.const 2 return end";
  assert.equal(least(code, ":ii"), price("i32.const", "i32.const", "return") + 2);
});

test("C-UNREACHABLE: unreachable is paid where control gets there, and only there", () => {
  assert.equal(least("unreachable end"), price("unreachable"));
  assert.equal(least("block return end unreachable end"), price("block", "return"));
});

test("C-RARE: memory, reference and segment instructions are paid", () => {
  const code = "ref.null 0x70 ref.is_null drop memory.size 0 drop end";
  const names = ["ref.null", "ref.is_null", "drop", "memory.size", "drop", "end"] as const;
  assert.equal(least(code), price(...names));
});

test("C-RARE: no reference but those of functions is made", () => {
  assert.deepEqual(codes(body("CHARGE_G=90 ref.null 0x6f drop end")), ["verify-type"]);
  assert.deepEqual(codes(body("CHARGE_G=90 ref.null 0x70 drop end")), []);
});

test("C-BULK: one call of a helper pays for one operation", () => {
  const fill = "i32.const 0 i32.const 0 i32.const 9";
  const plan = (code: string): Plan => ({
    ...body(`CHARGE_G=9000 ${fill} call $bulkBytes memory.fill 0 ${code} end`),
    helpers: ["bulkBytes"],
  });
  assert.deepEqual(codes(plan(`${fill} call $bulkBytes memory.fill 0`)), []);
  assert.deepEqual(codes(plan(`${fill} memory.fill 0`)), ["verify-bulk"]);
  assert.deepEqual(codes(plan(`${fill} memory.copy 0 0`)), ["verify-bulk"]);
});

test("C-CALL: a call pays for each parameter, and for what its callee leaves", () => {
  const callee = (code: string) => [{ type: "ii:", code }];
  const call = "local.get 0 local.get 0 call $g1 end";
  const own = price("local.get", "local.get", "call", "end") + 2;
  assert.equal(least(call, "i:", "", callee("CHARGE_G=90 end")), own);
  assert.equal(least(call, "i:", "", callee("nop end")), own + price("nop", "end"));
});

test("C-CALL-COST: the call of a generated function pays for the whole of its body", () => {
  const table = costTables[policy.limits.fuel.costs];
  const { cost } = grow(firstContext(policy, table, 0), null);
  // The helper charges the price of memory.grow itself.
  assert.ok(cost < price("memory.grow"));
  const names = ["i32.const", "call", "drop", "end"] as const;
  const code = "i32.const 1 call $grow drop end";
  assert.equal(least(code, ":", "", [], ["grow"]), price(...names) + 1 + cost);
});

test("C-AGAIN: a loop's passes leave at least the credit that the first began with", () => {
  const plan = (before: string, inside: string): Plan =>
    body(`CHARGE_G=900 ${before} loop ${inside} local.get 0 br_if 0 end end`, "i:");
  const pass = price(...CHARGE, "local.get", "br_if");
  assert.deepEqual(codes(plan("", `CHARGE_G=${pass}`)), []);
  assert.deepEqual(codes(plan("", `CHARGE_G=${pass - 1}`)), ["verify-credit"]);
  assert.deepEqual(codes(plan("CHARGE_G=900", `CHARGE_G=${pass - 1}`)), ["verify-credit"]);
});
