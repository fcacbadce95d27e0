// What the host reads from a guest's memory is what stands there now, also where it has read before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestMemory } from "../../src/host/memory.ts";

function memoryOf(text: string, at: number): { memory: GuestMemory; bytes: Uint8Array } {
  const buffer = new ArrayBuffer(65536);
  const bytes = new Uint8Array(buffer);
  bytes.set(Buffer.from(text, "latin1"), at);
  const memory = new GuestMemory();
  memory.attach({ buffer });
  return { memory, bytes };
}

test("a text is read anew when one byte of it has changed, at any length", () => {
  for (const length of [0, 1, 9, 10, 32, 33, 200]) {
    const text = "x".repeat(length);
    const { memory, bytes } = memoryOf(text, 64);
    assert.equal(memory.latin1(64, length), text);
    assert.equal(memory.latin1(64, length), text);
    if (length === 0) continue;
    bytes[64 + length - 1] = 0xe9;
    assert.equal(memory.latin1(64, length), `${"x".repeat(length - 1)}\u00e9`);
  }
});

test("texts of one length at many places don't get mixed up", () => {
  const { memory, bytes } = memoryOf("", 0);
  for (let at = 0; at < 4096; at++) bytes[at] = at % 251;
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 4000; at += 3) {
      const expected = Buffer.from(bytes.subarray(at, at + 20)).toString("latin1");
      assert.equal(memory.latin1(at, 20), expected);
    }
  }
});

test("a text beyond a growth of the memory is read from the new one", () => {
  const { memory } = memoryOf("before", 0);
  assert.equal(memory.latin1(0, 6), "before");
  const grown = new ArrayBuffer(131072);
  new Uint8Array(grown).set(Buffer.from("behind"), 0);
  memory.attach({ buffer: grown });
  assert.equal(memory.latin1(0, 6), "behind");
});
