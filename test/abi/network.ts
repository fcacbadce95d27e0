// Network connections: what a plugin sees of them, holds, changes, continues and closes; and DNS, pthread_equal and
// the growth notice, which no capability list gates.
import assert from "node:assert/strict";
import type { ManualClock } from "../../src/host/clock.ts";
import { call, load } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";
import { type Played, show } from "./play.ts";

const data = [
  [0, "XY"],
  [8, "name.test"],
] as const;
const keep = true;

/** A connection of its own, step by step. */
function connect(
  { plugin }: Played,
  steps: (one: {
    feed: (flow: "downstream" | "upstream", text: string, end?: boolean) => string;
    said: string[];
    close: (by: "local" | "remote") => void;
    connection: {
      readonly waiting: boolean;
      readonly closed: { readonly downstream: boolean; readonly upstream: boolean };
      readonly skipped: boolean;
    };
    tick: () => void;
  }) => void,
): void {
  const admission = plugin.openConnection();
  assert.equal(admission.as, "connection");
  if (admission.as !== "connection") return;
  const { connection } = admission;
  const said: string[] = [];
  connection.listener = {
    released: (flow) => said.push(`released ${flow}`),
    close: (flow) => said.push(`close ${flow}`),
  };
  connection.onNew();
  steps({
    said,
    connection,
    close: (by) => connection.onClose(by),
    feed: (flow, text, end = false) => {
      connection.onData(flow, Buffer.from(text), end);
      return Buffer.from(connection[flow].out.take()).toString();
    },
    tick: () => {
      (plugin.services.clock as ManualClock).advance(10);
      plugin.poll();
    },
  });
}

