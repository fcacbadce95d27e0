// Modules that verify must accept: every generated function, both metering modes, every kind of construct.
import assert from "node:assert/strict";
import { test } from "node:test";
import { verify } from "../../src/verify/verify.ts";
import { name, u32 } from "./assemble.ts";
import { exactPolicy, forge, type Plan, policy, policyWith } from "./forge.ts";
import { largeModule } from "./large.ts";

function accepted(plan: Plan): void {
  const found = verify(forge(plan), plan.policy ?? policy);
  assert.deepEqual(
    found.map((one) => `${one.code}: ${one.message}`),
    [],
  );
}

const table = [0x70, 1, 1, 8];
const noteG0 = (symbols: (name: string) => number): number[][] => [
  [0, 0x41, 0, 0x0b, 1, ...u32(symbols("g0"))],
];

test("a module with nothing but an empty charged callback is contained", () => {
  accepted({ guests: [{ type: ":", code: "CHARGE_G=9 end" }] });
});

test("a module without any export but memory and globals is contained", () => {
  accepted({ exports: [], guests: [{ type: ":", code: "CHARGE_G=9 end" }] });
});

test("imports, stubs with their denial log and all helpers are recognised", () => {
  accepted({
    imports: ["env.proxy_get_buffer_bytes", "env.proxy_log", "wasi_snapshot_preview1.fd_write"],
    stubs: ["environ_get", "proxy_done", "proxy_http_call"],
    helpers: ["bulkBytes", "bulkElems", "grow"],
    tables: [table],
    elements: noteG0,
    guests: [
      {
        type: "i:i",
        code: `CHARGE_G=40000 i32.const 0 i32.const 0 i32.const 9 call $bulkBytes memory.fill 0
          i32.const 0 i32.const 0 i32.const 9 call $bulkElems table.copy 0 0
          ref.func $g0 i32.const 1 call $bulkElems table.grow 0 drop
          i32.const 2 i32.const 64 i32.const 5 call $thunk.proxy_log drop
          call $stub.proxy_done drop local.get 0 call $grow end`.replace(
          "ref.null 0x70",
          "0xd0 0x70",
        ),
      },
    ],
  });
});

for (const denied of [
  "host",
  "internal-failure",
  "unimplemented",
  "not-found",
  "ok-empty",
  "trap",
] as const) {
  test(`stubs that answer "${denied}" are recognised, with and without a log`, () => {
    const stubs = ["fd_fdstat_get", "proc_exit", "proxy_get_header_map_value"];
    const guests = [{ type: ":", code: "CHARGE_G=9 end" }];
    accepted({ policy: policyWith({ denied }), imports: ["env.proxy_log"], stubs, guests });
    accepted({ policy: policyWith({ denied, allow: new Set() }), stubs, guests });
  });
}

test("memory that answers -1 past the cap is recognised", () => {
  const rules = policyWith({}, { onMemoryCap: "refuse" });
  const code = "CHARGE_G=22000 i32.const 1 call $grow drop end";
  accepted({ policy: rules, helpers: ["grow"], guests: [{ type: ":", code }] });
});

test("every kind of wrapper is recognised", () => {
  accepted({
    start: 1,
    exports: [
      ["_initialize", "added"],
      ["proxy_abi_version_0_2_1", 1],
      ["malloc", 0],
      ["proxy_on_context_create", 2],
      ["proxy_on_vm_start", 3],
      ["proxy_on_request_headers", 4],
      ["something_of_its_own", 5],
    ],
    guests: [
      { type: "i:i", code: "CHARGE_G=10 local.get 0 end" },
      { type: ":", code: "CHARGE_G=9 end" },
      { type: "ii:", code: "CHARGE_G=9 end" },
      { type: "ii:i", code: "CHARGE_G=10 local.get 0 end" },
      { type: "iii:i", code: "CHARGE_G=10 local.get 0 end" },
      { type: "vF:vi", code: "CHARGE_G=11 local.get 0 i32.const 1 end" },
    ],
  });
});

test("callbacks of ABI 0.1.0 have that version's parameters", () => {
  accepted({
    exports: [
      ["proxy_abi_version_0_1_0", 0],
      ["proxy_on_request_headers", 1],
    ],
    guests: [
      { type: ":", code: "CHARGE_G=9 end" },
      { type: "ii:i", code: "CHARGE_G=10 local.get 0 end" },
    ],
  });
});

test("an exported function may leave its entry to what is kept back for it", () => {
  accepted({ guests: [{ type: ":", code: "nop nop end" }] });
});

test("fuel may stay in a local around loops, branches and fuel-free calls", () => {
  accepted({
    guests: [
      {
        type: "i:i",
        locals: "1i 1I",
        code: `ENTER_L=2,100 block loop CHARGE_L=2,60 local.get 0 i32.eqz br_if 1
          local.get 1 call $g1 local.set 1 local.get 0 i32.const 1 i32.sub local.set 0 br 0 end end
          local.get 1 FLUSH=2 end`,
      },
      { type: "i:i", code: "local.get 0 i32.const 3 i32.mul end" },
    ],
  });
});

