// Damaged bytes: verify always returns, whatever it is given, and no byte of the generated part of a module
// can be changed without being noticed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { verify } from "../../src/verify/verify.ts";
import { u32 } from "./assemble.ts";
import { forge, type Plan, policy } from "./forge.ts";

const plan: Plan = {
  imports: ["env.proxy_get_buffer_bytes", "env.proxy_log"],
  stubs: ["environ_get", "proxy_done"],
  helpers: ["bulkBytes", "grow"],
  tables: [[0x70, 1, 2, 8]],
  elements: (symbols) => [[0, 0x41, 0, 0x0b, 2, ...u32(symbols("g0")), ...u32(symbols("g2"))]],
  data: [[0, 0x41, 8, 0x0b, 2, 1, 2]],
  start: 2,
  exports: [
    ["_initialize", "added"],
    ["malloc", 0],
    ["proxy_on_context_create", 3],
  ],
  guests: [
    {
      type: "i:i",
      locals: "2i 1I",
      code: `ENTER_L=3,200 block loop CHARGE_L=3,80 local.get 0 i32.eqz br_if 1 local.get 1 call $g1
        local.set 1 local.get 0 i32.const 1 i32.sub local.set 0 br 0 end end FLUSH=3
        STACK_IN=400 local.get 1 i32.const 0 call_indirect i:i 0 drop STACK_OUT=400 local.get 1 end`,
    },
    {
      type: "i:i",
      code: "local.get 0 if:i i32.const 3 else local.get 0 end i32.const 7 i32.mul end",
    },
    { type: ":", code: "CHARGE_G=9 end" },
    {
      type: "ii:",
      code: `CHARGE_G=30000 i32.const 9 i32.const 0 local.get 0 call $bulkBytes memory.fill 0
        i32.const 2 call $grow drop call $stub.proxy_done drop
        i32.const 1 i32.const 8 i32.const 2 call $thunk.proxy_log drop end`,
    },
  ],
};
const good = forge(plan);

/** A small generator with a seed: the same mutants on every machine. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Where each function body starts and ends, in the order of the code section. */
function bodies(): { start: number; end: number }[] {
  const at: { start: number; end: number }[] = [];
  forge({
    ...plan,
    edit: {
      code: (own) => {
        let pos = 1;
        const section = indexOf(good, own);
        while (pos < own.length) {
          let size = 0;
          for (let shift = 0; ; shift += 7) {
            const byte = own[pos++]!;
            size += (byte & 0x7f) << shift;
            if (byte < 0x80) break;
          }
          at.push({ start: section + pos, end: section + pos + size });
          pos += size;
        }
        return own;
      },
    },
  });
  return at;
}

function indexOf(whole: Uint8Array, part: readonly number[]): number {
  return Buffer.from(whole).indexOf(Buffer.from(part));
}

test("the module that the mutants are made of is contained", () => {
  assert.deepEqual(verify(good, policy), []);
});

test("no byte of a generated function can be changed unnoticed", () => {
  const generated = bodies().slice(0, -plan.guests.length);
  assert.ok(generated.length >= 11);
  const targets = new Set<number>();
  for (const { start, end } of generated) {
    for (let at = start; at < end; at++) {
      for (const value of [
        0,
        1,
        2,
        0x0b,
        0x41,
        0x7f,
        good[at]! ^ 1,
        good[at]! ^ 0x40,
        good[at]! ^ 0x80,
      ]) {
        if (value === good[at]) continue;
        const mutant = good.slice();
        mutant[at] = value;
        if (verify(mutant, policy).length === 0) targets.add(at);
      }
    }
  }
  // The one thing that a rewriter may choose: which charged function of the same type an entry calls.
  assert.deepEqual([...targets], []);
});

test("no instruction of the instrumentation can be left out or weakened", () => {
  const guests = bodies().slice(-plan.guests.length);
  const templates = /ENTER_L=\S+|CHARGE_[GL]=\S+|FLUSH=\S+|STACK_(IN|OUT)=\S+|call \$bulkBytes/g;
  let tried = 0;
  plan.guests.forEach((guest, k) => {
    for (const { 0: text, index } of guest.code.matchAll(templates)) {
      const without = guest.code.slice(0, index) + guest.code.slice(index + text.length);
      const weaker =
        guest.code.slice(0, index) +
        text.replace(/\d+$/, "8") +
        guest.code.slice(index + text.length);
      for (const code of [without, weaker]) {
        if (code === guest.code) continue;
        const other = plan.guests.map((one, i) => (i === k ? { ...guest, code } : one));
        tried++;
        assert.notDeepEqual(verify(forge({ ...plan, guests: other }), policy), [], code);
      }
    }
  });
  assert.ok(guests.length > 0 && tried >= 12, `${tried}`);
});

test("a module cut short anywhere is refused", () => {
  for (let length = 0; length < good.length; length++) {
    assert.notDeepEqual(verify(good.subarray(0, length), policy), [], `${length} bytes`);
  }
});

test("5000 modules with random damage lead to findings or acceptance, never to a throw", () => {
  const next = random(20_251_123);
  let deep = 0;
  for (let round = 0; round < 5000; round++) {
    const mutant = good.slice();
    for (let times = 1 + next(4); times > 0; times--) mutant[next(mutant.length)] = next(256);
    const found = verify(mutant, policy);
    if (
      found.length === 0 ||
      found.some((one) => one.where?.at === "bytes" && one.where.section === "code")
    )
      deep++;
  }
  assert.ok(deep > 1500, `${deep} reached the code`);
});

test("no more than 100 findings are listed", () => {
  const guests = Array.from({ length: 300 }, () => ({ type: ":", code: "CHARGE_G=1 end" }));
  assert.equal(verify(forge({ exports: [], guests }), policy).length, 100);
});