export const network: Subject = {
  name: "network",
  cells: [
    ...of(
      "proxy_get_buffer_bytes",
      "proxy_on_downstream_data",
      { data, keep },
      [
        "right",
        "shows what the client sent",
        [
          "(call $note (local.get 1)) (call $note (local.get 2))",
          call("proxy_get_buffer_bytes", 2, 0, 99, 100, 104),
          show(100, 104),
        ],
        [6, 0, 0, "client"],
      ],
      [
        "right",
        "shows what the upstream sent, and its end",
        [
          "(call $note (local.get 1)) (call $note (local.get 2))",
          call("proxy_get_buffer_bytes", 3, 0, 99, 100, 104),
          show(100, 104),
        ],
        [6, 1, 0, "server"],
        { phase: "proxy_on_upstream_data" },
      ],
      [
        "edge",
        "tells of the upstream's end without saying whose it was",
        ["(call $note (local.get 1))"],
        [0],
        { phase: "proxy_on_upstream_connection_close" },
      ],
      [
        "edge",
        "tells of the client's close",
        ["(call $note (local.get 1))"],
        [2],
        { phase: "proxy_on_downstream_connection_close" },
      ],
      [
        "edge",
        "a plugin without these callbacks lets everything pass",
        [],
        [],
        {
          phase: "proxy_on_new_connection",
          check: (played) =>
            connect(played, ({ feed }) =>
              assert.deepEqual(
                [feed("downstream", "a"), feed("upstream", "b"), feed("downstream", "", true)],
                ["a", "b", ""],
              ),
            ),
        },
      ],
    ),
    ...of(
      "proxy_set_buffer_bytes",
      "proxy_on_downstream_data",
      { data, keep },
      [
        "right",
        "changes what goes on",
        [call("proxy_set_buffer_bytes", 2, 0, 0, 0, 2)],
        [],
        {
          check: (played) =>
            connect(played, ({ feed }) => assert.equal(feed("downstream", "abc"), "XYabc")),
        },
      ],
      [
        "misuse",
        "not in its middle, and not the other direction's",
        [
          call("proxy_set_buffer_bytes", 2, 1, 1, 0, 2),
          call("proxy_set_buffer_bytes", 3, 0, 0, 0, 2),
        ],
        [2, 2],
      ],
    ),
    ...of(
      "proxy_continue_stream",
      "proxy_on_downstream_data",
      { data, keep },
      [
        "right",
        "what was held goes on from a timer",
        ["(global.set $it (local.get 0))"],
        [],
        {
          options: {
            answer: 1,
            more: `(global $it (mut i32) (i32.const 0))
          (func (export "proxy_on_configure") (param i32 i32) (result i32) (drop (call $proxy_set_tick_period_milliseconds (i32.const 10))) (i32.const 1))
          (func (export "proxy_on_tick") (param i32) (drop (call $proxy_set_effective_context (global.get $it))) (drop (call $proxy_continue_stream (i32.const 2))))`,
          },
          check: (played) =>
            connect(played, ({ feed, tick, said }) => {
              assert.deepEqual([feed("downstream", "one"), feed("downstream", "two")], ["", ""]);
              tick();
              assert.deepEqual(said, ["released downstream"]);
              assert.equal(feed("downstream", ""), "onetwo");
            }),
        },
      ],
      [
        "edge",
        "held bytes are shown again with what comes later",
        [
          "(call $note (local.get 1)) (if (i32.lt_u (local.get 1) (i32.const 8)) (then (return (i32.const 1))))",
        ],
        [],
        {
          options: { answer: 0 },
          check: (played) =>
            connect(played, ({ feed }) =>
              assert.deepEqual(
                [feed("downstream", "1234"), feed("downstream", "5678")],
                ["", "12345678"],
              ),
            ),
        },
      ],
      [
        "edge",
        "a new connection that waits goes on with the first bytes that pass",
        [],
        [],
        {
          phase: "proxy_on_new_connection",
          options: { answer: 1 },
          check: (played) =>
            connect(played, ({ feed, connection }) => {
              assert.equal(connection.waiting, true);
              assert.equal(feed("downstream", "x"), "x");
              assert.equal(connection.waiting, false);
            }),
        },
      ],
    ),
    ...of(
      "proxy_close_stream",
      "proxy_on_downstream_data",
      { data, keep },
      [
        "right",
        "closes either side",
        [call("proxy_close_stream", 2), call("proxy_close_stream", 3)],
        [0, 0],
        {
          check: (played) =>
            connect(played, ({ feed, connection }) => {
              feed("downstream", "x");
              assert.deepEqual({ ...connection.closed }, { downstream: true, upstream: true });
            }),
        },
      ],
      [
        "edge",
        "closed is closed: nothing more is shown",
        [call("proxy_close_stream", 2)],
        [0],
        {
          check: (played) =>
            connect(played, ({ feed, close }) => {
              feed("downstream", "x");
              const before = played.plugin.telemetry.callbacks.get(
                "proxy_on_downstream_data",
              )?.calls;
              feed("downstream", "y");
              close("local");
              assert.equal(
                played.plugin.telemetry.callbacks.get("proxy_on_downstream_data")?.calls,
                before,
              );
            }),
        },
      ],
    ),
    ...of(
      "envoy_resolve_dns",
      "proxy_on_tick",
      { data },
      ["right", "leaves with an id", [call("envoy_resolve_dns", 8, 9, 100), load(100)], [0, 7]],
      [
        "right",
        "is answered with times to live and addresses",
        [
          "(call $note (local.get 1)) (call $note (local.get 2))",
          call("proxy_get_buffer_bytes", 8, 0, 99, 100, 104),
          "(call $note (i32.load (i32.load (i32.const 100)))) (call $note (i32.load offset=4 (i32.load (i32.const 100))))",
          call("proxy_get_buffer_bytes", 8, 8, 8, 100, 104),
          show(100, 104),
        ],
        [7, 17, 0, 1, 60, 0, "10.1.1.1"],
        { phase: "envoy_on_resolve_dns" },
      ],
      [
        "misuse",
        "bad addresses, a name that is too long",
        [
          call("envoy_resolve_dns", FAR, 9, 100),
          call("envoy_resolve_dns", 8, 9, FAR),
          call("envoy_resolve_dns", 8, 254, 100),
        ],
        [6, 6, 2],
      ],
      [
        "edge",
        "leaves though no list names it",
        [call("envoy_resolve_dns", 8, 9, 100)],
        [0],
        {
          options: {
            capabilities: [
              "proxy_log",
              "proxy_on_tick",
              "proxy_on_vm_start",
              "proxy_set_tick_period_milliseconds",
            ],
          },
        },
      ],
    ),
    ...of(
      "pthread_equal",
      "proxy_on_request_headers",
      {},
      ["right", "compares", [call("pthread_equal", 5, 5), call("pthread_equal", 5, 6)], [1, 0]],
      ["edge", "any two numbers", [call("pthread_equal", -1, FAR)], [0]],
    ),
    ...of(
      "emscripten_notify_memory_growth",
      "proxy_on_request_headers",
      { data },
      [
        "right",
        "is heard, and nothing changes",
        [
          "(drop (memory.grow (i32.const 1)))",
          "(call $emscripten_notify_memory_growth (i32.const 0))",
          call("proxy_log", 2, 70_000, 0),
        ],
        ["", 0],
      ],
      [
        "edge",
        "is allowed at start, and says what it likes",
        ["(call $emscripten_notify_memory_growth (i32.const -1))", call("proxy_log", 2, 0, 2)],
        ["XY", 0],
        { phase: "_initialize" },
      ],
    ),
  ],
};
