// A cell's share by a clock of the test's: what the thread is busy with counts, whoever caused it.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Answer } from "../../src/gateway/chain/seams.ts";
import { StatCells } from "../../src/gateway/stats/cells.ts";
import { CellGate } from "../../src/gateway/worker/cell-gate.ts";
import { Client } from "./fakes.ts";

interface Time {
  now: number;
  busy: number;
}

function gateOf(time: Time): CellGate {
  const parts = { now: () => time.now, busy: () => time.busy };
  return new CellGate({ plugin: "a", share: 0.25, stats: new StatCells(() => {}), ...parts });
}

function pass(
  gate: CellGate,
  begin: () => void,
  refuse: (answer: Answer) => void = () => assert.fail("it was refused"),
): void {
  gate.pass(new Client([]), { begin, refuse });
}

test("requests begin at once within the share, and wait beyond it until the thread has been idle for long enough", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    // What the thread did before there was a gate is nobody's.
    const time = { now: 5000, busy: 4000 };
    const gate = gateOf(time);
    const begun: string[] = [];
    pass(gate, () => begun.push("first"));
    time.now += 250;
    time.busy += 250;
    pass(gate, () => begun.push("second"));
    assert.deepEqual(begun, ["first", "second"]);
    time.now += 250;
    time.busy += 250;
    pass(gate, () => begun.push("third"));
    assert.deepEqual(begun, ["first", "second"]);
    // 437.5 ms are in the bucket, of which a quarter of the time that passes runs out; 250 may be in it.
    time.now += 700;
    mock.timers.tick(700);
    assert.deepEqual(begun, ["first", "second"]);
    time.now += 51;
    mock.timers.tick(51);
    assert.deepEqual(begun, ["first", "second", "third"]);
  } finally {
    mock.timers.reset();
  }
});

test("when too many wait, the next is told so with a 503", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const time = { now: 0, busy: 0 };
    const gate = gateOf(time);
    time.busy = 60_000;
    const refused: Answer[] = [];
    const never = (): void => assert.fail("it began");
    for (let i = 0; i < 128; i++) pass(gate, never, (answer) => refused.push(answer));
    assert.equal(refused.length, 0);
    pass(gate, never, (answer) => refused.push(answer));
    assert.deepEqual([refused.length, refused[0]!.status, refused[0]!.flags], [1, 503, "OM"]);
    assert.match(Buffer.from(refused[0]!.body).toString(), /^overload: /);
  } finally {
    mock.timers.reset();
  }
});
