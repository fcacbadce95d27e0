// Which clients reset too many streams too early.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PrematureResets } from "./premature-resets.ts";

test("a client that resets every stream at once has gone too far with the 251st", () => {
  const resets = new PrematureResets();
  for (let i = 0; i < 250; i++) assert.equal(resets.ended(true, 3), false);
  assert.equal(resets.ended(true, 3), true);
});

test("one whose streams mostly end well may reset many", () => {
  const resets = new PrematureResets();
  for (let i = 0; i < 10_000; i++) {
    assert.equal(resets.ended(false, 3), false);
    assert.equal(resets.ended(true, 3), false);
  }
  assert.equal(resets.ended(true, 3), true, "more than half");
});

test("streams that lived for a second count as lived", () => {
  const resets = new PrematureResets();
  for (let i = 0; i < 10_000; i++) assert.equal(resets.ended(true, 1000), false);
});
