// The waits between new instances of a plugin that keeps failing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff, type BackoffLimits } from "./backoff.ts";

/** Milliseconds of each wait of a plugin that fails again at once, as often as it may. */
function waits(limits: BackoffLimits, count: number, random = (): number => 0): number[] {
  let now = 5_000_000_000n;
  const backoff = new Backoff(limits, random);
  backoff.begin(now);
  assert.ok(backoff.over(now), "the first is at once");
  return Array.from({ length: count }, () => {
    backoff.again(now);
    const began = now;
    while (!backoff.over(now)) now += 1_000_000n;
    return Number((now - began) / 1_000_000n);
  });
}

test("waits double up to the longest one", () => {
  assert.deepEqual(waits({ base: 100, max: 1000 }, 6), [100, 200, 400, 800, 1000, 1000]);
});

test("without a longest one they stay, as in Envoy; without a base nobody waits", () => {
  assert.deepEqual(waits({ base: 100, max: null }, 3), [100, 100, 100]);
  assert.deepEqual(waits({ base: 0, max: 0 }, 3), [0, 0, 0]);
});

test("up to half of a wait is added at random, so that threads don't come together, but never beyond the longest", () => {
  assert.deepEqual(
    waits({ base: 100, max: 500 }, 4, () => 0.5),
    [125, 250, 500, 500],
  );
  assert.deepEqual(
    waits({ base: 100, max: null }, 2, () => 0.999),
    [150, 150],
  );
});

test("an instance that lived longer than any wait begins a new row", () => {
  const backoff = new Backoff({ base: 100, max: 400 }, () => 0);
  backoff.begin(0n);
  for (let i = 0n; i < 3n; i++) backoff.again(i * 1_000_000n);
  const soon = 2_000_000n;
  assert.ok(!backoff.over(soon + 399_000_000n));
  const later = soon + 800_000_000n;
  assert.ok(backoff.over(later));
  backoff.again(later);
  assert.ok(!backoff.over(later + 99_000_000n));
  assert.ok(backoff.over(later + 100_000_000n));
});
