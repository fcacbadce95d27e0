// A plugin through whole HTTP cycles: order of callbacks, headers, bodies, trailers, pause, local responses.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManualClock } from "../../src/host/clock.ts";
import { HeaderMap } from "../../src/host/header-map.ts";
import { runRequest } from "../../src/host/request.ts";
import { guest, headers, noteFunctions, run, texts } from "./guest.ts";

const note = (n: number): string => `(call $note (i32.const ${n}))`;

test("callbacks come in the reference host's order, with context ids, counts and end of stream", () => {
  const plugin = run(
    {
      imports: ["proxy_log"],
      body: `${noteFunctions}
      (func (export "_initialize") ${note(1)})
      (func (export "main") (param i32 i32) (result i32) ${note(2)} (i32.const 0))
      (func (export "proxy_on_context_create") (param i32 i32)
        (call $note (i32.add (i32.const 100) (i32.add (i32.mul (i32.const 10) (local.get 0)) (local.get 1)))))
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
        (call $note (i32.add (i32.const 2000) (local.get 1))) (i32.const 1))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (call $note (i32.add (i32.const 3000) (local.get 1))) (i32.const 1))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $note (i32.add (i32.const 40000) (i32.add (i32.mul (i32.const 10) (local.get 1)) (local.get 2)))) (i32.const 0))
      (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
        (call $note (i32.add (i32.const 50000) (i32.add (i32.mul (i32.const 10) (local.get 1)) (local.get 2)))) (i32.const 0))
      (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
        (call $note (i32.add (i32.const 60000) (local.get 1))) (i32.const 0))
      (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
        (call $note (i32.add (i32.const 70000) (i32.add (i32.mul (i32.const 10) (local.get 1)) (local.get 2)))) (i32.const 0))
      (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
        (call $note (i32.add (i32.const 80000) (i32.add (i32.mul (i32.const 10) (local.get 1)) (local.get 2)))) (i32.const 0))
      (func (export "proxy_on_done") (param i32) (result i32) (call $note (i32.const 91)) (i32.const 1))
      (func (export "proxy_on_log") (param i32) (call $note (i32.const 92)))
      (func (export "proxy_on_delete") (param i32) (call $note (i32.const 93)))`,
    },
    { configuration: "abc", vmConfiguration: "vm" },
  );
  const result = runRequest(plugin, {
    headers: headers(),
    body: ["one", "four"],
    trailers: [["x-end", "1"]],
    upstream: (request) => {
      assert.equal(Buffer.from(request.body).toString(), "onefour");
      assert.deepEqual(request.trailers, [["x-end", "1"]]);
      return { headers: [[":status", "201"]], body: "ok" };
    },
  });
  assert.equal(result.status, 201);
  assert.equal(result.outcome, "continue");
  assert.equal(Buffer.from(result.body).toString(), "ok");
  assert.deepEqual(texts(plugin), [
    "1",
    "2",
    "110",
    "2002",
    "3003", // start: root context 1, sizes of both configurations
    "121", // stream 2 of root 1
    "40040",
    "50030",
    "50040",
    "60001",
    "70010",
    "80021",
    "92",
    "91",
    "93",
  ]);
});

test("without _initialize a module's _start runs, and main alone does not", () => {
  const body = `${noteFunctions}
    (func (export "_start") ${note(1)})
    (func (export "main") (param i32 i32) (result i32) ${note(2)} (i32.const 0))`;
  assert.deepEqual(texts(run({ imports: ["proxy_log"], body })), ["1"]);
});

test("a plugin that answers false to configure has not started, and its requests follow the policy", () => {
  const body = `(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0))`;
  const closed = run({ body });
  assert.deepEqual(closed.state, { at: "refused", callback: "proxy_on_configure" });
  assert.equal(runRequest(closed, { headers: headers() }).status, 503);
  const open = run({ body }, { failure: "open" });
  const passed = runRequest(open, { headers: headers() });
  assert.deepEqual([passed.status, passed.skipped], [200, true]);
});

const localBody = (when: string, params: string): string => `
  (data (i32.const 0) "who\\00denied\\00")
  (func (export "${when}") ${params} (result i32)
    (drop (call $proxy_send_local_response (i32.const 403) (i32.const 0) (i32.const 3)
      (i32.const 4) (i32.const 6) (i32.const 0) (i32.const 0) (i32.const -1)))
    (i32.const 0))`;

test("a local response answers instead of the upstream, whatever the callback returned", () => {
  const plugin = run({
    imports: ["proxy_send_local_response"],
    body: localBody("proxy_on_request_headers", "(param i32 i32 i32)"),
  });
  const result = runRequest(plugin, { headers: headers(), body: "never seen" });
  assert.equal(result.outcome, "local");
  assert.equal(result.status, 403);
  assert.equal(result.details, "who");
  assert.equal(Buffer.from(result.body).toString(), "denied");
  assert.equal(result.upstream, null);
  assert.deepEqual(result.headers, [
    [":status", "403"],
    ["content-length", "6"],
    ["content-type", "text/plain"],
  ]);
});

