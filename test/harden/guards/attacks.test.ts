// Plugins that try to get round the guards: through a table, through the allocator while a guarded call is under way,
// with vectors whose lengths wrap or whose sum is changed by the result, with maps that hide an entry from one reader, with names that look
// like others, and by writing into what Glovebox tells of them. Each asks for what its policy denies; nothing reaches the host.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRNO, METRIC, STATUS } from "../../../src/spec/status.ts";
import { fates, lab } from "./lab.ts";

const [AT, OUT] = [1024, 60_000];
const latin = (text: string): number[] => [...text].map((char) => char.charCodeAt(0));
const word = (value: number): number[] => [
  value & 255,
  (value >>> 8) & 255,
  (value >>> 16) & 255,
  value >>> 24,
];

test("an import's address in a table leads to its guard, not to the host", () => {
  const type = `(type $ask (func (param ${"i32 ".repeat(10)}) (result i32)))`;
  const own = lab(["proxy_http_call"], {
    rules: { dispatch: { clusters: ["good"] } },
    more: `${type} (table 2 2 funcref) (elem (i32.const 0) $proxy_http_call)
      (elem $later funcref (ref.func $proxy_http_call))
      (func (export "ask") (param $which i32) (param $size i32) (result i32)
        (table.init $later (i32.const 1) (i32.const 0) (i32.const 1))
        (call_indirect (type $ask) (i32.const ${AT}) (local.get $size) (i32.const 0) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 9) (i32.const ${OUT}) (local.get $which)))`,
  });
  for (const which of [0, 1]) {
    assert.equal(own.running.call("ask", which, own.put(AT, "evil")), STATUS.internalFailure);
    assert.deepEqual(own.reached(), []);
    assert.equal(own.running.call("ask", which, own.put(AT, "good")), STATUS.ok);
    assert.equal(own.reached().length, 1);
  }
});

test("an allocator that changes the name of a guarded call, or makes calls of its own, comes too late", () => {
  const seen: string[] = [];
  const own = lab(
    ["proxy_get_header_map_value", "proxy_add_header_map_value", "proxy_set_effective_context"],
    {
      rules: { headers: { read: [{ name: "x-ok", maps: 15 }], add: [{ name: "x-ok", maps: 15 }] } },
      more: `(global $got (mut i32) (i32.const -1)) (global $acts (mut i32) (i32.const -1))
      (func (export "got") (result i32) (global.get $got))
      (func (export "acts") (result i32) (global.get $acts))
      (func (export "proxy_on_memory_allocate") (param i32) (result i32)
        (i64.store (i32.const ${AT}) (i64.const -1))
        (global.set $got (call $proxy_add_header_map_value (i32.const 0) (i32.const ${AT + 8}) (i32.const 4)
          (i32.const ${AT + 8}) (i32.const 4)))
        (global.set $acts (call $proxy_set_effective_context (i32.const 2)))
        (i32.const 2048))`,
      host: {
        // As the reference host does: the name is taken, then room is asked for.
        proxy_get_header_map_value: (_map, at, size) => {
          const from = Number(at);
          seen.push(String.fromCharCode(...own.running.memory.slice(from, from + Number(size))));
          own.running.call("proxy_on_memory_allocate", 8);
          return 0;
        },
      },
    },
  );
  own.put(AT, "x-okXXXXx-ok");
  assert.equal(own.call("proxy_get_header_map_value", 0, AT, 4, OUT, OUT + 4), 0);
  assert.deepEqual(seen, ["x-ok"]);
  assert.equal(own.running.call("got"), STATUS.internalFailure, "from the allocator");
  assert.equal(own.running.call("acts"), STATUS.internalFailure);
  assert.deepEqual(
    own.reached().map(({ name }) => name),
    ["proxy_get_header_map_value"],
  );
  // What the allocator left behind is what the next call is judged by.
  assert.deepEqual(fates(own, "proxy_get_header_map_value", [[0, AT, 4, OUT, OUT + 4]]), [
    "denied",
  ]);
});

test("vectors whose lengths add up past 2^32, name one buffer twice, or end outside are denied whole", () => {
  const own = lab(["fd_write"], { limits: { log: { bytes: 100 } } });
  const vector = (...entries: readonly (readonly [number, number])[]) => {
    own.put(AT, Uint8Array.from(entries.flatMap(([at, size]) => [...word(at), ...word(size)])));
    return entries.length;
  };
  const write = (at: number, count: number, out = OUT) =>
    fates(own, "fd_write", [[1, at, count, out]])[0];
  assert.equal(write(AT, vector([0, 2 ** 32 - 50], [0, 60])), "denied", "10 modulo 2^32");
  assert.equal(write(AT, vector(...Array.from({ length: 3 }, () => [0, 50] as const))), "denied");
  assert.equal(write(2 * 65_536 - 8, 2), `status ${ERRNO.inval}`);
  assert.equal(write(AT, 2 ** 29), `status ${ERRNO.inval}`, "8 * 2^29 is 0 modulo 2^32");
  // A result written over the vector changes what the next call says, not what this one was granted.
  assert.equal(write(AT, vector([0, 90]), AT + 4), "reached");
  own.put(AT + 4, Uint8Array.from(word(101)));
  assert.equal(write(AT, 1), "denied");
  own.put(AT + 4, Uint8Array.from(word(5)));
  assert.equal(write(AT, 1), "reached");
});

