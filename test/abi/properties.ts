// Properties: attributes of requests, connections and logs, and filter state.
import { call, load } from "../host/guest.ts";
import { FAR, of, type Subject } from "./cell.ts";
import { show } from "./play.ts";

const data = [
  [0, "request\\00path"],
  [16, "source\\00address"],
  [32, "plugin_root_id"],
  [48, "response\\00code"],
  [64, "mine"],
  [72, "value"],
  [80, "request\\00headers\\00x-two"],
  [112, "source\\00port"],
  [128, "response\\00code_details"],
  [160, "filter_state\\00wasm.mine"],
  [190, "one\\00two"],
  [210, "response\\00headers"],
  [230, "response\\00trailers"],
  [250, "request\\00headers\\00host"],
] as const;
const get = (at: number, size: number): string => call("proxy_get_property", at, size, 200, 204);
const H = "proxy_on_request_headers" as const;

export const properties: Subject = {
  name: "properties",
  cells: [
    ...of(
      "proxy_get_property",
      H,
      { data },
      ["right", "gives what the request says", [get(0, 12), show(200, 204)], [0, "/p?q=1"]],
      [
        "right",
        "gives what the gateway knows, numbers as 8 bytes",
        [
          get(16, 14),
          show(200, 204),
          get(112, 11),
          load(204),
          "(call $note (i32.load (i32.load (i32.const 200))))",
        ],
        [0, "10.0.0.1:80", 0, 8, 80],
      ],
      ["right", "gives all values of a header", [get(80, 21), show(200, 204)], [0, "a,b"]],
      [
        "right",
        "gives the plugin's own names, in every phase",
        [get(32, 14), show(200, 204)],
        [0, "root"],
        { phase: "proxy_on_tick" },
      ],
      [
        "right",
        "gives the connection's attributes to network plugins",
        [get(16, 14), show(200, 204)],
        [0, "10.0.0.2:90"],
        { phase: "proxy_on_new_connection" },
      ],
      [
        "right",
        "gives an access log what it tells of",
        [
          get(48, 13),
          "(call $note (i32.load (i32.load (i32.const 200))))",
          get(128, 21),
          show(200, 204),
        ],
        [0, 404, 0, "via_upstream"],
        { phase: "access log" },
      ],
      [
        "misuse",
        "no such property, bad addresses, what only has parts",
        [
          get(64, 4),
          get(FAR, 4),
          call("proxy_get_property", 0, 12, FAR, 204),
          call("proxy_get_property", 0, -1, 200, 204),
          call("proxy_set_property", 0, 7, 72, 5),
          get(0, 7),
          get(0, 0),
        ],
        [1, 6, 6, 6, 0, 3, 3],
      ],
      [
        "edge",
        "the response is not there before it has come, nor a request outside of one",
        [get(48, 13)],
        [1],
      ],
      [
        "edge",
        "a response that has not come has no headers, and no trailers",
        [
          get(210, 16),
          "(call $note (i32.load (i32.load (i32.const 200))))",
          get(230, 17),
          "(call $note (i32.load (i32.load (i32.const 200))))",
        ],
        [0, 0, 0, 0],
      ],
      [
        "right",
        "trailers are in a map too",
        [get(230, 17), "(call $note (i32.load (i32.load (i32.const 200))))"],
        [0, 1],
        { phase: "access log" },
      ],
      [
        "edge",
        "host is a header of a request",
        [get(250, 20), show(200, 204)],
        [0, "example.test"],
      ],
      [
        "edge",
        "no request, no attribute of one",
        [get(0, 12)],
        [1],
        { phase: "proxy_on_configure" },
      ],
    ),
    ...of(
      "proxy_set_property",
      H,
      { data },
      [
        "right",
        "is filter state of the stream, by its own name and the proxy's",
        [
          call("proxy_set_property", 64, 4, 72, 5),
          get(64, 4),
          show(200, 204),
          get(160, 22),
          show(200, 204),
        ],
        [0, 0, "value", 0, "value"],
      ],
      [
        "right",
        "holds in connections too",
        [call("proxy_set_property", 64, 4, 72, 5), get(64, 4), show(200, 204)],
        [0, 0, "value"],
        { phase: "proxy_on_new_connection" },
      ],
      [
        "misuse",
        "bad addresses",
        [call("proxy_set_property", FAR, 4, 72, 5), call("proxy_set_property", 64, 4, 72, -1)],
        [6, 6],
      ],
      [
        "edge",
        "what the host itself knows can't be said otherwise",
        [
          call("proxy_set_property", 0, 12, 72, 5),
          get(0, 12),
          show(200, 204),
          call("proxy_set_property", 32, 14, 72, 5),
          get(32, 14),
          show(200, 204),
          call("proxy_set_property", 16, 14, 72, 5),
          get(16, 14),
          show(200, 204),
        ],
        [0, 0, "/p?q=1", 0, 0, "root", 0, 0, "10.0.0.1:80"],
      ],
      [
        "edge",
        "a path of several parts is not found again, one NUL at the end is no part",
        [
          call("proxy_set_property", 190, 7, 72, 5),
          get(190, 7),
          call("proxy_set_property", 64, 4, 72, 5),
          get(64, 5),
          show(200, 204),
        ],
        [0, 1, 0, 0, "value"],
      ],
      [
        "edge",
        "the plugin's own context has no filter state",
        [call("proxy_set_property", 64, 4, 72, 5)],
        [1],
        { phase: "proxy_on_tick" },
      ],
      [
        "edge",
        "it may be set again, to nothing",
        [
          call("proxy_set_property", 64, 4, 72, 5),
          call("proxy_set_property", 64, 4, 72, 0),
          get(64, 4),
          load(204),
        ],
        [0, 0, 0, 0],
      ],
    ),
  ],
};
