// Header and trailer maps: right use, misuse, edge, and what differs in ABI 0.1.0.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, headers, load, pairs, probe, quiet } from "./guest.ts";

const FAR = 0x7fff0000;
const MINUS = -4;

test("a header is read into the guest's memory by its name in any case, and a missing one is NOT_FOUND", () => {
  const { notes } = probe(
    [
      call("proxy_get_header_map_value", 0, 0, 6, 100, 104),
      load(104),
      "(call $note (i32.load8_u (i32.load (i32.const 100))))",
      call("proxy_get_header_map_value", 0, 16, 4, 100, 104),
    ],
    {
      data: [
        [0, "X-Some"],
        [16, "nope"],
      ],
      input: {
        headers: headers("/", [
          ["x-some", "value"],
          ["x-some", "second"],
        ]),
      },
    },
  );
  assert.deepEqual(notes, [0, 5, "v".charCodeAt(0), 1]);
});

test("ABI 0.1.0 answers OK and nothing for a missing header", () => {
  const { notes } = probe([call("proxy_get_header_map_value", 0, 0, 4, 100, 104), load(104)], {
    data: [[0, "nope"]],
    abi: "0_1_0",
  });
  assert.deepEqual(notes, [0, 0]);
});

test("bad addresses are INVALID_MEMORY_ACCESS, in every position, and change nothing", () => {
  const { notes, result } = probe(
    [
      call("proxy_get_header_map_value", 0, FAR, 4, 100, 104),
      call("proxy_get_header_map_value", 0, 0, -1, 100, 104),
      call("proxy_get_header_map_value", 0, 0, 5, MINUS + 1, 104),
      call("proxy_get_header_map_value", 0, 0, 5, 100, 65533),
      call("proxy_add_header_map_value", 0, 0, 5, FAR, 1),
      call("proxy_replace_header_map_value", 0, FAR, 1, 0, 1),
      call("proxy_remove_header_map_value", 0, MINUS, 8),
      call("proxy_get_header_map_pairs", 0, FAR, 100),
      call("proxy_get_header_map_size", 0, 65534),
      call("proxy_set_header_map_pairs", 0, 0, FAR),
    ],
    { data: [[0, ":path"]] },
  );
  assert.deepEqual(notes, [6, 6, 6, 6, 6, 6, 6, 6, 6, 6]);
  assert.deepEqual(result.upstream?.headers, headers());
});

test("a map number beyond the last, and a map that is not open, are BAD_ARGUMENT", () => {
  const { notes } = probe(
    [
      call("proxy_get_header_map_value", 8, 0, 5, 100, 104),
      call("proxy_get_header_map_value", -1, 0, 5, 100, 104),
      call("proxy_get_header_map_value", 2, 0, 5, 100, 104),
      call("proxy_add_header_map_value", 1, 0, 5, 0, 5),
      call("proxy_get_header_map_pairs", 8, 100, 104),
    ],
    { data: [[0, ":path"]] },
  );
  assert.deepEqual(notes, [2, 2, 2, 2, 2]);
});

test("after the headers went on they can no longer be read, until the log phase", () => {
  const read = [call("proxy_get_header_map_value", 0, 0, 5, 100, 104)];
  const data = [[0, ":path"]] as const;
  assert.deepEqual(probe(read, { data, phase: "proxy_on_response_headers" }).notes, [2]);
  assert.deepEqual(probe(read, { data, phase: "proxy_on_log" }).notes, [0]);
});

test("add keeps repeated headers, replace leaves one, remove takes all", () => {
  const { result } = probe(
    [
      quiet("proxy_add_header_map_value", 0, 0, 3, 8, 1),
      quiet("proxy_add_header_map_value", 0, 0, 3, 9, 1),
      quiet("proxy_replace_header_map_value", 0, 3, 3, 8, 1),
      quiet("proxy_remove_header_map_value", 0, 16, 3),
    ],
    {
      data: [
        [0, "x-ax-b"],
        [8, "12"],
        [16, "X-C"],
      ],
      input: {
        headers: headers("/", [
          ["x-b", "old"],
          ["x-b", "older"],
          ["x-c", "gone"],
          ["x-c", "too"],
        ]),
      },
    },
  );
  assert.deepEqual(result.upstream?.headers.slice(4), [
    ["x-b", "1"],
    ["x-a", "1"],
    ["x-a", "2"],
  ]);
});

test("text that would begin a header line of its own is BAD_ARGUMENT", () => {
  const { notes, result } = probe(
    [
      call("proxy_add_header_map_value", 0, 0, 3, 8, 4),
      call("proxy_replace_header_map_value", 0, 16, 2, 0, 1),
    ],
    {
      data: [
        [0, "x-a"],
        [8, "a\\0d\\0ab"],
        [16, "a\\00"],
      ],
    },
  );
  assert.deepEqual(notes, [2, 2]);
  assert.deepEqual(result.upstream?.headers, headers());
});

test("all pairs are set at once from the wire format", () => {
  const wire = pairs([":method", "POST"], ["x-new", "1"]);
  const { notes, result } = probe([call("proxy_set_header_map_pairs", 0, 0, wire.size)], {
    data: [[0, wire.text]],
  });
  assert.deepEqual(notes, [0]);
  assert.deepEqual(result.upstream?.headers, [
    [":method", "POST"],
    ["x-new", "1"],
  ]);
});

test("pairs that don't fit exactly count as no pairs: one byte more, one less, a count too high, a lost NUL", () => {
  const wire = pairs(["x-new", "1"]);
  const broken = wire.text.replace("\\01\\00\\00\\00", "\\ff\\ff\\ff\\ff");
  const noNul = `${wire.text.slice(0, -3)}\\41`;
  for (const [text, size] of [
    [wire.text, wire.size + 1],
    [wire.text, wire.size - 1],
    [broken, wire.size],
    [noNul, wire.size],
    ["", 3],
  ] as const) {
    const { notes, result } = probe([call("proxy_set_header_map_pairs", 0, 0, size)], {
      data: [[0, text]],
    });
    assert.deepEqual(notes, [0]);
    assert.deepEqual(result.upstream?.headers, []);
  }
});

test("all pairs are read back in the wire format", () => {
  const { notes, plugin } = probe(
    [
      call("proxy_get_header_map_pairs", 0, 100, 104),
      load(104),
      "(drop (call $proxy_log (i32.const 2) (i32.load (i32.const 100)) (i32.load (i32.const 104))))",
    ],
    { input: { headers: [["a", "bc"]] } },
  );
  assert.deepEqual(notes, [0, 17]);
  assert.equal(plugin.services.log.lines().at(-1)?.text, "\x01\0\0\0\x01\0\0\0\x02\0\0\0a\0bc\0");
});

test("a body callback at the end of the stream may add trailers", () => {
  const { notes, result } = probe([call("proxy_add_header_map_value", 1, 0, 3, 8, 1)], {
    data: [
      [0, "x-t"],
      [8, "1"],
    ],
    phase: "proxy_on_request_body",
    input: { body: "abc" },
  });
  assert.deepEqual(notes, [0]);
  assert.deepEqual(result.upstream?.trailers, [["x-t", "1"]]);
});

test("a plugin without room for a value gets INVALID_MEMORY_ACCESS, and the request goes on", () => {
  const { notes, result } = probe(
    ["(global.set $heap (i32.const 65530))", call("proxy_get_header_map_value", 0, 0, 5, 100, 104)],
    { data: [[0, ":authority"]], input: { headers: [[":auth", "x".repeat(30)]] } },
  );
  assert.deepEqual([notes, result.status], [[6], 200]);
});
