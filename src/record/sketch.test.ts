// The distribution: exact while small, bounded and never too low when large.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../host/clock.ts";
import { Sketch } from "./sketch.ts";

function random(count: number, seed: number): number[] {
  const bytes = new Uint8Array(count * 4);
  new SeededRandom(seed).fill(bytes);
  const words = new Uint32Array(bytes.buffer);
  return [...words].map((word) => word >>> (word % 24));
}

function sketchOf(values: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

/** The least value that `percent` of all don't exceed. */
function truth(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)]!;
}

test("quantiles of few different values are exact", () => {
  const values = random(1000, 1);
  const sketch = sketchOf(values);
  for (const percent of [0.1, 50, 90, 99.9, 100]) {
    assert.equal(sketch.quantile(percent), truth(values, percent), String(percent));
  }
  assert.equal(sketch.data().exact, true);
  assert.equal(sketch.most, Math.max(...values));
});

test("quantiles of many different values are never too low and at most 1 % too high", () => {
  const values = random(50_000, 2);
  const sketch = sketchOf(values);
  assert.equal(sketch.data().exact, false);
  for (const percent of [1, 50, 90, 99, 99.9, 99.99, 100]) {
    const [told, exact] = [sketch.quantile(percent), truth(values, percent)];
    assert.ok(told >= exact && told <= exact * 1.01 + 1, `${percent}: ${told} for ${exact}`);
  }
  assert.equal(sketch.most, Math.max(...values));
  assert.equal(sketch.count, values.length);
});

test("its size is bounded whatever is added", () => {
  const sketch = new Sketch();
  for (let value = 1; value < 2 ** 52; value = Math.ceil(value * 1.002)) sketch.add(value);
  assert.ok(sketch.data().values.length < 8_000, String(sketch.data().values.length));
});

test("two sketches merged, also by way of a file, are the sketch of both", () => {
  for (const [a, b] of [
    [random(300, 3), random(300, 4)],
    [random(9_000, 5), random(10, 6)],
    [random(10, 6), random(9_000, 5)],
  ] as const) {
    const merged = Sketch.from(JSON.parse(JSON.stringify(sketchOf(a).data())));
    merged.merge(Sketch.from(JSON.parse(JSON.stringify(sketchOf(b).data()))));
    const both = sketchOf([...a, ...b]);
    assert.deepEqual(merged.data().values, both.data().values);
    assert.equal(merged.count, both.count);
  }
});

test("nothing has no quantile and no most", () => {
  const sketch = new Sketch();
  assert.deepEqual([sketch.quantile(99.9), sketch.most, sketch.count], [0, 0, 0]);
});
