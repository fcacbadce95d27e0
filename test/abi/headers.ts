// Header and trailer maps: which are open when, and what can be done to them.
import assert from "node:assert/strict";
import { call, load, pairs } from "../host/guest.ts";
import { type Cell, FAR, of, type Subject } from "./cell.ts";
import { type Phase, phases, show } from "./play.ts";

const wire = pairs(["x-new", "v"], [":path", "/n"]);
const odd = pairs(["x-bad", "line\nbreak"]);
const data = [
  [0, "x-one"],
  [8, "X-TWO"],
  [16, "none"],
  [24, "value"],
  [32, "a\\0db"],
  [40, "accept"],
  [48, "cookie"],
  [56, "Host"],
  [64, ":authority"],
  [200, wire.text],
  [400, odd.text],
] as const;
const H = "proxy_on_request_headers" as const;

/** Maps that a phase can change, by number. */
const open: Partial<Record<Phase, readonly number[]>> = {
  proxy_on_request_headers: [0],
  proxy_on_request_trailers: [1],
  proxy_on_response_headers: [2],
  proxy_on_response_trailers: [3],
};

/** Maps that are there to be read, and no more. */
const readable: Partial<Record<Phase, readonly number[]>> = {
  ...open,
  proxy_on_http_call_response: [6, 7],
  proxy_on_grpc_receive_initial_metadata: [4],
  proxy_on_grpc_receive_trailing_metadata: [5],
  proxy_on_log: [0, 2, 3],
  "access log": [0, 2, 3],
};

/** These come for connections and the plugin too, where no map is open. */
const often = new Set<Phase>([
  "proxy_on_done",
  "proxy_on_log",
  "proxy_on_delete",
  "proxy_on_context_create",
]);

const whenOpen: Cell[] = phases
  .filter((phase) => phase !== "_initialize")
  .map((phase) => ({
    fn: "proxy_get_header_map_size",
    kind: "edge",
    phase,
    what: "each map is open in its own phases and BAD_ARGUMENT in all others; those of answers and logs are to be read",
    calls: [0, 1, 2, 3, 4, 5, 6, 7, 8, -1].flatMap((map) => [
      call("proxy_get_header_map_size", map, 100),
      call("proxy_get_header_map_value", map, 16, 4, 100, 104),
      call("proxy_get_header_map_pairs", map, 100, 104),
    ]),
    notes: [],
    options: { data },
    check: ({ notes }) => {
      const log = phase === "proxy_on_log" || phase === "access log";
      const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
      const seen = (map: number): readonly number[] => [
        open[phase]?.includes(map) ? 0 : 2,
        // There is no such header in any of them; a log finds nothing where others find the map closed.
        readable[phase]?.includes(map) || (log && map < 8) ? 1 : 2,
        map < 8 ? 0 : 2,
      ];
      const expected = numbers.flatMap(seen);
      const nothing = numbers.flatMap((map) => [2, 2, map < 8 ? 0 : 2]);
      const groups = Array.from({ length: notes.length / 30 }, (_, i) =>
        notes.slice(i * 30, i * 30 + 30),
      );
      if (groups.length === 0) throw new Error(`${phase} was not played`);
      const fits = groups.some((group) => String(group) === String(expected));
      const others = groups.every(
        (group) =>
          String(group) === String(expected) ||
          (often.has(phase) && String(group) === String(nothing)),
      );
      if (!fits || !others)
        throw new Error(`${phase}: ${JSON.stringify(groups)}, expected ${expected}`);
    },
  }));

