// Regression test 7 of docs/containment-rules.md: loops that run through the host, callback by callback, each of
// them far within its fuel. That the worker of a real Envoy goes on to answer others is shown by the trial in
// Envoy (test/interop/trial-envoy.test.ts); here that each such loop ends, and after how many rounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lab } from "../harden/guards/lab.ts";

const AT = 1000;
const [ROOT, STREAM, OTHER] = [1, 2, 3];
/** Rounds after which a loop counts as endless. */
const MANY = 500;
const contexts = `
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_delete") (param i32))`;

test("7 (A8): a plugin that enqueues at each item of its own queue comes to an end", () => {
  const items = 9;
  let waiting = 0;
  const own = lab(["proxy_register_shared_queue", "proxy_enqueue_shared_queue"], {
    limits: { host: { queueItems: items } },
    host: {
      proxy_register_shared_queue: (_name, _size, out) => {
        new DataView(own.running.memory.buffer).setUint32(Number(out), 7, true);
        return 0;
      },
      proxy_enqueue_shared_queue: () => {
        waiting++;
        return 0;
      },
    },
    more: `(func (export "proxy_on_queue_ready") (param i32 i32)
      (drop (call $proxy_enqueue_shared_queue (local.get 1) (i32.const ${AT}) (i32.const 4))))`,
  });
  own.call("proxy_register_shared_queue", AT, 3, 3000);
  own.call("proxy_enqueue_shared_queue", 7, AT, 4);
  let rounds = 0;
  for (; waiting > 0 && rounds < MANY; rounds++) {
    waiting--;
    own.running.call("proxy_on_queue_ready", ROOT, 7);
  }
  assert.equal(rounds, items);
  assert.ok(own.wasDenied("proxy_enqueue_shared_queue"));
});

test("7 (A8): a plugin that sends a call at the answer of each comes to an end, and no other stream pays for it", () => {
  const total = 6;
  let waiting = 0;
  const send = `(drop (call $proxy_http_call (i32.const ${AT}) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 3000)))`;
  const own = lab(["proxy_http_call", "proxy_set_effective_context"], {
    limits: {
      dispatch: { total },
      streams: 4,
      fuel: { request: 1_000_000, callback: 100_000 },
    },
    host: {
      proxy_http_call: () => {
        waiting++;
        return 0;
      },
    },
    more: `${contexts}
      (global $stream (mut i32) (i32.const 0))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (global.set $stream (local.get 0)) ${send} (i32.const 0))
      (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
        (drop (call $proxy_set_effective_context (global.get $stream))) ${send})`,
  });
  const { running } = own;
  running.call("proxy_on_context_create", ROOT, 0);
  for (const stream of [STREAM, OTHER]) {
    running.call("proxy_on_context_create", stream, ROOT);
    running.call("proxy_on_request_headers", stream, 0, 0);
    let rounds = 0;
    for (; waiting > 0 && rounds < MANY; rounds++) {
      waiting--;
      running.call("proxy_on_http_call_response", ROOT, 1, 0, 0, 0);
    }
    assert.equal(rounds, total, `stream ${stream}`);
  }
  assert.ok(own.wasDenied("proxy_http_call"));
});

test("7 (A8): a timer below the policy's period is not set, at it and above it is, and none is always", () => {
  const own = lab(["proxy_set_tick_period_milliseconds"], { limits: { host: { tick: 100 } } });
  const periods = [1, 99, 100, 1000, 2 ** 31, 2 ** 32 - 1, 0];
  for (const period of periods) own.call("proxy_set_tick_period_milliseconds", period | 0);
  const reached = own.reached().map(({ args }) => Number(args[0]) >>> 0);
  assert.deepEqual(reached, [100, 1000, 2 ** 31, 2 ** 32 - 1, 0]);
  assert.ok(own.wasDenied("proxy_set_tick_period_milliseconds"));
});
