// What a guest can make the host spend: effects, answers, calls in flight, copies, names. All of it bounded.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyBuffer } from "../../src/host/body.ts";
import { caps } from "../../src/host/caps.ts";
import type { ManualClock } from "../../src/host/clock.ts";
import { runRequest } from "../../src/host/request.ts";
import { call, guest, headers, noteFunctions, pairs, probe, quiet, run, texts } from "./guest.ts";

const wire = pairs([":method", "GET"], [":path", "/"], [":authority", "a"]);
const often = (times: number, what: string): string => `(local.set 0 (i32.const ${times}))
  (loop $again ${what} (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))`;

test("of many local responses the first counts and only that one is kept", () => {
  const { result } = probe(
    [
      quiet("proxy_send_local_response", 401, 0, 0, 0, 4, 0, 0, -1),
      often(5000, quiet("proxy_send_local_response", 403, 0, 0, 0, 60000, 0, 0, -1)),
    ],
    { data: [[0, "mine"]] },
  );
  assert.deepEqual([result.status, Buffer.from(result.body).toString()], [401, "mine"]);
});

test("a callback that asks for endless effects is heard up to a point, and the request goes on", () => {
  const { result, plugin } = probe([
    often(100_000, quiet("proxy_set_tick_period_milliseconds", "(local.get 0)")),
  ]);
  assert.equal(result.status, 200);
  assert.equal(plugin.root.tickPeriod, 100_000 - caps.effects + 1);
});

test("the bytes of all calls in flight are bounded, and are free again when a call is over", () => {
  const data = [[200, wire.text]] as const;
  const one = call("proxy_http_call", 0, 1, 200, wire.size, 0, 60000, 0, 0, 1000, 100);
  const { notes, plugin } = probe([often(400, one)], { data });
  const taken = notes.filter((status) => status === 0).length;
  assert.ok(
    taken < 400 && taken * 60000 <= caps.dispatchBytes && (taken + 1) * 60000 > caps.dispatchBytes,
    String(taken),
  );
  (plugin.services.clock as ManualClock).advance(1001);
  plugin.poll();
  assert.deepEqual([plugin.calls.size, plugin.callBytes], [0, 0]);
});

test("a call whose time is over is answered 504, a gRPC call ends as unavailable; one without a time stays", () => {
  const plugin = run({
    imports: ["proxy_log", "proxy_http_call", "proxy_grpc_call", "proxy_grpc_stream"],
    body: `${noteFunctions} (data (i32.const 200) "${wire.text}")
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        ${quiet("proxy_http_call", 0, 1, 200, wire.size, 0, 0, 0, 0, 500, 100)}
        ${quiet("proxy_grpc_call", 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 600, 100)}
        ${quiet("proxy_grpc_stream", 0, 1, 0, 1, 0, 1, 0, 0, 100)} (i32.const 0))
      (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
        (call $note (local.get 2)) (call $note (local.get 3)))
      (func (export "proxy_on_grpc_close") (param i32 i32 i32) (call $note (local.get 2)))`,
  });
  runRequest(plugin, { headers: headers() });
  const clock = plugin.services.clock as ManualClock;
  clock.advance(499);
  plugin.poll();
  assert.deepEqual(texts(plugin), []);
  clock.advance(1);
  plugin.poll();
  const body = String("upstream request timeout".length);
  assert.deepEqual(texts(plugin), ["3", body]);
  clock.advance(10_000);
  plugin.poll();
  assert.deepEqual(texts(plugin), ["3", body, "14"]);
  assert.equal(plugin.calls.size, 1);
});

test("a body that is grown byte by byte at both ends is copied seldom, and stays in order", () => {
  const body = new BodyBuffer();
  const started = performance.now();
  for (let i = 0; i < 200_000; i++) {
    body.prepend(Uint8Array.of(1));
    body.append(Uint8Array.of(2));
  }
  // Copying it whole each time would be 40 GB.
  assert.ok(performance.now() - started < 5000);
  const all = body.view();
  assert.equal(all.length, 400_000);
  assert.ok(all.subarray(0, 200_000).every((byte) => byte === 1));
  assert.ok(all.subarray(200_000).every((byte) => byte === 2));
});

