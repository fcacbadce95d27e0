import assert from "node:assert/strict";
import { test } from "node:test";
import { anyReach, directReach, reachOf } from "./reach.ts";
import type { CodeSurvey, Rows } from "./survey.ts";

function rows(lists: readonly (readonly number[])[]): Rows {
  const start = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    start[i + 1] = start[i]! + list.length;
  });
  return { start, items: Int32Array.from(lists.flat()) };
}

interface Sketch {
  readonly imported?: number;
  readonly calls: readonly (readonly number[])[];
  readonly indirect?: readonly (readonly number[])[];
  readonly types?: readonly number[];
  readonly addressed?: readonly number[];
  readonly certain?: readonly number[];
}

function survey(sketch: Sketch): CodeSurvey {
  const { imported = 0, calls } = sketch;
  const count = imported + calls.length;
  const addressed = new Uint8Array(count);
  for (const func of sketch.addressed ?? []) addressed[func] = 1;
  return {
    imported,
    count,
    typeOf: Int32Array.from(sketch.types ?? new Array(count).fill(0)),
    calls: rows(calls),
    certain: Int32Array.from(sketch.certain ?? calls.map((list) => list.length)),
    indirect: rows(sketch.indirect ?? calls.map(() => [])),
    addressed,
    features: new Set(),
    grows: false,
  };
}

test("direct calls are followed to imports, through recursion", () => {
  const code = survey({ imported: 2, calls: [[3], [0, 2], [1]] });
  assert.deepEqual([...directReach(code, [2])], [1, 0, 1, 1, 0]);
});

test("a call through a table enters functions of its type whose address is taken, and no others", () => {
  // Function 0 calls type 1 through a table; 1 and 2 have that type, 3 has another; 2's address is not taken.
  const code = survey({
    calls: [[], [], [], []],
    indirect: [[1], [], [], []],
    types: [0, 1, 1, 2],
    addressed: [1, 3],
  });
  assert.deepEqual([...anyReach(code, [0])], [1, 1, 0, 0]);
  assert.deepEqual([...directReach(code, [0])], [1, 0, 0, 0]);
});

test("a table that nobody calls through makes nothing reachable", () => {
  const code = survey({ calls: [[], []], indirect: [[], [0]], addressed: [0, 1] });
  assert.deepEqual([...anyReach(code, [0])], [1, 0]);
});

test("only calls before the first branch are certain", () => {
  const code = survey({ calls: [[1, 2], [], []], certain: [1, 0, 0] });
  assert.deepEqual([...directReach(code, [0], true)], [1, 1, 0]);
});

test("a chain of 200,000 calls is followed without using up the stack", () => {
  const length = 200_000;
  const calls = Array.from({ length }, (_, i) => (i + 1 < length ? [i + 1] : []));
  const seen = directReach(survey({ calls }), [0]);
  assert.equal(seen[length - 1], 1);
  assert.equal(anyReach(survey({ calls }), [0])[length - 1], 1);
});

test("what both walks miss is unused, what only the wider one sees is indirect", () => {
  const direct = Uint8Array.from([1, 0, 0]);
  const any = Uint8Array.from([1, 1, 0]);
  assert.deepEqual(
    [0, 1, 2].map((func) => reachOf(func, direct, any)),
    ["reachable", "indirect", "unused"],
  );
});
