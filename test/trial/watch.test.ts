// The watchdog: what doesn't return is stopped and told, and the next script has a worker again.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoadStep, Step } from "../../src/trial/script.ts";
import { Lanes } from "../../src/trial/watch.ts";
import { guest } from "../host/guest.ts";

const LOOP = "(loop $for_ever (br $for_ever))";
const onRequest = (body: string): Uint8Array =>
  guest({
    body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${body} (i32.const 0))`,
  });

function script(bytes: Uint8Array): Step[] {
  const load: LoadStep = { do: "load", plugin: "p", bytes, semantics: "stock", failure: "closed" };
  return [load, { do: "request", plugin: "p" }, { do: "request", plugin: "p" }];
}

test("a step that doesn't return is named and stopped, what was seen before is kept, and the lane goes on", async () => {
  const lanes = new Lanes(1);
  try {
    const hung = lanes.play(script(onRequest(LOOP)), 200);
    const fine = lanes.play(script(onRequest("")), 10_000);
    const starts = lanes.play(
      script(guest({ body: `(func (export "_initialize") ${LOOP})` })),
      200,
    );
    assert.deepEqual((await hung).hung, { step: "request", ms: 200 });
    assert.deepEqual(
      (await hung).seen.map((one) => one.do),
      ["load"],
    );
    assert.equal((await fine).hung, null);
    assert.deepEqual(
      (await fine).seen.map((one) => one.do),
      ["load", "request", "request"],
    );
    assert.deepEqual((await starts).hung, { step: "load", ms: 200 });
  } finally {
    await lanes.close();
  }
});

test("bytes that are refused end the script with the reason", async () => {
  const lanes = new Lanes(1);
  try {
    const { seen } = await lanes.play(script(Uint8Array.of(1, 2, 3)), 10_000);
    assert.equal(seen.length, 1);
    assert.ok(seen[0]?.do === "load" && seen[0].refused?.code === "wasm-not-wasm");
  } finally {
    await lanes.close();
  }
});

test("a mistake in a script is an error, not a measurement", async () => {
  const lanes = new Lanes(1);
  try {
    await assert.rejects(
      lanes.play([{ do: "request", plugin: "nobody" }], 10_000),
      /has not loaded/,
    );
  } finally {
    await lanes.close();
  }
});
