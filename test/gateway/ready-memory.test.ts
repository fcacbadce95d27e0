// What was made ready for one version of the configuration is there for the next.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadyMemory } from "../../src/gateway/plugins/ready-memory.ts";

function counted() {
  let made = 0;
  const memory = new ReadyMemory<string>();
  const get = (key: string) => memory.get(key, async () => `${key} ${++made}`);
  return { memory, get, count: () => made };
}

test("what one version has made is found by the next, and by all who ask at once", async () => {
  const { memory, get, count } = counted();
  assert.deepEqual(await Promise.all([get("a"), get("a")]), ["a 1", "a 1"]);
  memory.turn();
  assert.equal(await get("a"), "a 1");
  memory.turn();
  assert.equal(await get("a"), "a 1");
  assert.equal(count(), 1);
});

test("what two versions have not asked for is forgotten", async () => {
  const { memory, get } = counted();
  await get("a");
  memory.turn();
  memory.turn();
  assert.equal(memory.size, 0);
  assert.equal(await get("a"), "a 2");
});

test("what could not be made is tried again, by each who asks, and each is told its own reason", async () => {
  const memory = new ReadyMemory<string>();
  const fails = (name: string) => memory.get("a", () => Promise.reject(new Error(name)));
  const both = await Promise.allSettled([fails("first"), fails("second")]);
  assert.deepEqual(
    both.map((one) => one.status === "rejected" && (one.reason as Error).message),
    ["first", "second"],
  );
  assert.equal(memory.size, 0);
  assert.equal(await memory.get("a", async () => "now"), "now");
});
