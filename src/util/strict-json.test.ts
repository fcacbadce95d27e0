// Strict JSON: every key counts once, whatever it is written like, and depth has an end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStrictJson, StrictJsonError } from "./strict-json.ts";

const parse = (text: string) => parseStrictJson(new TextEncoder().encode(text), 64);

function problemOf(text: string): string {
  try {
    parse(text);
    return "none";
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return error.problem;
  }
}

test("what has each key once is read as JSON.parse reads it", () => {
  for (const text of [
    ...[
      "{}",
      "[]",
      "1",
      '"a"',
      '{"a":1,"b":{"a":2}}',
      '[{"a":1},{"a":1}]',
      '{"a":["a","a"],"b":"a"}',
    ],
    ...[
      '{"a":"{\\"a\\":1,\\"a\\":2}"}',
      ' { "a" : [ 1 , { "b" : null } ] , "c" : "," } ',
      '{"a\\\\":1,"a":2}',
    ],
  ]) {
    assert.deepEqual(parse(text), JSON.parse(text), text);
  }
});

test("a key twice in one object is refused, also behind escapes and at any depth", () => {
  for (const text of [
    ...['{"a":1,"a":1}', '{"a":1,"b":2,"a":3}', '{"x":{"a":1,"a":2}}', '[[{"a":1,"a":2}]]'],
    ...['{"a":1,"\\u0061":2}', '{"a":{"b":[1,2]},"c":3,"a":4}', '{"a":"}","a":1}', '{"":1,"":2}'],
  ]) {
    assert.equal(problemOf(text), "duplicate", text);
  }
});

test("other encodings, syntax and depth have a problem of their own", () => {
  assert.equal(problemOf("{"), "syntax");
  assert.equal(problemOf("\ufeff{}"), "syntax");
  assert.equal(problemOf("[".repeat(65) + "]".repeat(65)), "depth");
  assert.equal(problemOf("[".repeat(64) + "]".repeat(64)), "none");
  assert.throws(
    () => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22), 64),
    (error) => error instanceof StrictJsonError && error.problem === "utf8",
  );
});
