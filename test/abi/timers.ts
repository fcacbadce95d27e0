// The clock and the timer.
import assert from "node:assert/strict";
import { call } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";

const now = "proxy_get_current_time_nanoseconds";
const period = "proxy_set_tick_period_milliseconds";

export const timers: Subject = {
  name: "timers",
  cells: [
    ...of(
      now,
      "proxy_on_request_headers",
      {},
      [
        "right",
        "gives nanoseconds since 1970",
        [
          call(now, 96),
          "(call $note (i32.wrap_i64 (i64.div_u (i64.load (i32.const 96)) (i64.const 1000000000))))",
        ],
        [0, 1_750_000_000],
      ],
      ["misuse", "a bad address", [call(now, FAR), call(now, 65_529)], [6, 6]],
      [
        "edge",
        "goes on with the host's clock",
        [
          call(now, 96),
          "(call $note (i32.wrap_i64 (i64.rem_u (i64.div_u (i64.load (i32.const 96)) (i64.const 1000000)) (i64.const 1000))))",
        ],
        [0, 10],
      ],
    ),
    ...of(
      period,
      "proxy_on_configure",
      { more: `(func (export "proxy_on_tick") (param i32) (call $note (i32.const 77)))` },
      ["right", "ticks once the period is over", [call(period, 10)], [0, 77]],
      [
        "misuse",
        "a period as large as numbers go is one that never ends",
        [call(period, -1)],
        [0],
        { check: ({ plugin }) => assert.equal(plugin.root.tickPeriod, 0) },
      ],
      [
        "edge",
        "0 ends the ticks",
        [call(period, 10), call(period, 0)],
        [0, 0],
        { check: ({ plugin }) => assert.equal(plugin.nextTick, null) },
      ],
      [
        "edge",
        "a period from a request belongs to the plugin",
        [call(period, 5)],
        [0],
        {
          phase: "proxy_on_request_headers",
          check: ({ plugin }) => assert.equal(plugin.ended, true),
        },
      ],
    ),
  ],
};