test("a map that shows one reader another entry than the next is none, or is judged by every entry", () => {
  const own = lab(["proxy_http_call", "proxy_send_local_response", "proxy_set_header_map_pairs"], {
    rules: {
      dispatch: { authorities: ["good"], methods: ["GET"] },
      headers: { add: [{ name: "x-ok", maps: 15 }] },
    },
  });
  const map = (
    pairs: readonly (readonly [string, string])[],
    count = pairs.length,
    sizes?: number[],
  ) => [
    ...word(count),
    ...(sizes ?? pairs.flatMap(([name, value]) => [name.length, value.length])).flatMap(word),
    ...pairs.flatMap(([name, value]) => [...latin(name), 0, ...latin(value), 0]),
  ];
  const dispatch = (bytes: readonly number[]) => {
    own.put(AT, Uint8Array.from(bytes));
    return fates(own, "proxy_http_call", [[0, 0, AT, bytes.length, 0, 0, 0, 0, 9, OUT]])[0];
  };
  const BAD = `status ${STATUS.badArgument}`;
  const fine: [string, string] = [":authority", "good"];
  assert.equal(dispatch(map([fine, [":method", "GET"]])), "reached");
  for (const hidden of [
    [":authority", "evil"],
    ["HOST", "evil"],
    [":Authority", "evil"],
    ["X-Envoy-Original-Dst-Host", "10.0.0.1"],
    [":METHOD", "DELETE"],
  ] as const) {
    assert.equal(dispatch(map([fine, hidden])), "denied", hidden[0]);
    assert.equal(dispatch(map([hidden, fine])), "denied", hidden[0]);
    assert.equal(dispatch(map([fine, hidden], 1)), BAD, "an entry more than is counted");
  }
  assert.equal(dispatch(map([fine], 2 ** 29)), BAD, "sizes wrap to none");
  assert.equal(dispatch(map([fine], 2 ** 32 - 1)), BAD);
  const wraps = [2 ** 32 - 2, 16];
  assert.equal(dispatch(map([fine], 1, wraps)), BAD, "the sizes' sum wraps");
  assert.equal(dispatch(map([["x-a\0:authority", "evil"]])), BAD, "a zero inside a name");
  assert.equal(dispatch(map([["x-a", "b\0:authority\0evil"]])), BAD, "a zero inside a value");
  const all = map([["x-ok", "1"]]);
  own.put(AT, Uint8Array.from(all));
  assert.deepEqual(fates(own, "proxy_set_header_map_pairs", [[0, AT, all.length]]), ["denied"]);
  const reply = map([
    ["x-ok", "1"],
    ["Set-Cookie", "a=b"],
  ]);
  own.put(AT, Uint8Array.from(reply));
  const answer = [200, 0, 0, 0, 0, AT, reply.length, -1];
  assert.deepEqual(fates(own, "proxy_send_local_response", [answer]), ["denied"]);
});

test("names that look like others: another case is the same header, a zero or a space more is another", () => {
  const verbs = ["replace", "remove"].map((verb) => `proxy_${verb}_header_map_value`);
  const list = [{ name: "x-tenant", maps: 15 }];
  const own = lab(verbs, { rules: { headers: { replace: list, remove: list } } });
  for (const verb of verbs) {
    const fate = (name: string) => {
      const size = own.put(AT, name);
      return fates(own, verb, [[0, AT, size, AT, 0]])[0];
    };
    for (const name of ["x-tenant", "X-TENANT", "x-Tenant"])
      assert.equal(fate(name), "reached", name);
    const others = [
      "x-tenant\0",
      "x-tenant ",
      "\0x-tenant",
      "x-tenan",
      "x-tenant:",
      "X_TENANT",
      "x-tenan\x54\0",
    ];
    // Bits that case folding might lose: \r is - without 0x20, \x14 is 4 and T without 0x40.
    for (const name of [...others, "x\rtenant", "x-\x14enant", "authorization\0x-tenant", ""])
      assert.equal(fate(name), "denied", JSON.stringify(name));
  }
});

test("no plugin writes what Glovebox tells of it, by whatever name or from whatever memory", () => {
  const own = lab(["proxy_define_metric"], { limits: { host: { metrics: 5 } } });
  const define = (name: string, out = OUT) => {
    const size = own.put(AT, name);
    return fates(own, "proxy_define_metric", [[METRIC.counter, AT, size, out]])[0];
  };
  const ours = [
    "glovebox.p.fuel",
    "glovebox_p_fuel",
    "glovebox-p-fuel",
    "glovebox.p.fuel.",
    "glovebox",
  ];
  for (const name of ours) assert.equal(define(name), "denied", name);
  assert.equal(
    define("glovebox.p.fuel", AT),
    `status ${STATUS.badArgument}`,
    "the id over the name",
  );
  assert.equal(define("xlovebox.p.fuel", AT), `status ${STATUS.badArgument}`);
  const mine = ["GLOVEBOX.p", "plugin.a", "my.glovebox", "glovebo", ""];
  for (const name of mine) assert.equal(define(name), "reached", name);
  assert.equal(
    define("plugin.b"),
    "denied",
    "denied names took nothing of the quota, and it is used up now",
  );
});