test("a branch out of loops takes the credit of the outermost loop it leaves", () => {
  accepted({
    guests: [
      {
        type: "i:",
        code: `CHARGE_G=40 block loop CHARGE_G=20 loop CHARGE_G=30 loop CHARGE_G=30
          local.get 0 br_table 3 0 1 3 2 end end end end nop end`,
      },
    ],
  });
});

test("exact metering tests the fuel once and then only subtracts", () => {
  accepted({
    policy: exactPolicy,
    guests: [
      {
        type: "i:i",
        code: "TEST_G=60 SUB_G=20 local.get 0 if SUB_G=20 nop nop end SUB_G=10 i32.const 1 end",
      },
      {
        type: "i:i",
        locals: "1I",
        code: `LOAD=1 TEST_L=1,90 SUB_L=1,40 loop TEST_L=1,60 SUB_L=1,20 local.get 0 i32.const 1 i32.sub
          local.tee 0 br_if 0 end local.get 0 FLUSH=1 end`,
      },
    ],
  });
});

test("counted recursion is contained, direct and through a table", () => {
  accepted({
    tables: [table],
    elements: noteG0,
    guests: [
      { type: "i:i", code: "CHARGE_G=40 STACK_IN=1000 local.get 0 call $g1 STACK_OUT=1000 end" },
      {
        type: "i:i",
        code: "CHARGE_G=60 STACK_IN=900 local.get 0 i32.const 0 call_indirect i:i 0 STACK_OUT=900 end",
      },
    ],
  });
});

test("multi-value blocks, typed select, vectors and reference instructions are read", () => {
  accepted({
    tables: [table],
    elements: noteG0,
    globals: [[0x7b, 1, 0xfd, 0x0c, ...new Array<number>(16).fill(0), 0x0b]],
    guests: [
      {
        type: "i:i",
        code: `CHARGE_G=200 i32.const 1 i32.const 2 block:ii:ii end i32.add drop v128.const drop
          i32.const 1 i32.const 2 i32.const 0 select_t i drop global.get 0 v128.any_true drop
          ref.func $g0 ref.is_null drop f64.const drop f32.const drop
          i32.const 0 v128.load 4 0 i32x4.extract_lane 3 end`,
      },
    ],
  });
});

test("dead code that harden leaves for the engine's types is accepted", () => {
  accepted({
    guests: [
      { type: ":i", code: "CHARGE_G=30 block:i i32.const 1 return end unreachable end" },
      {
        type: ":i",
        code: "CHARGE_G=30 i32.const 1 if:i i32.const 1 return else unreachable end unreachable end",
      },
    ],
  });
});

test("guest data, element segments of every form and kept custom sections are accepted", () => {
  accepted({
    tables: [table, table],
    data: [
      [0, 0x41, 8, 0x0b, 2, 1, 2],
      [1, 1, 7],
    ],
    elements: (symbols) => {
      const g = u32(symbols("g0"));
      const expression = [0xd2, ...g, 0x0b];
      return [
        [0, 0x41, 0, 0x0b, 1, ...g],
        [1, 0, 1, ...g],
        [2, 1, 0x41, 0, 0x0b, 0, 1, ...g],
        [3, 0, 1, ...g],
        [4, 0x41, 0, 0x0b, 1, ...expression],
        [5, 0x70, 1, 0xd0, 0x70, 0x0b],
        [6, 1, 0x41, 0, 0x0b, 0x70, 1, ...expression],
        [7, 0x70, 1, ...expression],
      ];
    },
    customs: [
      { name: "name", bytes: [0, 4, ...name("mod"), 1, 6, 1, 2, ...name("run")] },
      { name: "producers", bytes: [0] },
      { name: "glovebox", bytes: [0x7b, 0x7d] },
    ],
    guests: [{ type: ":", code: "CHARGE_G=9 end" }],
  });
});

test("the order of functions does not matter to shortfalls", () => {
  accepted({
    guests: [
      { type: ":", code: "CHARGE_G=100 call $g2 call $g1 end" },
      { type: ":", code: "nop call $g2 nop end" },
      { type: ":", code: "nop nop end" },
    ],
  });
});

test("a chain of 3000 uncharged functions is judged without recursion", () => {
  const code = (k: number): string =>
    k === 2999 ? "end" : `${k % 700 === 0 ? "CHARGE_G=5000" : ""} call $g${k + 1} end`;
  const chain = Array.from({ length: 3000 }, (_, k) => ({ type: ":", code: code(k) }));
  const rules = policyWith({}, { stackBytes: 8 * 1024 * 1024 });
  accepted({ policy: rules, exports: [["run", 0]], guests: chain });
});

test("a large module is read whole", () => {
  const module = largeModule(1_000_000);
  assert.deepEqual(verify(module, policy), []);
  assert.notDeepEqual(verify(module.subarray(0, -20), policy), []);
});
