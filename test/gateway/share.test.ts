// What a plugin is blamed for: its own time, and not what the machine did meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PHASE } from "../../src/gateway/chain/steps.ts";
import { StatCells } from "../../src/gateway/stats/cells.ts";
import { PluginMeter } from "../../src/gateway/worker/meter.ts";
import { newPulse, Pulse } from "../../src/gateway/worker/pulse.ts";

function meterOf(metered: boolean): {
  meter: PluginMeter;
  reasons: string[];
  at: (ms: number) => void;
} {
  const reasons: string[] = [];
  let now = 0;
  const meter = new PluginMeter({
    plugin: "a",
    place: 0,
    stats: new StatCells(() => {}),
    pulse: new Pulse(newPulse()),
    now: () => now,
    metered,
    expensive: (why) => reasons.push(why),
  });
  return { meter, reasons, at: (ms) => void (now = ms) };
}

test("a long step with little fuel is the machine's fault, one with the fuel for it is the plugin's", () => {
  const { meter, reasons } = meterOf(true);
  meter.step(PHASE.requestHeaders, 40, 250_000, false);
  assert.deepEqual(reasons, []);
  meter.step(PHASE.requestHeaders, 6, 5_000_000, false);
  assert.deepEqual(reasons, ["one step took 6.0 ms"]);
});

test("a step that trapped is the plugin's, whatever is known of its fuel, and so is one that nobody counts", () => {
  const hardened = meterOf(true);
  hardened.meter.step(PHASE.requestHeaders, 20, 0, true);
  assert.deepEqual(hardened.reasons, ["one step took 20.0 ms"]);
  const shipped = meterOf(false);
  shipped.meter.step(PHASE.requestHeaders, 20, 0, false);
  assert.deepEqual(shipped.reasons, ["one step took 20.0 ms"]);
});

test("steps of a millisecond are within the share at 40 a second and beyond it at 80", () => {
  for (const [rate, expected] of [
    [40, false],
    [80, true],
  ] as const) {
    const { meter, reasons, at } = meterOf(true);
    for (let i = 0; i < 10 * rate; i++) {
      at((i * 1000) / rate);
      meter.step(PHASE.requestHeaders, 1, 1_000_000, false);
    }
    assert.equal(reasons.length > 0, expected, `${rate} a second`);
  }
});

test("short steps that trap count together with the instances that replace the dead ones", () => {
  const { meter, reasons, at } = meterOf(true);
  // Half a millisecond for each request, a hundred of them in a second: 5 % of it is what a plugin may take.
  for (let i = 0; i < 99; i++) {
    at(i * 10);
    meter.step(PHASE.requestHeaders, 0.1, 0, true);
    meter.revived(0.4);
  }
  assert.deepEqual(reasons, []);
  for (let i = 0; i < 99; i++) {
    at(990 + i * 2);
    meter.step(PHASE.requestHeaders, 0.1, 0, true);
    meter.revived(0.6);
  }
  assert.equal(reasons[0], "its costly steps take more than their share");
});

test("as many short steps that don't trap are decent", () => {
  const { meter, reasons, at } = meterOf(true);
  for (let i = 0; i < 5000; i++) {
    at(i / 2);
    meter.step(PHASE.requestHeaders, 0.24, 30_000, false);
  }
  assert.deepEqual(reasons, []);
});
