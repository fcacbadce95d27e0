// What a plugin's failure means later on: the back-off that the file asks for, and what a new instance costs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answered, bootstrap, type Lab, wasm, withLab } from "./lab.ts";

const trap = { headers: { "x-trap": "1", "x-crash": "1" } };

async function serve(
  lab: Lab,
  clusters: { backend: number },
  more: Readonly<Record<string, unknown>>,
): Promise<void> {
  lab.write(bootstrap({ plugins: [{ name: "t", file: wasm("trap-on-header"), more }], clusters }));
  await lab.start(["--concurrency", "1"]);
}

test("the back-off that the file asks for is kept between two new instances, Envoy's own default too", () =>
  withLab(async (lab, clusters) => {
    const reload_config = { backoff: { base_interval: "1s" } };
    await serve(lab, clusters, { failure_policy: "FAIL_RELOAD", reload_config });
    // A machine that is busy may have moved the plugin to a cell meanwhile, where its instance is the first one.
    let later = 200;
    for (let i = 0; i < 8 && later === 200; i++) {
      assert.equal((await lab.ask("/", trap)).status, 503);
      later = (await lab.ask("/")).status;
      assert.ok(i > 0 || later === 200, "the first new instance comes at once");
    }
    assert.equal(later, 503, "the second one waits");
    await lab.until(async () => (await lab.ask("/")).status === 200);
    await lab.until(async () => (await lab.stat("wasm.t.vm_reload_backoff")) >= 1);
  }));

test("a plugin that is open loses only the request that it failed, and is whole for the next", () =>
  withLab(async (lab, clusters) => {
    await serve(lab, clusters, { failure_policy: "FAIL_OPEN" });
    for (let i = 1; i <= 3; i++) {
      const passed: Answered = await lab.ask("/", trap);
      assert.equal(passed.status, 200);
      assert.equal((await lab.ask("/")).status, 200);
      await lab.until(async () => (await lab.stat("envoy.wasm_filter.t.execution_failures")) === i);
      assert.equal(await lab.stat("envoy.wasm_filter.t.fail_open_count"), i);
    }
  }));

test("a plugin that is closed rejects the request that it failed, and checks the next one with a fresh instance", () =>
  withLab(async (lab, clusters) => {
    await serve(lab, clusters, { failure_policy: "FAIL_CLOSED" });
    for (let i = 1; i <= 3; i++) {
      assert.equal((await lab.ask("/", trap)).status, 503);
      assert.equal((await lab.ask("/")).status, 200);
      await lab.until(async () => (await lab.stat("envoy.wasm_filter.t.fail_close_count")) === i);
      assert.equal(await lab.stat("envoy.wasm_filter.t.fail_open_count"), 0);
    }
  }));
