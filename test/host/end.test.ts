// The end of a plugin and of its instances: what traps there has failed nobody, and what was recorded before stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import type { ManualClock } from "../../src/host/clock.ts";
import { runRequest } from "../../src/host/request.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { guest, headers, quiet, run, texts } from "./guest.ts";

const traps = (callback: string, params: string, result: string): Uint8Array =>
  guest({
    body: `(func (export "${callback}") (param ${params}) ${result}
      (if (i32.eq (local.get 0) (i32.const 1)) (then unreachable))
      ${result === "" ? "" : "(i32.const 1)"})`,
  });

for (const [callback, result] of [
  ["proxy_on_done", "(result i32)"],
  ["proxy_on_delete", ""],
] as const) {
  test(`a trap in ${callback} of a plugin that is no longer needed is counted by its own name, and the plugin ends`, () => {
    const plugin = run(traps(callback, "i32", result));
    assert.equal(runRequest(plugin, { headers: headers() }).status, 200);
    plugin.retire();
    assert.deepEqual([...plugin.telemetry.traps], []);
    assert.equal(plugin.telemetry.trapsAtEnd, 1);
    assert.deepEqual([plugin.traps.length, plugin.ended], [0, true]);
    assert.match(texts(plugin).at(-1)!, new RegExp(`^Function: ${callback} failed at the end: `));
  });
}

test("a plugin that asks for time to end has it, and no more", () => {
  const plugin = run({
    body: `(func (export "proxy_on_done") (param i32) (result i32) (i32.const 0))`,
  });
  plugin.giveUp(0);
  assert.equal(plugin.ended, false, "nobody has asked it to end");
  plugin.retire();
  (plugin.services.clock as ManualClock).advance(999);
  plugin.giveUp(1000);
  assert.equal(plugin.ended, false);
  (plugin.services.clock as ManualClock).advance(1);
  plugin.giveUp(1000);
  assert.equal(plugin.ended, true);
});

test("a trap in proxy_on_done of a request is a failure as any other", () => {
  const plugin = run(
    guest({
      body: `(func (export "proxy_on_done") (param i32) (result i32)
        (if (i32.ne (local.get 0) (i32.const 1)) (then unreachable)) (i32.const 1))`,
    }),
  );
  runRequest(plugin, { headers: headers() });
  assert.equal(plugin.telemetry.trapsAtEnd, 0);
  assert.equal(
    [...plugin.telemetry.traps.values()].reduce((a, b) => a + b, 0),
    1,
  );
});

test("what a module has recorded as denied is counted over its instances, however soon they die", () => {
  const bytes = guest({
    imports: ["proxy_http_call"],
    body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      ${quiet("proxy_http_call", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)} unreachable)`,
  });
  const policy = policyFromRole("header-rewriter", { "metadata.name": "guest" });
  const plugin = run(contain(bytes, policy).bytes);
  assert.deepEqual(plugin.deniedByModule(), []);
  for (let i = 1; i <= 3; i++) {
    runRequest(plugin, { headers: headers() });
    assert.deepEqual([...plugin.deniedInstances()], [["proxy_http_call", i]]);
  }
  plugin.reload();
  assert.deepEqual([...plugin.deniedInstances()], [["proxy_http_call", 3]]);
  assert.deepEqual(plugin.deniedByModule(), ["proxy_http_call"]);
});
