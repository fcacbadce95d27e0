// The place that is told is the one where the engine gives up too, for every way to break a small text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonErrorAt, placeOf } from "./json-error.ts";

test("the first character that can't stand there is found", () => {
  const rows: readonly (readonly [string, number])[] = [
    ["", 0],
    ["  ", 2],
    ["{", 1],
    ["{]", 1],
    ['{"a" 1}', 5],
    ['{"a": }', 6],
    ['{"a": 1,}', 8],
    ["[1, 2", 5],
    ["[1 2]", 3],
    ["[1,]", 3],
    ["nul", 0],
    ["[1] x", 4],
    ['["a\nb"]', 1],
    ["[01]", 2],
    ["[\n 1,\n x]", 7],
  ];
  for (const [text, at] of rows) {
    assert.throws(() => JSON.parse(text), SyntaxError, text);
    assert.equal(jsonErrorAt(text), at, text);
  }
});

test("cutting a text anywhere is told at its end or where the cut began to matter", () => {
  const text = '{"log": {"entries": [{"a": [1.5e3, true, "x\\u00e9"]}, null]}}';
  for (let length = 0; length < text.length; length++) {
    const cut = text.slice(0, length);
    const at = jsonErrorAt(cut);
    assert.ok(at <= length && length - at <= 12, cut);
  }
});

test("megabytes of text in front of the mistake are no matter", () => {
  const text = `{"a": "${"\\n".repeat(2_000_000)}" x`;
  assert.equal(jsonErrorAt(text), text.length - 1);
});

test("a hundred thousand open brackets take no stack", () => {
  assert.equal(jsonErrorAt("[".repeat(100_000)), 100_000);
});

test("a place counts lines and columns from 1", () => {
  assert.deepEqual(placeOf("a\nbc", 3), { line: 2, column: 2 });
  assert.deepEqual(placeOf("abc", 0), { line: 1, column: 1 });
});
