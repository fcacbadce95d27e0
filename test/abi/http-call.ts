// HTTP calls: what is taken, what is refused, and what comes back.
import assert from "node:assert/strict";
import { call, load, pairs } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";
import { show } from "./play.ts";

const wire = pairs([":method", "POST"], [":path", "/check"], [":authority", "auth"]);
const partial = pairs([":method", "POST"], [":path", "/check"]);
const broken = pairs([":method", "POST"], [":path", "/a\r\nx: y"], [":authority", "auth"]);
const data = [
  [0, "auth"],
  [8, "body"],
  [16, "x-a"],
  [200, wire.text],
  [300, partial.text],
  [400, broken.text],
] as const;
const H = "proxy_on_request_headers" as const;
const http = (
  cluster: number,
  size: number,
  at = 200,
  length = wire.size,
  timeout = 1000,
  out = 100,
): string => call("proxy_http_call", cluster, size, at, length, 8, 4, 0, 0, timeout, out);

export const httpCalls: Subject = {
  name: "http-call",
  cells: [
    ...of(
      "proxy_http_call",
      H,
      { data, clusters: ["auth"] },
      [
        "right",
        "leaves with an id",
        [http(0, 4), load(100), http(0, 4), load(100)],
        [0, 4, 0, 8],
        { check: ({ plugin }) => assert.equal(plugin.telemetry.dispatches.get("auth"), 2) },
      ],
      [
        "right",
        "leaves from a timer, a connection and an answer as well",
        [http(0, 4), load(100)],
        [0, 4],
        { phase: "proxy_on_tick" },
      ],
      [
        "right",
        "leaves from a connection",
        [http(0, 4), load(100)],
        [0, 4],
        { phase: "proxy_on_new_connection" },
      ],
      [
        "misuse",
        "no cluster, no authority, a negative time, a line break",
        [
          http(8, 4),
          http(0, 4, 300, partial.size),
          http(0, 4, 200, wire.size, -1),
          http(0, 4, 400, broken.size),
        ],
        [2, 2, 2, 2],
        { check: ({ plugin }) => assert.equal(plugin.telemetry.dispatches.size, 0) },
      ],
      [
        "misuse",
        "bad addresses",
        [http(FAR, 4), http(0, 4, FAR), http(0, 4, 200, -1), http(0, 4, 200, wire.size, 1, FAR)],
        [6, 6, 6, 6],
      ],
      [
        "edge",
        "no time limit, no body, no trailers",
        [call("proxy_http_call", 0, 4, 200, wire.size, 0, 0, 0, 0, 0, 100), load(100)],
        [0, 4],
      ],
    ),
    ...of(
      "proxy_http_call",
      "proxy_on_http_call_response",
      { data },
      [
        "right",
        "is answered in the plugin's own context, with counts",
        [
          "(call $note (local.get 0)) (call $note (local.get 1)) (call $note (local.get 2)) (call $note (local.get 3)) (call $note (local.get 4))",
        ],
        [1, 4, 2, 5, 1],
      ],
      [
        "right",
        "shows the answer's headers, body and trailers",
        [
          call("proxy_get_header_map_value", 6, 16, 3, 100, 104),
          show(100, 104),
          call("proxy_get_buffer_bytes", 4, 0, 99, 100, 104),
          show(100, 104),
          call("proxy_get_header_map_pairs", 7, 100, 104),
          "(call $note (i32.load (i32.load (i32.const 100))))",
        ],
        [0, "b", 0, "reply", 0, 1],
      ],
      ["edge", "a next one may leave from there", [http(0, 4), load(100)], [0, 8]],
    ),
  ],
};
