// Pointers and lengths (rules A12, A13): a hardened plugin gets the host's own answer for ranges outside the memory,
// whatever its fuel; no result may be written over what is checked; and nothing but logs and clocks is answered
// while the host is in the plugin's allocator.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contain } from "../../../src/contain/contain.ts";
import { allowedInAllocator, hostFunctions } from "../../../src/spec/host-functions.ts";
import { ERRNO, STATUS } from "../../../src/spec/status.ts";
import { type Export, run } from "../instance.ts";
import { fates, guestOf, lab, policyOf, type Setting } from "./lab.ts";

const PAGE = 65_536;
const MARKER = "proxy_abi_version_0_2_1";

/** Host functions of this ABI that answer a status and read bytes of the plugin. */
const reading = hostFunctions.filter(
  ({ result, abis, params }) =>
    result !== null && abis.includes("0.2.1") && params.some(({ role }) => role === "inLen"),
);

/** Every rule and every quota, none of which is in the way of these calls. */
const everything: Setting = {
  rules: {
    dispatch: { clusters: [""], methods: ["GET"], paths: ["/*"], authorities: ["a"], names: [""] },
    headers: {
      read: [{ name: "x", maps: 15 }],
      add: [{ name: "x", maps: 15 }],
      replace: [{ name: "x", maps: 15 }],
      remove: [{ name: "x", maps: 15 }],
    },
    properties: { read: ["request"], write: ["x"], hidden: ["request.headers"] },
    bodies: { read: ["request"], write: ["request"] },
    responses: [[0, 0x7fff_ffff]],
    sharedData: { read: [""], write: [""] },
    queues: { register: [""], resolve: [""] },
    metrics: [""],
    foreign: [""],
  },
  limits: {
    log: { bytes: 2 ** 20, level: 0 },
    host: {
      headerBytes: 2 ** 20,
      bodyBytes: 2 ** 40,
      sharedData: 2 ** 40,
      queueItems: 9,
      metrics: 9,
      tick: 1,
    },
    dispatch: { total: 1000, outstanding: 1000 },
    fuel: { callback: 100_000, request: 1_000_000 },
    streams: 2,
  },
};

for (const row of reading) {
  test(`10 (A13): ${row.name} answers as a host would for every range outside the memory, and never traps`, () => {
    const own = lab([row.name], {
      ...everything,
      more: `(func (export "grow") (drop (memory.grow (i32.const 1))))`,
    });
    const fault = row.module === "wasi" ? ERRNO.fault : STATUS.invalidMemoryAccess;
    const pairs = row.params.flatMap(({ role }, i) => (role === "inLen" ? [i - 1] : []));
    for (const pages of [2, 3]) {
      const size = pages * PAGE;
      const odd = [0, 1, size - 1, size, 2 ** 31, 2 ** 32 - 1];
      for (const at of pairs) {
        for (const ptr of odd) {
          for (const length of odd) {
            const args = row.params.map((param, i) => {
              if (i === at) return ptr | 0;
              if (i === at + 1) return length | 0;
              return param.type === "i64" ? 0n : 0;
            });
            const status = own.call(row.name, ...args);
            const inside = ptr + length <= size;
            assert.equal(
              status === fault,
              !inside,
              `${pages} pages, ${ptr} + ${length} of parameter ${at}: ${status}`,
            );
            const reached = own.reached();
            if (!inside) assert.deepEqual(reached, []);
          }
        }
      }
      own.running.call("grow");
    }
  });
}

interface Apart {
  readonly name: string;
  /** Checked ranges, as the place of their address among the parameters. */
  readonly checked: readonly number[];
  /** Results, as their places, and the bytes that the host writes there. */
  readonly results: readonly (readonly [place: number, bytes: number])[];
  readonly setting: Setting;
}

const apart: readonly Apart[] = [
  {
    name: "proxy_get_header_map_value",
    checked: [1],
    results: [
      [3, 4],
      [4, 4],
    ],
    setting: { rules: { headers: { read: [{ name: "aaaaaaaa", maps: 15 }] } } },
  },
  { name: "proxy_http_call", checked: [0, 2, 4, 6], results: [[9, 4]], setting: {} },
  { name: "proxy_grpc_call", checked: [0, 2, 4, 6, 8], results: [[11, 4]], setting: {} },
  { name: "proxy_grpc_stream", checked: [0, 2, 4, 6], results: [[8, 4]], setting: {} },
  {
    name: "envoy_resolve_dns",
    checked: [0],
    results: [[2, 4]],
    setting: { limits: { dispatch: { total: 100 } } },
  },
  {
    name: "proxy_get_shared_data",
    checked: [0],
    results: [
      [2, 4],
      [3, 4],
      [4, 4],
    ],
    setting: { rules: { sharedData: { read: [""] } } },
  },
  {
    name: "proxy_register_shared_queue",
    checked: [0],
    results: [[2, 4]],
    setting: { rules: { queues: { register: [""] } } },
  },
  {
    name: "proxy_resolve_shared_queue",
    checked: [0, 2],
    results: [[4, 4]],
    setting: { rules: { queues: { resolve: [""] } } },
  },
  {
    name: "proxy_define_metric",
    checked: [1],
    results: [[3, 4]],
    setting: { rules: { metrics: [""] } },
  },
  {
    name: "proxy_get_property",
    checked: [0],
    results: [
      [2, 4],
      [3, 4],
    ],
    setting: { rules: { properties: { read: ["aaaaaaaa"] } } },
  },
  {
    name: "proxy_call_foreign_function",
    checked: [0, 2],
    results: [
      [4, 4],
      [5, 4],
    ],
    setting: { rules: { foreign: ["aaaaaaaa"] } },
  },
];

