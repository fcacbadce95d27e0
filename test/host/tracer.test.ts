// What a tracer is told: every callback with its fuel, every host call with arguments and answers, in order.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { contain } from "../../src/contain/contain.ts";
import { ManualClock, SeededRandom } from "../../src/host/clock.ts";
import { loadPlugin } from "../../src/host/load.ts";
import type { PluginOptions } from "../../src/host/options.ts";
import { runRequest } from "../../src/host/request.ts";
import { createServices } from "../../src/host/services.ts";
import type { CallbackTrace, CallTrace, Tracer } from "../../src/host/tracer.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";

const paths = await buildPlugins({
  only: ["header-rewriter", "loop-request", "loop-malloc", "external-auth"],
});
const bytes = (name: string): Uint8Array => readFileSync(paths.get(name)!);
const services = () => createServices({ clock: new ManualClock(), random: new SeededRandom(1) });
const headers = [
  [":method", "GET"],
  [":path", "/"],
  [":authority", "a"],
  [":scheme", "https"],
] as const;

class Ear implements Tracer {
  readonly calls: CallTrace[] = [];
  readonly callbacks: CallbackTrace[] = [];
  over = 0;

  call(trace: CallTrace): void {
    this.calls.push(trace);
  }

  callback(trace: CallbackTrace): void {
    this.callbacks.push(trace);
  }

  ended(): void {
    this.over++;
  }
}

function play(module: Uint8Array, options: Partial<PluginOptions> = {}) {
  const tracer = new Ear();
  const plugin = loadPlugin(module, {
    name: "one",
    rootId: "header-rewriter",
    configuration: "payments",
    services: services(),
    tracer,
    ...options,
  });
  return { tracer, plugin, result: runRequest(plugin, { headers }) };
}

test("a call is told with its arguments as text and numbers, its callback, its context and its answer", () => {
  const { tracer, result } = play(bytes("header-rewriter"));
  const added = tracer.calls.find(
    ({ row, callback }) =>
      row.name === "proxy_add_header_map_value" && callback === "proxy_on_request_headers",
  )!;
  assert.deepEqual(added.args, [
    { name: "map_id", value: 0 },
    { name: "key", text: "x-tenant", size: 8 },
    { name: "value", text: "payments", size: 8 },
  ]);
  assert.deepEqual([added.answer, added.hidden], [0, false]);
  assert.notEqual(added.context.stream, null);
  const read = tracer.calls.find(({ row }) => row.name === "proxy_get_buffer_bytes")!;
  assert.deepEqual(read.results, [{ name: "return_value_size", value: 8 }]);
  assert.equal(result.status, 200);
  assert.equal(tracer.over, 1);
});

test("a callback is told with the fuel and the memory of a hardened module, and without fuel otherwise", () => {
  const policy = policyFromRole("header-rewriter");
  const { tracer, plugin } = play(contain(bytes("header-rewriter"), policy).bytes);
  const names = tracer.callbacks.map(({ name }) => name);
  assert.ok(names.indexOf("proxy_on_configure") < names.indexOf("proxy_on_request_headers"));
  const counted = new Map<string, number>();
  for (const { name, fuel } of tracer.callbacks) {
    counted.set(name, (counted.get(name) ?? 0) + fuel!);
  }
  for (const { name, fuel } of plugin.telemetry.callbacks.values()) {
    if (counted.has(name)) assert.equal(counted.get(name), fuel, name);
  }
  assert.ok(counted.get("proxy_on_request_headers")! > 0);
  assert.ok(tracer.callbacks.every(({ pages }) => pages > 0));
  assert.ok(tracer.calls.some(({ stackLeft }) => stackLeft !== null && stackLeft > 0));
  const unmetered = play(bytes("header-rewriter")).tracer;
  assert.ok(unmetered.callbacks.every(({ fuel }) => fuel === null));
});

test("a trap is told as one, without fuel", () => {
  const policy = policyFromRole("header-rewriter", { "spec.limits.fuel.callback": 10_000 });
  const { tracer, result } = play(contain(bytes("loop-request"), policy).bytes);
  const last = tracer.callbacks.at(-1)!;
  assert.deepEqual([last.name, last.trapped, last.fuel], ["proxy_on_request_headers", true, null]);
  assert.equal(result.status, 503);
});

test("a call in whose allocator the guest traps is told too", () => {
  const policy = policyFromRole("header-rewriter", { "spec.limits.fuel.callback": 10_000 });
  const { tracer, plugin } = play(contain(bytes("loop-malloc"), policy).bytes);
  const last = tracer.calls.at(-1)!;
  assert.deepEqual(
    [last.row.name, last.answer, last.results],
    ["proxy_get_header_map_value", undefined, []],
  );
  assert.equal(plugin.trap?.reason, "fuel");
});

test("a call that the capability list hides is told as hidden, with what stands in its place", () => {
  const { tracer } = play(bytes("external-auth"), {
    rootId: "external-auth",
    configuration: '{"allowed_dispatch_clusters": ["auth"]}',
    capabilities: [
      "proxy_get_header_map_value",
      "proxy_on_request_headers",
      "proxy_on_configure",
      "proxy_on_context_create",
      "proxy_get_buffer_bytes",
      "proxy_on_vm_start",
      "proxy_set_effective_context",
    ],
  });
  const hidden = tracer.calls.filter((one) => one.hidden).map(({ row }) => row.name);
  assert.ok(hidden.includes("proxy_http_call"), hidden.join());
  assert.equal(tracer.calls.find((one) => one.hidden)!.answer, 10);
});

test("what a plugin does is the same with and without a tracer", () => {
  const { tracer: _, ...traced } = play(bytes("header-rewriter"));
  const plugin = loadPlugin(bytes("header-rewriter"), {
    name: "one",
    rootId: "header-rewriter",
    configuration: "payments",
    services: services(),
  });
  assert.deepEqual(runRequest(plugin, { headers }), traced.result);
});
