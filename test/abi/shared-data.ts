// Shared data: keys, values and compare-and-swap.
import { call, load } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";
import { show } from "./play.ts";

const data = [
  [0, "key"],
  [8, "value"],
  [16, "other"],
] as const;
const H = "proxy_on_request_headers" as const;
const set = (cas: number, at = 8): string => call("proxy_set_shared_data", 0, 3, at, 5, cas);
const get = call("proxy_get_shared_data", 0, 3, 100, 104, 108);

export const sharedData: Subject = {
  name: "shared-data",
  cells: [
    ...of(
      "proxy_set_shared_data",
      H,
      { data },
      [
        "right",
        "writes, and writes again with the right cas",
        [
          set(0),
          get,
          call("proxy_set_shared_data", 0, 3, 16, 5, "(i32.load (i32.const 108))"),
          get,
          show(100, 104),
        ],
        [0, 0, 0, 0, "other"],
      ],
      [
        "misuse",
        "a wrong cas changes nothing",
        [set(0), set(999, 16), get, show(100, 104)],
        [0, 8, 0, "value"],
      ],
      [
        "misuse",
        "bad addresses",
        [
          call("proxy_set_shared_data", FAR, 3, 8, 5, 0),
          call("proxy_set_shared_data", 0, 3, 8, -1, 0),
        ],
        [6, 6],
      ],
      ["edge", "a key that is new is written whatever the cas", [set(77), get], [0, 0]],
      [
        "edge",
        "an empty key and an empty value are a key and a value",
        [
          call("proxy_set_shared_data", 0, 0, 0, 0, 0),
          call("proxy_get_shared_data", 0, 0, 100, 104, 108),
          load(104),
        ],
        [0, 0, 0],
      ],
      [
        "edge",
        "a key beyond what a name may have",
        [
          call("proxy_set_shared_data", 0, 65_000, 8, 5, 0),
          "(drop (memory.grow (i32.const 1)))",
          call("proxy_set_shared_data", 0, 65_537, 8, 5, 0),
        ],
        [0, 2],
      ],
    ),
    ...of(
      "proxy_get_shared_data",
      "proxy_on_tick",
      { data },
      [
        "right",
        "gives value and cas",
        [set(0), get, show(100, 104), load(108)],
        [0, 0, "value", 1],
      ],
      [
        "misuse",
        "no such key, bad addresses",
        [
          get,
          set(0),
          call("proxy_get_shared_data", FAR, 3, 100, 104, 108),
          call("proxy_get_shared_data", 0, 3, FAR, 104, 108),
          call("proxy_get_shared_data", 0, 3, 100, 104, FAR),
        ],
        [1, 0, 6, 6, 6],
      ],
      [
        "edge",
        "is there while the plugin configures",
        [set(0), get, load(104)],
        [0, 0, 5],
        { phase: "proxy_on_configure" },
      ],
    ),
  ],
};
