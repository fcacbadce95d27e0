import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStrictJson, StrictJsonError } from "./strict-json.ts";

const limits = { bytes: 200, depth: 4 };

const kindOf = (text: string | Uint8Array): string => {
  try {
    parseStrictJson(text, limits);
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof StrictJsonError, String(error));
    return error.kind;
  }
};

test("what JSON.parse reads is read the same", () => {
  for (const text of ['{"a":1,"b":[{"a":2},{"a":3}]}', "null", '"{\\"a\\":1"', '[",{\\"a\\"", "a"]', ' {"a":{}} ']) {
    assert.deepEqual(parseStrictJson(text, limits), JSON.parse(text));
    assert.deepEqual(parseStrictJson(new TextEncoder().encode(text), limits), JSON.parse(text));
  }
});

test("a key that an object has twice is refused, however it is spelt and wherever it stands", () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"a":1,"b":{},"a":2}]}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
  ]) {
    assert.equal(kindOf(text), "duplicate-key", text);
  }
});

test("bytes that aren't UTF-8, too many bytes, too much depth and no JSON each have their kind", () => {
  assert.equal(kindOf(new Uint8Array([0x22, 0xff, 0x22])), "not-utf8");
  assert.equal(kindOf(`"${"a".repeat(200)}"`), "too-large");
  assert.equal(kindOf("[[[[[]]]]]"), "too-deep");
  assert.equal(kindOf("[[[[]]]]"), "accepted");
  for (const text of ["", "{", '{"a"', '{"a":1,}', "[1] 2", '"\\x"', "\ufeff{}", '{"a\u0001":1}'])
    assert.equal(kindOf(text), "no-json", text);
});
