// Deadlines by a clock that the test moves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Deadlines, type Timed } from "./deadlines.ts";

test("a deadline is told once it has passed, and once only; one that was moved or taken away is not told", () => {
  let now = 0;
  const deadlines = new Deadlines(() => now);
  const told: string[] = [];
  const timed = (name: string, deadline: number): Timed => {
    const one: Timed = { deadline, onDeadline: () => told.push(name) };
    deadlines.add(one);
    return one;
  };
  timed("first", 10);
  const moved = timed("moved", 10);
  const gone = timed("gone", 10);
  timed("later", 30);
  moved.deadline = 25;
  deadlines.delete(gone);
  const at = (moment: number): string => {
    now = moment;
    deadlines.sweep();
    return told.join(" ");
  };
  assert.equal(at(9), "");
  assert.equal(at(10), "first");
  assert.equal(at(24), "first");
  assert.equal(at(25), "first moved");
  assert.equal(at(1000), "first moved later");
  assert.equal(at(2000), "first moved later");
});

test("what is told may take itself and others away", () => {
  const deadlines = new Deadlines(() => 5);
  const told: string[] = [];
  const second: Timed = { deadline: 1, onDeadline: () => told.push("second") };
  const first: Timed = {
    deadline: 1,
    onDeadline: () => {
      told.push("first");
      deadlines.delete(first);
      deadlines.delete(second);
    },
  };
  deadlines.add(first);
  deadlines.add(second);
  deadlines.sweep();
  assert.deepEqual(told, ["first"]);
});
