// Sizes and places that only a whole section shows: what is exported under a reserved name, limits of sums, and what
// stands behind the last byte that is expected.
import assert from "node:assert/strict";
import { test } from "node:test";
import { I32, I64 } from "../../src/spec/binary.ts";
import { injectedGlobals } from "../../src/spec/layout.ts";
import { limits } from "../../src/spec/limits.ts";
import { verify } from "../../src/verify/verify.ts";
import { name, u32 } from "./assemble.ts";
import { forge, type Plan, policy } from "./forge.ts";

const codes = (plan: Plan): string[] => verify(forge(plan), policy).map((one) => one.code);
const guests = [{ type: ":", code: "CHARGE_G=90 end" }];

/** Where some bytes stand in others, once. */
function placeOf(whole: readonly number[], part: readonly number[]): number {
  const at = Buffer.from(whole).indexOf(Buffer.from(part));
  assert.ok(at >= 0);
  return at;
}

test("each exported global is the one of its name: no other of its type may stand there, injected or the guest's", () => {
  const own = [I32, I64].map((type) => [type, 1, type === I32 ? 0x41 : 0x42, 0, 0x0b]);
  assert.deepEqual(codes({ guests, globals: own }), []);
  for (const { exportName, type } of injectedGlobals) {
    if (exportName === null) continue;
    const others = [...own, ...injectedGlobals].flatMap((row, index) =>
      (Array.isArray(row) ? row[0] : row.type) === type ? [index] : [],
    );
    assert.ok(others.length > 2);
    for (const index of others) {
      let before = -1;
      const change = (content: number[]): number[] => {
        const at = placeOf(content, [...name(exportName), 3]) + name(exportName).length + 1;
        before = content[at]!;
        return content.with(at, index);
      };
      const found = codes({ guests, globals: own, edit: { export: change } });
      assert.deepEqual(found, index === before ? [] : ["verify-export"], `${exportName} ${index}`);
    }
  }
});

test("an injected global that can't change is refused, each of them", () => {
  for (const [k, { key, type }] of injectedGlobals.entries()) {
    const constant = (content: number[]): number[] => {
      const size = 5;
      const at = u32(injectedGlobals.length).length + size * k;
      assert.deepEqual(content.slice(at, at + 2), [type, 1]);
      return content.with(at + 1, 0);
    };
    assert.deepEqual(codes({ guests, edit: { global: constant } }), ["verify-global"], key);
  }
});

test("the entries of all element segments are limited together", () => {
  const half = limits.elemEntries / 2;
  const plan = (...sizes: readonly number[]): Plan => ({
    guests,
    elements: (symbols) =>
      sizes.map((size) => [1, 0, ...u32(size), ...new Array<number>(size).fill(symbols("g0"))]),
  });
  assert.deepEqual(codes(plan(half, half)), []);
  assert.deepEqual(codes(plan(half, half, 1)), ["verify-limits"]);
});

test("a body of more bytes than engines take is refused", () => {
  // The size alone is refused, before anything is read of the body.
  const sized =
    (size: number) =>
    ([count, ...rest]: number[]): number[] => [count! + 1, ...rest, ...u32(size)];
  const of = (size: number) => codes({ guests, edit: { code: sized(size) } });
  assert.deepEqual(of(limits.bodyBytes), ["verify-malformed"]);
  assert.deepEqual(of(limits.bodyBytes + 1), ["verify-limits"]);
});

test("the denial messages are a segment's whole content, to the byte", () => {
  const plan: Plan = { guests, imports: ["env.proxy_log"], stubs: ["proxy_done"] };
  assert.deepEqual(codes(plan), []);
  const more = (content: number[]): number[] => {
    const [count, flags, size, ...text] = content;
    assert.deepEqual([count, flags, size], [1, 1, text.length]);
    return [1, 1, size! + 1, ...text, 0x21];
  };
  assert.deepEqual(codes({ ...plan, edit: { data: more } }), ["verify-messages"]);
});

test("the name section has each subsection once, in order", () => {
  const module = [0, 4, ...name("abc")];
  const functions = [1, 4, 1, 0, ...name("f")];
  const found = (...bytes: readonly number[]) =>
    codes({ guests, customs: [{ name: "name", bytes }] });
  assert.deepEqual(found(...module, ...functions), []);
  for (const bytes of [
    [...functions, ...module],
    [...module, ...module],
    [...functions, ...functions],
  ])
    assert.deepEqual(found(...bytes), ["verify-name-section"]);
});

test("an access that names its memory is refused as it is read: where engines know more of them, other bytes follow", () => {
  const of = (code: string) => codes({ guests: [{ type: ":", code: `CHARGE_G=900 ${code} end` }] });
  assert.deepEqual(of("i32.const 0 0x28 0x02 0x00 drop"), []);
  assert.deepEqual(of("i32.const 0 0x28 0x42 0x00 0x00 drop"), ["verify-malformed"]);
  assert.deepEqual(of("i32.const 0 0x28 0x20 0x00 drop"), ["verify-malformed"]);
  assert.deepEqual(of("memory.size 1 drop"), ["verify-malformed"]);
});

test("a function's name may have as many bytes as the limit says and no more", () => {
  const found = (length: number) => {
    const entry = [1, 0, ...name("f".repeat(length))];
    return codes({
      guests,
      customs: [{ name: "name", bytes: [1, ...u32(entry.length), ...entry] }],
    });
  };
  assert.deepEqual(found(limits.functionNameBytes), []);
  assert.deepEqual(found(limits.functionNameBytes + 1), ["verify-name-section"]);
});
