// The codec: what is canonical comes out byte for byte, what toolchains emit is read, and everything else is
// refused with a code and a place.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Failure } from "../../src/errors/failure.ts";
import { survey } from "../../src/harden/survey.ts";
import { Writer } from "../../src/util/bytes.ts";
import { engineRefusal } from "../../src/util/engine.ts";
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import { wat } from "../wat.ts";

const built = new URL("../../plugins/wasm/", import.meta.url);
const plugins = readdirSync(built).filter((file) => file.endsWith(".wasm"));

test("there are built plugins to read", () => {
  assert.ok(plugins.length >= 40, `found ${plugins.length}`);
});

test("every built plugin is emitted byte for byte, or canonically and still valid", () => {
  let identical = 0;
  for (const file of plugins) {
    const bytes = new Uint8Array(readFileSync(new URL(file, built)));
    const once = emit(decode(bytes));
    assert.deepEqual(emit(decode(once)), once, `${file}: the second time nothing changes`);
    assert.equal(engineRefusal(once), engineRefusal(bytes), file);
    if (Buffer.compare(once, bytes) === 0) identical++;
    else assert.ok(once.length < bytes.length, `${file} was not canonical, so it gets shorter`);
  }
  assert.ok(identical > plugins.length / 2, `${identical} of ${plugins.length} were canonical`);
});

test("every opcode of SIMD, bulk memory and reference types that wabt knows is read and kept", () => {
  const bytes =
    wat(`(module (memory 1) (table 2 funcref) (elem declare func $f) (data "x") (elem $e func $f)
    (func $f (param v128 i32) (result v128)
      (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 0) (local.get 0)))
      (drop (v128.load8_lane 3 (i32.const 0) (local.get 0)))
      (drop (i32x4.extract_lane 2 (local.get 0)))
      (drop (v128.const i64x2 1 -1))
      (drop (select (result funcref) (ref.func $f) (ref.null func) (local.get 1)))
      (drop (ref.is_null (table.get 0 (i32.const 0))))
      (table.copy (i32.const 0) (i32.const 1) (i32.const 1))
      (table.fill 0 (i32.const 0) (ref.null func) (i32.const 1))
      (elem.drop $e)
      (i32x4.add (local.get 0) (i32x4.splat (i32.trunc_sat_f64_s (f64.const 1e300))))))`);
  assert.deepEqual(emit(decode(bytes)), bytes);
  assert.equal(survey(decode(bytes)).count, 1);
});

