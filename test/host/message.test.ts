// Protobuf messages of foreign functions: what a guest may send, and what is no message.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readMessage, writeMessage } from "../../src/host/foreign/message.ts";
import { declareArguments } from "../../src/spec/foreign-functions.ts";

const read = (...bytes: number[]) => readMessage(declareArguments, Uint8Array.from(bytes));
const nothing = { name: "", readonly: false, type: 0, schema: new Uint8Array(0), span: 0 };

test("what is written reads back the same, and defaults take no bytes", () => {
  const message = { name: "näme", readonly: true, type: 3, schema: Uint8Array.of(1, 2), span: 300 };
  const bytes = writeMessage(declareArguments, message);
  const { schema, ...rest } = readMessage(declareArguments, bytes)!;
  assert.deepEqual({ ...rest, schema: [...schema] }, { ...message, schema: [1, 2] });
  assert.equal(writeMessage(declareArguments, nothing).length, 0);
  assert.deepEqual(read(), nothing);
});

test("unknown fields and known ones of another wire type are skipped; the last of a repeated one counts", () => {
  assert.deepEqual(read(0x7a, 1, 65, 0x10, 1), { ...nothing, readonly: true });
  assert.deepEqual(read(0x08, 1), nothing);
  assert.deepEqual(read(0x12, 1, 65), nothing);
  assert.deepEqual(read(0x39, 1, 2, 3, 4, 5, 6, 7, 8, 0x3d, 1, 2, 3, 4), nothing);
  assert.deepEqual(read(0x0a, 1, 65, 0x0a, 1, 66), { ...nothing, name: "B" });
});

test("bytes that end too soon, groups, field 0, endless numbers and text that is not UTF-8 are no message", () => {
  for (const bytes of [
    [0x0a],
    [0x0a, 5, 65],
    [0x0b],
    [0x00, 1],
    [0x10, ...new Array<number>(11).fill(0x80)],
    [0x0a, 1, 0xff],
    [0x0d, 1, 2],
    [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1],
  ]) {
    assert.equal(read(...bytes), null, String(bytes));
  }
});
