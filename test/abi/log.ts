// Log lines and levels.
import assert from "node:assert/strict";
import { call, load, quiet } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";

const data = [
  [0, "line"],
  [8, "\\ff\\fe"],
] as const;
const H = "proxy_on_request_headers" as const;

export const log: Subject = {
  name: "log",
  cells: [
    ...of(
      "proxy_log",
      H,
      { data },
      ["right", "writes a line", [call("proxy_log", 3, 0, 4)], ["line", 0]],
      [
        "right",
        "writes while the module starts",
        [quiet("proxy_log", 2, 0, 4)],
        ["line"],
        { phase: "_initialize" },
      ],
      [
        "misuse",
        "no such level, bad addresses",
        [
          call("proxy_log", 6, 0, 4),
          call("proxy_log", -1, 0, 4),
          call("proxy_log", 2, FAR, 4),
          call("proxy_log", 2, 0, -1),
        ],
        [2, 2, 6, 6],
      ],
      [
        "edge",
        "an empty line is a line, bytes that are no text are marked",
        [call("proxy_log", 2, 0, 0), call("proxy_log", 2, 8, 2)],
        ["", 0, "\ufffd\ufffd", 0],
      ],
      [
        "edge",
        "a line is cut where it is too long",
        [quiet("proxy_log", 2, 0, 60_000)],
        [],
        { check: ({ notes }) => assert.match(String(notes[0]), /^line[\s\S]{15000,} … \(cut\)$/) },
      ],
      [
        "edge",
        "below the level of the host nothing is written",
        [quiet("proxy_log", 1, 0, 4), quiet("proxy_log", 2, 0, 4)],
        ["line"],
        { options: { logLevel: 2 } },
      ],
    ),
    ...of(
      "proxy_get_log_level",
      H,
      { data, logLevel: 2 },
      ["right", "tells the level", [call("proxy_get_log_level", 100), load(100)], [0, 2]],
      [
        "misuse",
        "a bad address",
        [call("proxy_get_log_level", FAR), call("proxy_get_log_level", 65_533)],
        [6, 6],
      ],
      [
        "edge",
        "is trace where nobody said",
        [call("proxy_get_log_level", 100), load(100)],
        [0, 0, 0, 0],
        { phase: "proxy_on_log", options: { logLevel: 0 } },
      ],
    ),
  ],
};
