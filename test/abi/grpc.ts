// gRPC calls and streams.
import assert from "node:assert/strict";
import { call, load } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";
import { show } from "./play.ts";

const data = [
  [0, "auth"],
  [8, "svc"],
  [16, "method"],
  [24, "message"],
  [40, "k"],
  [200, "\\0a\\06\\0a\\04auth"],
  [220, "\\0a\\06\\0a\\04else"],
] as const;
const H = "proxy_on_request_headers" as const;
const unary = (cluster = 0, out = 100): string =>
  call("proxy_grpc_call", cluster, 4, 8, 3, 16, 6, 0, 0, 24, 7, 500, out);
const open = (cluster = 0, out = 100): string =>
  call("proxy_grpc_stream", cluster, 4, 8, 3, 16, 6, 0, 0, out);
const send = (id: number, end = 0, at = 24): string => call("proxy_grpc_send", id, at, 7, end);

export const grpc: Subject = {
  name: "grpc",
  cells: [
    ...of(
      "proxy_grpc_call",
      H,
      { data, clusters: ["auth"] },
      ["right", "leaves with an id whose low bits are 1", [unary(), load(100)], [0, 5]],
      [
        "misuse",
        "no such cluster, bad addresses",
        [unary(8), unary(FAR), unary(0, FAR)],
        [4, 6, 6],
      ],
      [
        "right",
        "takes a whole service description, whose cluster has to exist",
        [
          call("proxy_grpc_call", 200, 8, 8, 3, 16, 6, 0, 0, 24, 7, 500, 100),
          call("proxy_grpc_call", 220, 8, 8, 3, 16, 6, 0, 0, 24, 7, 500, 100),
        ],
        [0, 4],
        { check: ({ plugin }) => assert.equal(plugin.telemetry.dispatches.get("auth"), 1) },
      ],
      [
        "edge",
        "no time limit, no message",
        [call("proxy_grpc_call", 0, 4, 8, 3, 16, 6, 0, 0, 0, 0, 0, 100)],
        [0],
      ],
    ),
    ...of(
      "proxy_grpc_call",
      "proxy_on_grpc_receive",
      { data },
      [
        "right",
        "metadata is told, with the counts",
        [
          "(call $note (local.get 0)) (call $note (local.get 1)) (call $note (local.get 2))",
          call("proxy_get_header_map_value", 4, 40, 1, 100, 104),
          show(100, 104),
        ],
        [1, 5, 1, 0, "v"],
        { phase: "proxy_on_grpc_receive_initial_metadata" },
      ],
      [
        "right",
        "its answer is in a buffer",
        [
          "(call $note (local.get 2))",
          call("proxy_get_buffer_bytes", 5, 0, 99, 100, 104),
          show(100, 104),
        ],
        [7, 0, "message"],
        { phase: "proxy_on_grpc_receive" },
      ],
      [
        "right",
        "its trailing metadata is in a map",
        [
          "(call $note (local.get 2))",
          call("proxy_get_header_map_pairs", 5, 100, 104),
          "(call $note (i32.load (i32.load (i32.const 100))))",
        ],
        [1, 0, 1],
        { phase: "proxy_on_grpc_receive_trailing_metadata" },
      ],
    ),
    ...of(
      "proxy_grpc_stream",
      H,
      { data, clusters: ["auth"] },
      ["right", "opens with an id whose low bits are 2", [open(), load(100)], [0, 6]],
      ["misuse", "no such cluster, bad addresses", [open(8), open(FAR), open(0, FAR)], [4, 6, 6]],
      ["edge", "has no time limit", [open()], [0], { phase: "proxy_on_tick" }],
    ),
    ...of(
      "proxy_grpc_send",
      H,
      { data },
      ["right", "sends until it ends", [open(), send(6), send(6, 1)], [0, 0, 0]],
      [
        "misuse",
        "after the end, on a unary call, on another kind of id, on none, from a bad address",
        [open(), unary(), send(6, 1), send(6), send(5), send(4), send(10), send(6, 0, FAR)],
        [0, 0, 0, 2, 2, 2, 1, 6],
      ],
      [
        "edge",
        "an empty message is a message",
        [open(), call("proxy_grpc_send", 6, 0, 0, 0)],
        [0, 0],
        { check: ({ plugin }) => assert.equal(plugin.ended, true) },
      ],
    ),
    ...of(
      "proxy_grpc_cancel",
      H,
      { data },
      [
        "right",
        "forgets call and stream",
        [unary(), open(), call("proxy_grpc_cancel", 5), call("proxy_grpc_cancel", 6)],
        [0, 0, 0, 0],
        { check: ({ plugin }) => assert.equal(plugin.calls.size, 0) },
      ],
      [
        "misuse",
        "an id that is no gRPC call, or none any more",
        [
          unary(),
          call("proxy_grpc_cancel", 5),
          call("proxy_grpc_cancel", 5),
          call("proxy_grpc_cancel", 4),
          call("proxy_grpc_cancel", -1),
        ],
        [0, 0, 1, 2, 2],
      ],
      [
        "edge",
        "from its own answer",
        [call("proxy_grpc_cancel", 5)],
        [0],
        {
          phase: "proxy_on_grpc_receive",
          check: ({ plugin }) =>
            assert.equal(plugin.telemetry.callbacks.get("proxy_on_grpc_close")?.calls, undefined),
        },
      ],
    ),
    ...of(
      "proxy_grpc_close",
      H,
      { data },
      [
        "right",
        "ends sending on a stream, which stays open for answers",
        [open(), call("proxy_grpc_close", 6), send(6)],
        [0, 0, 2],
      ],
      [
        "misuse",
        "an id that is no gRPC call, or none",
        [call("proxy_grpc_close", 8), call("proxy_grpc_close", 9)],
        [2, 1],
      ],
      [
        "edge",
        "cancels a unary call",
        [unary(), call("proxy_grpc_close", 5), call("proxy_grpc_close", 5)],
        [0, 0, 1],
      ],
      [
        "edge",
        "of what the other side ends, as it is told, and once",
        [call("proxy_grpc_close", 5), call("proxy_grpc_close", 5), send(5)],
        [0, 1, 2],
        { phase: "proxy_on_grpc_close" },
      ],
    ),
    ...of(
      "proxy_get_status",
      "proxy_on_grpc_close",
      { data },
      [
        "right",
        "tells how the call ended",
        [
          "(call $note (local.get 2))",
          call("proxy_get_status", 100, 104, 108),
          load(100),
          show(104, 108),
        ],
        [7, 0, 7, "denied"],
      ],
      [
        "misuse",
        "bad addresses",
        [
          call("proxy_get_status", FAR, 104, 108),
          call("proxy_get_status", 100, FAR, 108),
          call("proxy_get_status", 100, 104, FAR),
        ],
        [6, 6, 6],
      ],
      [
        "edge",
        "0 and nothing where no call has ended",
        [call("proxy_get_status", 100, 104, 108), load(100), load(108)],
        [0, 0, 0],
        { phase: "proxy_on_configure" },
      ],
    ),
  ],
};
