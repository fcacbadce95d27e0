// Which clients reset too many streams too early.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PrematureResets } from "./premature-resets.ts";

test("a client that resets every stream at once has gone too far with the 250th", () => {
  const resets = new PrematureResets();
  for (let i = 0; i < 249; i++) assert.equal(resets.ended(true, 3), false);
  assert.equal(resets.ended(true, 3), true);
});

test("one whose streams mostly end well may reset many", () => {
  const resets = new PrematureResets();
  for (let i = 0; i < 10_000; i++) {
    assert.equal(resets.ended(false, 3), false);
    assert.equal(resets.ended(false, 3), false);
    assert.equal(resets.ended(true, 3), false);
  }
});

test("half of them is too many", () => {
  const resets = new PrematureResets();
  for (let i = 0; i < 1000; i++) assert.equal(resets.ended(false, 3), false);
  for (let i = 0; i < 999; i++) assert.equal(resets.ended(true, 3), false);
  assert.equal(resets.ended(true, 3), true);
});

test("streams that lived for two seconds count as lived, those of less do not", () => {
  const resets = new PrematureResets();
  for (let i = 0; i < 10_000; i++) assert.equal(resets.ended(true, 2000), false);
  for (let i = 0; i < 9_999; i++) assert.equal(resets.ended(true, 1999), false);
  assert.equal(resets.ended(true, 1999), true);
});
