import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStrictJson, StrictJsonError } from "./strict-json.ts";

const DEPTH = 4;

const problemOf = (text: string | Uint8Array): string => {
  try {
    parseStrictJson(text, DEPTH);
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof StrictJsonError, String(error));
    return error.problem;
  }
};

test("what JSON.parse reads is read the same", () => {
  for (const text of ['{"a":1,"b":[{"a":2},{"a":3}]}', "null", '"{\\"a\\":1"', '[",{\\"a\\"", "a"]', ' {"a":{}} ']) {
    assert.deepEqual(parseStrictJson(text, DEPTH), JSON.parse(text));
    assert.deepEqual(parseStrictJson(new TextEncoder().encode(text), DEPTH), JSON.parse(text));
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
    assert.equal(problemOf(text), "duplicate", text);
  }
});

test("bytes that aren't UTF-8, too much depth and no JSON are each called so", () => {
  assert.equal(problemOf(new Uint8Array([0x22, 0xff, 0x22])), "utf8");
  assert.equal(problemOf("[[[[[]]]]]"), "depth");
  assert.equal(problemOf("[[[[]]]]"), "accepted");
  for (const text of ["", "{", '{"a"', '{"a":1,}', "[1] 2", '"\\x"', "\ufeff{}", '{"a\u0001":1}'])
    assert.equal(problemOf(text), "syntax", text);
});