test("a body beyond the cap ends the request with 413, the response with 500 or, once it has begun, a reset", () => {
  const hold = (half: string): Uint8Array =>
    guest({
      body: `(func (export "proxy_on_${half}_body") (param i32 i32 i32) (result i32) (i32.const 1))`,
    });
  const big = new Uint8Array(caps.bodyBytes / 2 + 1);
  const request = runRequest(run(hold("request")), { headers: headers(), body: [big, big] });
  assert.deepEqual([request.status, request.details], [413, "request_payload_too_large"]);
  const upstream = () => ({ headers: [[":status", "200"]] as const, body: [big, big] });
  const begun = runRequest(run(hold("response")), { headers: headers(), upstream });
  assert.deepEqual([begun.outcome, begun.status], ["reset", 0]);
  const waiting = guest({
    body: `(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 1))`,
  });
  const held = runRequest(run(waiting), { headers: headers(), upstream });
  assert.deepEqual([held.status, held.details], [500, "response_payload_too_large"]);
});

test("names as long as the memory are cut and match nothing; nothing throws", () => {
  const large = 32 * 1024 * 1024;
  const { notes } = probe(
    [
      "(drop (memory.grow (i32.const 1000)))",
      call("proxy_get_property", 0, large, 100, 104),
      call("proxy_get_header_map_value", 0, 0, large, 100, 104),
      call("proxy_add_header_map_value", 0, 0, 1, 0, large),
      call("proxy_set_shared_data", 0, large, 0, 0, 0),
      call("proxy_call_foreign_function", 0, large, 0, 0, 0, 0),
      call("proxy_define_metric", 0, 0, large, 100),
      call("proxy_http_call", 0, large, 200, wire.size, 0, 0, 0, 0, 1, 100),
    ],
    { data: [[200, wire.text]] },
  );
  assert.deepEqual(notes, [1, 1, 2, 2, 1, 2, 2]);
});

test("the log keeps its newest lines and counts the rest", () => {
  const { plugin } = probe(
    [often(3000, quiet("proxy_log", 2, 0, 1)), quiet("proxy_log", 2, 1, 1)],
    { data: [[0, "ab"]] },
  );
  const { log } = plugin.services;
  assert.deepEqual(
    [log.total, log.lines().length, log.lines().at(-1)?.text, log.lines(2999).length],
    [3001, caps.logLines, "b", 2],
  );
});

test("a callback that makes the host look, copy or compress without end traps as if its own fuel were used up", () => {
  const trapOf = (calls: readonly string[], data: readonly (readonly [number, string])[] = []) =>
    probe(calls, { data: data as never }).plugin.telemetry.traps;
  const name = [400, "compress"] as const;
  const endless: Record<string, string[]> = {
    compress: [often(10_000_000, quiet("proxy_call_foreign_function", 400, 8, 0, 60000, 0, 0))],
    look: [often(10_000_000, quiet("proxy_register_shared_queue", 400, 8, 100))],
    copy: [
      quiet("proxy_set_shared_data", 400, 8, 0, 60000, 0),
      often(
        10_000_000,
        `(global.set $heap (i32.const 1024)) ${quiet("proxy_get_shared_data", 400, 8, 100, 104, 108)}`,
      ),
    ],
    headers: [
      often(4000, quiet("proxy_add_header_map_value", 0, 400, 8, 0, 1)),
      often(10_000_000, quiet("proxy_remove_header_map_value", 0, 400, 7)),
    ],
  };
  for (const [what, calls] of Object.entries(endless)) {
    assert.deepEqual([...trapOf(calls, [name])], [["fuel", 1]], what);
  }
});

test("the host's work is counted for each callback by itself, and the largest single call is within it", () => {
  const { notes, result } = probe(
    [
      call("proxy_call_foreign_function", 400, 8, 0, 60000, 0, 0),
      often(30, quiet("proxy_call_foreign_function", 400, 8, 0, 60000, 0, 0)),
    ],
    { data: [[400, "compress"]] },
  );
  assert.deepEqual([notes[0], result.status], [0, 200]);
  assert.ok(caps.foreignArgumentBytes * 8 < caps.hostWork);
});
