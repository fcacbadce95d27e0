import assert from "node:assert/strict";
import { test } from "node:test";
import { alternate, fitLine, geomean, ratios, summarise } from "./stats.ts";

test("the median is the middle of the sorted samples, or halfway between the two middle ones", () => {
  assert.equal(summarise([5, 1, 3]).median, 3);
  assert.equal(summarise([4, 1, 3, 2]).median, 2.5);
  assert.deepEqual(summarise([7]), { runs: 1, median: 7, low: 7, high: 7 });
});

test("the interval is the whole range with few runs and narrows with many", () => {
  assert.deepEqual(summarise([1, 2, 3, 4, 5]), { runs: 5, median: 3, low: 1, high: 5 });
  const many = Array.from({ length: 100 }, (_, index) => index);
  const { low, median, high } = summarise(many);
  assert.deepEqual([low, median, high], [40, 49.5, 59]);
});

test("sides take turns, the order turns round, and warm-up rounds leave no sample", async () => {
  const seen: string[] = [];
  let clock = 0;
  const side = (name: string) => () => {
    seen.push(name);
    return clock++;
  };
  const samples = await alternate([side("a"), side("b")], { warmup: 1, rounds: 2 });
  assert.equal(seen.join(""), "abbaab");
  assert.deepEqual(samples, [
    [3, 4],
    [2, 5],
  ]);
});

test("a ratio is taken within each round, so a slow round does not count", () => {
  assert.equal(ratios([2, 200, 4], [1, 100, 2]).median, 2);
  assert.equal(geomean([1, 4]).toFixed(6), "2.000000");
});

test("a line through points on a line is that line", () => {
  const { start, slope } = fitLine([1, 2, 4, 8].map((x) => ({ x, y: 100 + 7 * x })));
  assert.equal(start.toFixed(6), "100.000000");
  assert.equal(slope.toFixed(6), "7.000000");
});