/** A module of given sections: pairs of id and content. */
function sections(...parts: readonly (readonly [number, readonly number[]])[]): Uint8Array {
  const out = new Writer();
  out.raw([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  for (const [id, content] of parts) {
    out.u8(id);
    out.u32(content.length);
    out.raw(content);
  }
  return out.view().slice();
}

const VOID = [1, 0x60, 0, 0] as const;

/** A module with one function of the given body bytes, its locals included. */
function body(...bytes: number[]): Uint8Array {
  return sections([1, VOID], [3, [1, 0]], [10, [1, bytes.length, ...bytes]]);
}

const deep = [
  0,
  ...Array.from({ length: 1001 }, () => [0x02, 0x40]).flat(),
  ...Array(1002).fill(0x0b),
];
const big = (bytes: number[]) => {
  const out = new Writer();
  out.raw([1]);
  out.u32(bytes.length);
  out.raw(bytes);
  return [...out.view()];
};

const refused: readonly [string, Uint8Array, string][] = [
  ["nothing at all", new Uint8Array(0), "wasm-not-wasm"],
  ["text", new TextEncoder().encode("(module)"), "wasm-not-wasm"],
  ["half a header", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1), "wasm-truncated"],
  ["version 2", Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0), "wasm-version"],
  ["a component", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), "wasm-component"],
  ["an unknown section", sections([14, []]), "wasm-section-unknown"],
  ["sections out of order", sections([3, [0]], [1, [0]]), "wasm-section-order"],
  ["a section twice", sections([1, [0]], [1, [0]]), "wasm-section-order"],
  ["a section that is longer than its content", sections([1, [0, 0]]), "wasm-section-size"],
  [
    "a section that ends early",
    Uint8Array.of(...sections([1, [0]]).slice(0, 8), 1, 9, 0),
    "wasm-truncated",
  ],
  ["a count that the bytes cannot hold", sections([1, [0xff, 0x0f]]), "wasm-truncated"],
  ["a count beyond the limit", sections([1, [0xff, 0xff, 0xff, 0x7f]]), "wasm-limit"],
  ["an endless LEB128", sections([1, [0x80, 0x80, 0x80, 0x80, 0x80, 0]]), "wasm-leb"],
  ["a name that is not UTF-8", sections([0, [1, 0xff]]), "wasm-utf8"],
  ["a type form of the future", sections([1, [1, 0x5f, 0, 0]]), "wasm-feature"],
  ["a type form of nobody", sections([1, [1, 0x12, 0, 0]]), "wasm-malformed"],
  ["externref", sections([1, [1, 0x60, 1, 0x6f, 0]]), "wasm-feature"],
  ["a function of no type", sections([1, VOID], [3, [1, 7]]), "wasm-index"],
  ["functions without bodies", sections([1, VOID], [3, [1, 0]]), "wasm-count"],
  [
    "two exports of one name",
    sections([5, [1, 0, 1]], [7, [2, 1, 97, 2, 0, 1, 97, 2, 0]]),
    "wasm-duplicate-export",
  ],
  ["an export of nothing", sections([7, [1, 1, 97, 0, 0]]), "wasm-index"],
  ["shared memory", sections([5, [1, 3, 1, 1]]), "wasm-feature"],
  ["memory64", sections([5, [1, 4, 1]]), "wasm-feature"],
  ["memory of too many pages", sections([5, [1, 0, 0x81, 0x80, 0x04]]), "wasm-limit"],
  ["a maximum below the minimum", sections([5, [1, 1, 2, 1]]), "wasm-malformed"],
  [
    "an extended constant expression",
    sections([6, [1, 0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b]]),
    "wasm-feature",
  ],
  ["an element that is a global", sections([9, [1, 5, 0x70, 1, 0x23, 0, 0x0b]]), "wasm-feature"],
  ["a start function that is not there", sections([8, [3]]), "wasm-index"],
  ["data segments that are not counted", sections([12, [2]], [11, [0]]), "wasm-count"],
];

for (const [what, bytes, code] of refused) {
  test(`refuses ${what} with ${code}`, () => {
    assert.throws(
      () => decode(bytes),
      (error) => error instanceof Failure && error.code === code && error.message !== "",
    );
  });
}

const refusedBodies: readonly [string, Uint8Array, string][] = [
  ["a body without its end", body(0, 0x01), "wasm-truncated"],
  ["bytes after the last end", body(0, 0x0b, 0x0b), "wasm-body"],
  ["an opcode that nobody defines", body(0, 0xff, 0x0b), "wasm-opcode"],
  ["a tail call", body(0, 0x12, 0, 0x0b), "wasm-feature"],
  ["threads", body(0, 0xfe, 0x03, 0, 0x0b), "wasm-feature"],
  ["relaxed SIMD", body(0, 0xfd, 0x80, 0x02, 0x0b), "wasm-feature"],
  ["a label beyond the function", body(0, 0x0c, 1, 0x0b), "wasm-index"],
  ["an else without its if", body(0, 0x05, 0x0b), "wasm-body"],
  ["nesting beyond the limit", sections([1, VOID], [3, [1, 0]], [10, big(deep)]), "wasm-limit"],
  ["too many locals", body(1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b), "wasm-limit"],
  ["a local that is not there", body(0, 0x20, 0, 0x1a, 0x0b), "wasm-index"],
  ["more operands than there are", body(0, 0x1a, 0x0b), "wasm-body"],
  [
    "a constant that is too long",
    body(0, 0x41, 0x80, 0x80, 0x80, 0x80, 0x70, 0x1a, 0x0b),
    "wasm-leb",
  ],
  ["multiple memories", body(0, 0x3f, 1, 0x1a, 0x0b), "wasm-feature"],
];

for (const [what, bytes, code] of refusedBodies) {
  test(`a walk refuses ${what} with ${code}, and names the function`, () => {
    const module = decode(bytes);
    assert.throws(
      () => survey(module),
      (error) =>
        error instanceof Failure &&
        error.code === code &&
        error.where?.at === "bytes" &&
        error.where.func === 0,
    );
  });
}