test("a local response from the response headers replaces the upstream's", () => {
  const plugin = run({
    imports: ["proxy_send_local_response"],
    body: localBody("proxy_on_response_headers", "(param i32 i32 i32)"),
  });
  const result = runRequest(plugin, {
    headers: headers(),
    upstream: () => ({
      headers: [
        [":status", "200"],
        ["x-up", "1"],
      ],
      body: "secret",
    }),
  });
  assert.equal(result.status, 403);
  assert.equal(Buffer.from(result.body).toString(), "denied");
  assert.equal(
    result.headers.some(([name]) => name === "x-up"),
    false,
  );
});

test("a gRPC request gets its local response as trailers only", () => {
  const plugin = run({
    imports: ["proxy_send_local_response"],
    body: localBody("proxy_on_request_headers", "(param i32 i32 i32)"),
  });
  const result = runRequest(plugin, {
    headers: headers("/s/M", [["content-type", "application/grpc"]]),
  });
  assert.deepEqual(result.headers, [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-status", "7"],
    ["grpc-message", "denied"],
  ]);
  assert.equal(result.body.length, 0);
});

const bodyPlugin = (answer: string): Uint8Array =>
  guest({
    imports: ["proxy_log"],
    body: `${noteFunctions}
    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
      (call $note (i32.add (i32.mul (i32.const 10) (local.get 1)) (local.get 2)))
      ${answer})`,
  });

test("a buffered body is shown again, whole, with every piece; a watermarked one piece by piece", () => {
  const untilEnd = (status: number): string =>
    `(select (i32.const 0) (i32.const ${status}) (local.get 2))`;
  const pieces = { headers: headers(), body: ["ab", "cde", "f"] };
  const buffered = run(bodyPlugin(untilEnd(1)));
  assert.equal(Buffer.from(runRequest(buffered, pieces).upstream!.body).toString(), "abcdef");
  assert.deepEqual(texts(buffered), ["20", "50", "61"]);
  const watermarked = run(bodyPlugin(untilEnd(2)));
  assert.equal(Buffer.from(runRequest(watermarked, pieces).upstream!.body).toString(), "abcdef");
  assert.deepEqual(texts(watermarked), ["20", "30", "11"]);
});

test("a body that is not buffered and not continued is dropped", () => {
  const result = runRequest(run(bodyPlugin("(select (i32.const 0) (i32.const 3) (local.get 2))")), {
    headers: headers(),
    body: ["ab", "cde", "f"],
  });
  assert.equal(Buffer.from(result.upstream!.body).toString(), "f");
});

test("headers that pause hold the body back until the plugin continues", () => {
  const plugin = run({
    imports: [
      "proxy_log",
      "proxy_continue_stream",
      "proxy_set_tick_period_milliseconds",
      "proxy_set_effective_context",
    ],
    body: `${noteFunctions}
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (drop (call $proxy_set_tick_period_milliseconds (i32.const 10))) (i32.const 1))
      (func (export "proxy_on_tick") (param i32)
        (drop (call $proxy_set_effective_context (i32.const 2)))
        (drop (call $proxy_continue_stream (i32.const 0))))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${note(1)} (i32.const 1))
      (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
        (call $note (i32.add (i32.mul (i32.const 10) (local.get 1)) (local.get 2))) (i32.const 0))`,
  });
  const admission = plugin.open();
  assert.ok(admission.as === "stream");
  const { request } = admission.stream;
  const passed = (): number | undefined => request.out.headers?.size;
  request.onHeaders(HeaderMap.from(headers()), false);
  request.onBody(Buffer.from("abc"), false);
  request.onBody(Buffer.from("de"), true);
  assert.deepEqual(texts(plugin), ["1"]);
  assert.equal(passed(), undefined);
  (plugin.services.clock as ManualClock).advance(11);
  plugin.poll();
  assert.deepEqual(texts(plugin), ["1", "51"]);
  assert.equal(passed(), 4);
  assert.equal(Buffer.from(request.out.body.view()).toString(), "abcde");
  assert.equal(request.out.ended, true);
});

test("a request that nothing lets go on is told as paused, and never reaches the upstream", () => {
  const plugin = run({
    body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))`,
  });
  const result = runRequest(plugin, { headers: headers() });
  assert.deepEqual([result.outcome, result.status, result.upstream], ["paused", 0, null]);
});

test("proxy_close_stream ends the request without an answer", () => {
  const plugin = run({
    imports: ["proxy_close_stream"],
    body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $proxy_close_stream (i32.const 0))) (i32.const 0))`,
  });
  assert.equal(runRequest(plugin, { headers: headers() }).outcome, "reset");
});
