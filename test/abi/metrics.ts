// Metrics: defined by name and type, counted, read.
import { call, load } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";

const data = [[0, "requests"]] as const;
const H = "proxy_on_request_headers" as const;
const define = (type: number): string => call("proxy_define_metric", type, 0, 8, 100);
const read = (id: number): string[] => [call("proxy_get_metric", id, 104), load(104)];

export const metrics: Subject = {
  name: "metrics",
  cells: [
    ...of(
      "proxy_define_metric",
      "proxy_on_configure",
      { data },
      [
        "right",
        "gives ids whose low bits are the type",
        [define(0), load(100), define(1), load(100), define(2), load(100)],
        [0, 4, 0, 5, 0, 6],
      ],
      [
        "misuse",
        "no such type, bad addresses, too long a name",
        [
          define(3),
          define(-1),
          call("proxy_define_metric", 0, FAR, 8, 100),
          call("proxy_define_metric", 0, 0, 8, FAR),
          call("proxy_define_metric", 0, 0, 1025, 100),
        ],
        [2, 2, 6, 6, 2],
      ],
      [
        "edge",
        "the same name again is another id for the same metric",
        [define(0), define(0), load(100), call("proxy_increment_metric", 4, 2n), ...read(8)],
        [0, 0, 8, 0, 0, 2],
      ],
    ),
    ...of(
      "proxy_increment_metric",
      H,
      { data },
      [
        "right",
        "adds to a counter, and to or from a gauge",
        [
          define(0),
          define(1),
          call("proxy_increment_metric", 4, 3n),
          call("proxy_increment_metric", 5, 3n),
          call("proxy_increment_metric", 5, -2n),
          ...read(4),
          ...read(5),
        ],
        [0, 0, 0, 0, 0, 0, 3, 0, 1],
      ],
      [
        "misuse",
        "a counter doesn't go down, a histogram has no sum, an id that nobody was given",
        [
          define(0),
          define(2),
          call("proxy_increment_metric", 4, -1n),
          call("proxy_increment_metric", 4, 0n),
          call("proxy_increment_metric", 6, 1n),
          call("proxy_increment_metric", 40, 1n),
          call("proxy_increment_metric", 3, 1n),
        ],
        [0, 0, 2, 2, 2, 1, 2],
      ],
      [
        "edge",
        "64 bits go round",
        [
          define(1),
          call("proxy_increment_metric", 5, 9223372036854775807n),
          call("proxy_increment_metric", 5, 9223372036854775807n),
          call("proxy_increment_metric", 5, 3n),
          ...read(5),
        ],
        [0, 0, 0, 0, 0, 1],
      ],
    ),
    ...of(
      "proxy_record_metric",
      H,
      { data },
      [
        "right",
        "sets a gauge, adds to a counter, takes a value of a histogram",
        [
          define(0),
          define(1),
          define(2),
          call("proxy_record_metric", 5, 7n),
          call("proxy_record_metric", 4, 7n),
          call("proxy_record_metric", 6, 7n),
          ...read(4),
          ...read(5),
        ],
        [0, 0, 0, 0, 0, 0, 0, 7, 0, 7],
      ],
      [
        "misuse",
        "ids that nobody was given",
        [call("proxy_record_metric", 4, 1n), call("proxy_record_metric", 3, 1n)],
        [1, 1],
      ],
      [
        "edge",
        "a counter takes any 64 bits",
        [
          define(0),
          call("proxy_record_metric", 4, -1n),
          call("proxy_record_metric", 4, 2n),
          ...read(4),
        ],
        [0, 0, 0, 0, 1],
      ],
    ),
    ...of(
      "proxy_get_metric",
      "proxy_on_tick",
      { data },
      [
        "right",
        "reads what was counted",
        [define(0), call("proxy_increment_metric", 4, 5n), ...read(4)],
        [0, 0, 0, 5],
      ],
      [
        "misuse",
        "a histogram has no value, unknown ids, a bad address",
        [
          define(0),
          define(2),
          call("proxy_get_metric", 6, 104),
          call("proxy_get_metric", 8, 104),
          call("proxy_get_metric", 4, FAR),
        ],
        [0, 0, 2, 1, 6],
      ],
      ["edge", "is 0 before anything was counted", [define(1), ...read(5)], [0, 0, 0]],
    ),
  ],
};