export const headers: Subject = {
  name: "headers",
  cells: [
    ...whenOpen,
    ...of(
      "proxy_get_header_map_size",
      H,
      { data },
      [
        "right",
        "counts the bytes of all names and values",
        [call("proxy_get_header_map_size", 0, 100), load(100)],
        [0, 73],
      ],
      [
        "misuse",
        "a bad address is INVALID_MEMORY_ACCESS",
        [call("proxy_get_header_map_size", 0, FAR)],
        [6],
      ],
    ),
    ...of(
      "proxy_get_header_map_pairs",
      H,
      { data },
      [
        "right",
        "gives all pairs, the count first",
        [
          call("proxy_get_header_map_pairs", 0, 100, 104),
          "(call $note (i32.load (i32.load (i32.const 100))))",
        ],
        [0, 7],
      ],
      [
        "misuse",
        "bad addresses and no such map",
        [
          call("proxy_get_header_map_pairs", 0, FAR, 104),
          call("proxy_get_header_map_pairs", 0, 100, FAR),
          call("proxy_get_header_map_pairs", 8, 100, 104),
        ],
        [6, 6, 2],
      ],
      [
        "edge",
        "a closed map has no pairs",
        [call("proxy_get_header_map_pairs", 2, 100, 104), load(100), load(104)],
        [0, 0, 0],
      ],
      [
        "edge",
        "an empty map has no bytes",
        [
          call("proxy_set_header_map_pairs", 0, 0, 0),
          call("proxy_get_header_map_pairs", 0, 100, 104),
          load(100),
          load(104),
        ],
        [0, 0, 0, 0],
      ],
    ),
    ...of(
      "proxy_set_header_map_pairs",
      H,
      { data },
      [
        "right",
        "replaces the whole map",
        [
          call("proxy_set_header_map_pairs", 0, 200, wire.size),
          call("proxy_get_header_map_pairs", 0, 100, 104),
          "(call $note (i32.load (i32.load (i32.const 100))))",
        ],
        [0, 0, 2],
      ],
      [
        "misuse",
        "a line break in a value, a bad address, a closed map",
        [
          call("proxy_set_header_map_pairs", 0, 400, odd.size),
          call("proxy_set_header_map_pairs", 0, FAR, 9),
          call("proxy_set_header_map_pairs", 1, 200, wire.size),
        ],
        [2, 6, 2],
      ],
      [
        "edge",
        "bytes that are no map count as no pairs",
        [
          call("proxy_set_header_map_pairs", 0, 200, wire.size - 1),
          call("proxy_get_header_map_size", 0, 100),
          load(100),
        ],
        [0, 0, 0],
      ],
    ),
    ...of(
      "proxy_get_header_map_value",
      H,
      { data },
      [
        "right",
        "gives the first value",
        [call("proxy_get_header_map_value", 0, 0, 5, 100, 104), show(100, 104)],
        [0, 1],
      ],
      [
        "right",
        "ignores the case of the name",
        [call("proxy_get_header_map_value", 0, 8, 5, 100, 104), show(100, 104)],
        [0, "a"],
      ],
      [
        "misuse",
        "no such header, closed map, bad addresses",
        [
          call("proxy_get_header_map_value", 0, 16, 4, 100, 104),
          call("proxy_get_header_map_value", 3, 0, 5, 100, 104),
          call("proxy_get_header_map_value", 0, FAR, 5, 100, 104),
          call("proxy_get_header_map_value", 0, 0, 5, FAR, 104),
        ],
        [1, 2, 6, 6],
      ],
      [
        "edge",
        "ABI 0.1.0 answers OK and an empty value for a header that is not there",
        [call("proxy_get_header_map_value", 0, 16, 4, 100, 104), load(104)],
        [0, 0],
        { options: { abi: "0_1_0" } },
      ],
      [
        "edge",
        "ABI 0.2.0 answers NOT_FOUND",
        [call("proxy_get_header_map_value", 0, 16, 4, 100, 104)],
        [1],
        { options: { abi: "0_2_0" } },
      ],
    ),
    ...of(
      "proxy_add_header_map_value",
      H,
      { data },
      [
        "right",
        "appends one more of the same name",
        [
          call("proxy_add_header_map_value", 0, 0, 5, 24, 5),
          call("proxy_get_header_map_pairs", 0, 100, 104),
          "(call $note (i32.load (i32.load (i32.const 100))))",
        ],
        [0, 0, 8],
      ],
      [
        "misuse",
        "a line break, a closed map, bad addresses",
        [
          call("proxy_add_header_map_value", 0, 0, 5, 32, 3),
          call("proxy_add_header_map_value", 2, 0, 5, 24, 5),
          call("proxy_add_header_map_value", 0, FAR, 5, 24, 5),
          call("proxy_add_header_map_value", 0, 0, 5, 24, -1),
        ],
        [2, 2, 6, 6],
      ],
      [
        "edge",
        "the answer of a call can't be written",
        [call("proxy_add_header_map_value", 6, 0, 5, 24, 5)],
        [2],
        { phase: "proxy_on_http_call_response" },
      ],
      [
        "edge",
        "nor what a log tells of",
        [
          call("proxy_add_header_map_value", 0, 0, 5, 24, 5),
          call("proxy_replace_header_map_value", 2, 0, 5, 24, 5),
          call("proxy_remove_header_map_value", 0, 0, 5),
          call("proxy_set_header_map_pairs", 0, 0, 0),
        ],
        // Connections are told of their end by the same callback.
        [2, 2, 2, 2, 2, 2, 2, 2],
        {
          phase: "proxy_on_log",
          check: ({ stream }) => assert.equal(stream.request.allHeaders?.get("x-one"), "1"),
        },
      ],
      [
        "edge",
        "a name with one line grows by a comma, another gets a second line",
        [
          call("proxy_add_header_map_value", 0, 40, 6, 24, 5),
          call("proxy_add_header_map_value", 0, 40, 6, 24, 5),
          call("proxy_get_header_map_value", 0, 40, 6, 100, 104),
          show(100, 104),
          call("proxy_add_header_map_value", 0, 48, 6, 24, 5),
          call("proxy_add_header_map_value", 0, 48, 6, 24, 5),
        ],
        [0, 0, 0, "value,value", 0, 0],
        {
          check: ({ stream }) =>
            assert.deepEqual(stream.request.out.headers?.all("cookie"), ["value", "value"]),
        },
      ],
      [
        "edge",
        "host is another name of :authority",
        [
          call("proxy_get_header_map_value", 0, 56, 4, 100, 104),
          show(100, 104),
          call("proxy_replace_header_map_value", 0, 56, 4, 24, 5),
          call("proxy_get_header_map_value", 0, 64, 10, 100, 104),
          show(100, 104),
        ],
        [0, "example.test", 0, 0, "value"],
        {
          check: ({ stream }) =>
            assert.equal(stream.request.out.headers?.get(":authority"), "value"),
        },
      ],
      [
        "edge",
        "each change of a request's headers has the route chosen again, none of a response's",
        [
          call("proxy_get_header_map_size", 0, 100),
          call("proxy_add_header_map_value", 0, 0, 5, 24, 5),
        ],
        [0, 0],
        { check: ({ stream }) => assert.equal(stream.routeCacheCleared, true) },
      ],
      [
        "edge",
        "none of a response's",
        [call("proxy_add_header_map_value", 2, 0, 5, 24, 5)],
        [0],
        {
          phase: "proxy_on_response_headers",
          check: ({ stream }) => assert.equal(stream.routeCacheCleared, false),
        },
      ],
    ),
    ...of(
      "proxy_replace_header_map_value",
      "proxy_on_response_headers",
      { data },
      [
        "right",
        "leaves one header of that name",
        [
          call("proxy_replace_header_map_value", 2, 0, 5, 24, 5),
          call("proxy_get_header_map_value", 2, 0, 5, 100, 104),
          show(100, 104),
        ],
        [0, 0, "value"],
      ],
      [
        "misuse",
        "the request's headers are closed by now",
        [
          call("proxy_replace_header_map_value", 0, 0, 5, 24, 5),
          call("proxy_replace_header_map_value", 2, 0, 5, FAR, 5),
        ],
        [2, 6],
      ],
      [
        "edge",
        "of two with the name one stays",
        [
          call("proxy_replace_header_map_value", 0, 8, 5, 24, 5),
          call("proxy_get_header_map_pairs", 0, 100, 104),
          "(call $note (i32.load (i32.load (i32.const 100))))",
        ],
        [0, 0, 6],
        { phase: H },
      ],
    ),
    ...of(
      "proxy_remove_header_map_value",
      H,
      { data },
      [
        "right",
        "removes all of that name",
        [
          call("proxy_remove_header_map_value", 0, 8, 5),
          call("proxy_get_header_map_value", 0, 8, 5, 100, 104),
        ],
        [0, 1],
      ],
      [
        "misuse",
        "a closed map, a bad address",
        [
          call("proxy_remove_header_map_value", 5, 8, 5),
          call("proxy_remove_header_map_value", 0, FAR, 5),
        ],
        [2, 6],
      ],
      [
        "edge",
        "a header that is not there is removed already",
        [call("proxy_remove_header_map_value", 0, 16, 4)],
        [0],
      ],
    ),
  ],
};
