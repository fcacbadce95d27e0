// The reader against the engine's own getter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gaugeReader } from "./gauge-reader.ts";

const { Global, LinkError } = (
  globalThis as unknown as {
    readonly WebAssembly: {
      readonly Global: new (type: object, value: unknown) => { value: number | bigint };
      readonly LinkError: new () => Error;
    };
  }
).WebAssembly;

test("the reader answers what the global holds at the moment, negative and beyond 32 bits too", () => {
  const gauge = new Global({ value: "i64", mutable: true }, 0n);
  const read = gaugeReader(gauge);
  for (const value of [0n, 1n, -5n, 2n ** 32n, 2n ** 53n, -(2n ** 40n)]) {
    gauge.value = value;
    assert.equal(read(), Number(gauge.value));
  }
});

test("a global of another type is the engine's error", () => {
  assert.throws(() => gaugeReader(new Global({ value: "i32", mutable: true }, 0)), LinkError);
  assert.throws(() => gaugeReader(new Global({ value: "i64", mutable: false }, 0n)), LinkError);
});