/** A map without pairs, of the size of the other texts: what is checked here has eight bytes. */
const EIGHT = "aaaaaaaa";

for (const { name, checked, results, setting } of apart) {
  test(`9 (A12): ${name} writes no result over any byte that is checked`, () => {
    const own = lab([name], setting);
    const params = hostFunctions.find((row) => row.name === name)!.params;
    for (const range of checked) {
      const isMap = params[range]!.name.includes("serialized");
      for (const [place, bytes] of results) {
        for (let at = 1000 - 10; at < 1000 + 18; at++) {
          const args = params.map((_, i) => {
            if (i === range) return 1000;
            if (i === range + 1) return 8;
            const result = results.findIndex(([other]) => other === i);
            if (i === place) return at;
            return result >= 0 ? 3000 + 8 * result : 0;
          });
          // The walk refuses eight letters as a map with the same status: a range of a map is judged by what passes.
          own.put(1000, EIGHT);
          const overlaps = at < 1008 && at + bytes > 1000;
          const [fate] = fates(own, name, [args]);
          if (overlaps || isMap)
            assert.equal(fate, "status 2", `result ${place} at ${at} over ${range}`);
          else assert.notEqual(fate, "status 2", `result ${place} at ${at} beside ${range}`);
        }
      }
    }
  });
}

test("9 (A12): a call whose token would be written into its own header block is refused, one byte beside it passes", () => {
  const own = lab(["proxy_http_call"]);
  const pair = Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x61, 0, 0x62, 0);
  own.put(1000, pair);
  own.put(900, "backend");
  for (let token = 880; token < 1030; token++) {
    const over = (from: number, size: number) => token < from + size && token + 4 > from;
    const [fate] = fates(own, "proxy_http_call", [
      [900, 7, 1000, pair.length, 0, 0, 0, 0, 100, token],
    ]);
    assert.equal(
      fate,
      over(900, 7) || over(1000, pair.length) ? "status 2" : "reached",
      `token at ${token}`,
    );
  }
});

test("9 (A12): while the host is in the allocator only logs and clocks are answered", () => {
  const rows = hostFunctions.filter(
    ({ result, abis }) => result !== null && abis.includes("0.2.1"),
  );
  const names = rows.map(({ name }) => name);
  const index = (name: string) => names.indexOf(name) + 1;
  const dispatch = rows
    .map(({ name, params }) => {
      const args = params.map(({ type }) => `(${type}.const 0)`).join(" ");
      return `(if (i32.eq (global.get $which) (i32.const ${index(name)})) (then (global.set $got (call $${name} ${args}))))`;
    })
    .join("\n");
  const more = `(global $which (mut i32) (i32.const 0)) (global $got (mut i32) (i32.const -1))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) ${dispatch} (i32.const 64))
    (func (export "proxy_on_tick") (param i32) (global.set $which (local.get 0)) (global.set $got (i32.const -1))
      (drop (call $proxy_done)))
    (func (export "got") (result i32) (global.get $got))`;
  const setting = { more };
  const { bytes } = contain(guestOf(names, setting), policyOf(names, setting));
  const reached: string[] = [];
  const host: Record<string, Export> = {};
  for (const name of names) {
    host[name] = () => {
      reached.push(name);
      if (name === "proxy_done" && reached.length === 1)
        running.call("proxy_on_memory_allocate", 8);
      return 0;
    };
  }
  const running = run(bytes, host);
  assert.ok(running.has(MARKER));
  for (const { name, module } of rows) {
    reached.length = 0;
    running.call("proxy_on_tick", index(name));
    const allowed = allowedInAllocator.has(name);
    const refused = module === "wasi" ? ERRNO.notcapable : STATUS.internalFailure;
    assert.equal(running.call("got"), allowed ? 0 : refused, name);
    assert.deepEqual(reached, allowed ? ["proxy_done", name] : ["proxy_done"]);
  }
});
