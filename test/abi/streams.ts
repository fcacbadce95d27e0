// Streams as a whole: paused, continued, closed, routed again; and contexts.
import assert from "node:assert/strict";
import type { ManualClock } from "../../src/host/clock.ts";
import { call } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";
import type { Played } from "./play.ts";

const H = "proxy_on_request_headers" as const;
const goOn = (type: number): string => call("proxy_continue_stream", type);
/** The request's context, which a first tick comes too early for. */
const later = call("proxy_set_effective_context", 2);
const pausing = (half: string): string =>
  `(func (export "proxy_on_${half}_headers") (param i32 i32 i32) (result i32) (i32.const 1))`;
const passed = ({ stream }: Played): void => assert.equal(stream.request.out.ended, true);
const old = { abi: "0_1_0" } as const;

export const streams: Subject = {
  name: "streams",
  cells: [
    ...of(
      "proxy_continue_stream",
      H,
      {},
      [
        "right",
        "a request that paused goes on",
        [later, goOn(0)],
        [2, 0, 0, 0],
        { phase: "proxy_on_tick", options: { more: pausing("request") }, check: passed },
      ],
      [
        "right",
        "a response goes on",
        [later, goOn(1)],
        [2, 0, 0, 0],
        {
          phase: "proxy_on_tick",
          options: { more: pausing("response") },
          check: ({ stream }) => assert.equal(stream.response.out.ended, true),
        },
      ],
      ["misuse", "no such stream", [goOn(4), goOn(-1)], [2, 2]],
      [
        "misuse",
        "what goes to the client of a connection can't be continued",
        [goOn(3)],
        [12],
        { phase: "proxy_on_upstream_data" },
      ],
      [
        "edge",
        "nothing to continue in a timer, nor in a request that does not wait",
        [goOn(0), goOn(1), goOn(2)],
        [0, 0, 0],
        { phase: "proxy_on_tick" },
      ],
      [
        "edge",
        "a continue inside of the pausing callback comes too early where a body follows: the answer is pause",
        [goOn(0)],
        [0],
        {
          options: { answer: 1 },
          check: ({ stream }) => assert.equal(stream.request.paused, true),
        },
      ],
      [
        "edge",
        "inside of a body callback that pauses it holds",
        [goOn(0)],
        [0],
        {
          phase: "proxy_on_request_body",
          options: { answer: 1 },
          check: ({ stream }) => {
            assert.equal(stream.request.out.ended, true);
            assert.equal(Buffer.from(stream.request.out.body.view()).toString(), "question");
          },
        },
      ],
      [
        "edge",
        "what was continued is closed at once",
        [
          goOn(0),
          call("proxy_get_header_map_size", 0, 100),
          call("proxy_add_header_map_value", 0, 0, 1, 0, 1),
        ],
        [0, 2, 2],
      ],
    ),
    ...of(
      "proxy_close_stream",
      H,
      {},
      [
        "right",
        "cuts the request off",
        [call("proxy_close_stream", 0)],
        [0],
        { check: ({ stream }) => assert.equal(stream.reset, true) },
      ],
      [
        "right",
        "cuts it off while the response comes",
        [call("proxy_close_stream", 1)],
        [0],
        {
          phase: "proxy_on_response_headers",
          check: ({ stream }) => assert.equal(stream.reset, true),
        },
      ],
      [
        "misuse",
        "no such stream",
        [call("proxy_close_stream", 4), call("proxy_close_stream", -1)],
        [2, 2],
        { check: passed },
      ],
      [
        "edge",
        "a request has no connection to close, a timer nothing",
        [call("proxy_close_stream", 2), call("proxy_close_stream", 3)],
        [0, 0],
        { check: passed },
      ],
    ),
    ...of(
      "proxy_continue_request",
      "proxy_on_request_body",
      { ...old, answer: 1 },
      [
        "right",
        "ABI 0.1.0: the request goes on",
        [call("proxy_continue_request")],
        [0],
        { check: passed },
      ],
      [
        "misuse",
        "outside of a request nothing happens",
        [call("proxy_continue_request")],
        [0],
        { phase: "proxy_on_tick" },
      ],
      [
        "edge",
        "twice is once",
        [call("proxy_continue_request"), call("proxy_continue_request")],
        [0, 0],
        { check: passed },
      ],
    ),
    ...of(
      "proxy_continue_response",
      "proxy_on_response_body",
      { ...old, answer: 1 },
      [
        "right",
        "ABI 0.1.0: the response goes on",
        [call("proxy_continue_response")],
        [0],
        { check: ({ stream }) => assert.equal(stream.response.out.ended, true) },
      ],
      [
        "misuse",
        "outside of a request nothing happens",
        [call("proxy_continue_response")],
        [0],
        { phase: "proxy_on_tick" },
      ],
      [
        "edge",
        "before there is a response nothing happens",
        [call("proxy_continue_response")],
        [0],
        { phase: "proxy_on_request_headers", options: { answer: 0 } },
      ],
    ),
    ...of(
      "proxy_clear_route_cache",
      H,
      old,
      [
        "right",
        "ABI 0.1.0: the gateway chooses the route again",
        [call("proxy_clear_route_cache")],
        [0],
        { check: ({ stream }) => assert.equal(stream.routeCacheCleared, true) },
      ],
      [
        "misuse",
        "outside of a request nothing happens",
        [call("proxy_clear_route_cache")],
        [0],
        {
          phase: "proxy_on_tick",
          check: ({ stream }) => assert.equal(stream.routeCacheCleared, false),
        },
      ],
      [
        "edge",
        "twice is once",
        [call("proxy_clear_route_cache"), call("proxy_clear_route_cache")],
        [0, 0],
      ],
    ),
    ...of(
      "proxy_set_effective_context",
      H,
      {},
      [
        "right",
        "calls then act for another context",
        [
          call("proxy_get_header_map_size", 0, 100),
          call("proxy_set_effective_context", 1),
          call("proxy_get_header_map_size", 0, 100),
          call("proxy_set_effective_context", 2),
          call("proxy_get_header_map_size", 0, 100),
        ],
        [0, 0, 2, 0, 0],
      ],
      [
        "right",
        "0 goes back to the callback's own",
        [
          call("proxy_set_effective_context", 1),
          call("proxy_set_effective_context", 0),
          call("proxy_get_header_map_size", 0, 100),
        ],
        [0, 0, 0],
      ],
      [
        "misuse",
        "a context that is not there or has gone",
        [call("proxy_set_effective_context", 99), call("proxy_set_effective_context", FAR)],
        [2, 2],
      ],
      [
        "edge",
        "lasts until the callback returns",
        [call("proxy_set_effective_context", 1)],
        [0, 0, 8],
        {
          options: {
            more: `(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $note (call $proxy_get_buffer_status (i32.const 0) (i32.const 100) (i32.const 104))) (call $note (i32.load (i32.const 100))) (i32.const 0))`,
          },
        },
      ],
    ),
    ...of(
      "proxy_done",
      "proxy_on_tick",
      {},
      [
        "right",
        "ends a plugin that had put its end off, from a later callback",
        [call("proxy_done")],
        [1, 502, 503],
        {
          options: {
            keep: true,
            more: `(func (export "proxy_on_done") (param i32) (result i32) (i32.const 0))
              (func (export "proxy_on_delete") (param i32) (call $note (i32.add (i32.const 500) (local.get 0))))`,
          },
          check: ({ plugin }) => {
            plugin.close();
            assert.equal(plugin.ended, false);
            (plugin.services.clock as ManualClock).advance(10);
            plugin.poll();
            assert.equal(plugin.ended, true);
            const lines = plugin.services.log.lines().map((line) => line.text);
            assert.deepEqual(lines.slice(-2), ["0", "501"]);
          },
        },
      ],
      ["misuse", "before the end there is nothing to be done with", [call("proxy_done")], [1]],
      [
        "edge",
        "inside of the last callback it is too early as well",
        [call("proxy_done")],
        [1, 1, 1],
        { phase: "proxy_on_done", options: { answer: 1 } },
      ],
    ),
  ],
};
