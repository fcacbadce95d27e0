// Quotas (rules A8 to A10), each at its limit and one beyond it: what the limit names passes whole, the next
// unit is denied, and what was spent stays spent for as long as the quota says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fates, type Lab, lab, type Setting } from "./lab.ts";

type Args = readonly number[];
const [AT, OUT] = [1000, 3000];

interface Quota {
  readonly what: string;
  readonly setting: (limit: number) => NonNullable<Setting["limits"]>;
  /** Calls that spend n; each of them counts against the same limit. */
  readonly calls: readonly (readonly [name: string, args: (n: number) => Args])[];
  /** Of an entry, or of the instance. */
  readonly of: "callback" | "instance";
}

/** Calls that count against one limit, each by itself. */
const quotas: readonly Quota[] = [
  {
    what: "limits.log.bytesPerRequest",
    setting: (bytes) => ({ log: { bytes } }),
    calls: [
      ["proxy_log", (n) => [2, AT, n]],
      ["fd_write", (n) => [1, vector(n), 3, OUT]],
      ["fd_pwrite", (n) => [1, vector(n), 3, 0, OUT]],
    ],
    of: "callback",
  },
  {
    what: "limits.host.headerBytes",
    setting: (headerBytes) => ({ host: { headerBytes } }),
    calls: [
      ["proxy_add_header_map_value", (n) => [0, AT, 3, AT, n - 3]],
      ["proxy_replace_header_map_value", (n) => [2, AT, n - 3, AT, 3]],
      ["proxy_set_header_map_pairs", (n) => [5, AT, n]],
    ],
    of: "callback",
  },
  {
    what: "limits.host.bodyBytes",
    setting: (bodyBytes) => ({ host: { bodyBytes } }),
    calls: [
      ["proxy_set_buffer_bytes", (n) => [0, 0, 0, AT, n]],
      ["proxy_send_local_response", (n) => [200, 0, 0, AT, n, 0, 0, 0]],
      ["proxy_http_call", (n) => [AT, 1, 0, 0, AT, n, 0, 0, 0, OUT]],
      ["proxy_grpc_call", (n) => [AT, 1, 0, 0, 0, 0, 0, 0, AT, n, 0, OUT]],
      ["proxy_grpc_send", (n) => [1, AT, n, 0]],
    ],
    of: "callback",
  },
  {
    what: "limits.dispatch.total",
    setting: (total) => ({ dispatch: { total } }),
    calls: [
      ["proxy_http_call", () => [AT, 1, 0, 0, 0, 0, 0, 0, 0, OUT]],
      ["proxy_grpc_call", () => [AT, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, OUT]],
      ["proxy_grpc_stream", () => [AT, 1, 0, 0, 0, 0, 0, 0, OUT]],
      ["envoy_resolve_dns", () => [AT, 1, OUT]],
    ],
    of: "callback",
  },
  {
    what: "limits.host.sharedData",
    setting: (sharedData) => ({ host: { sharedData } }),
    calls: [["proxy_set_shared_data", (n) => [AT, 3, AT, n - 3, 0]]],
    of: "instance",
  },
  {
    what: "limits.host.metrics",
    setting: (metrics) => ({ host: { metrics } }),
    calls: [["proxy_define_metric", () => [0, AT, 3, OUT]]],
    of: "instance",
  },
];

/** Address of a vector of three entries of n bytes in all. */
const vector = (n: number): number => 4096 + 32 * n;

function putVectors(own: Lab, sizes: readonly number[]): void {
  const view = new DataView(own.running.memory.buffer);
  for (const n of sizes) {
    const [first, second] = [Math.floor(n / 3), Math.floor(n / 2)];
    [first, second, n - first - second].forEach((size, k) => {
      view.setUint32(vector(n) + 8 * k, AT, true);
      view.setUint32(vector(n) + 8 * k + 4, size, true);
    });
  }
}

/** An export that makes the call with these arguments one after the other, and answers the last status. */
const several = (name: string, rows: readonly Args[]): string => {
  const wide = (k: number) => (name === "fd_pwrite" && k === 3 ? "i64" : "i32");
  const calls = rows.map(
    (args) => `(call $${name} ${args.map((arg, k) => `(${wide(k)}.const ${arg})`).join(" ")})`,
  );
  const drops = calls.map((one, k) => (k < calls.length - 1 ? `(drop ${one})` : one));
  return `(func (export "many") (result i32) ${drops.join("\n")})`;
};

const LIMIT = 100;

for (const { what, setting, calls, of } of quotas) {
  const counts = what.endsWith("total") || what.endsWith("metrics");
  for (const [name, args] of calls) {
    const spending = (rows: readonly number[]) => {
      const list = counts ? rows.flatMap((n) => new Array<number>(n).fill(1)) : rows;
      const own = lab([name], { limits: setting(LIMIT), more: several(name, list.map(args)) });
      putVectors(own, [...new Set(list)]);
      const status = Number(own.running.call("many"));
      return { own, status, reached: own.reached().length, asked: list.length };
    };

    test(`${name}: ${what} is passed to the last unit and denied beyond`, () => {
      for (const rows of [[LIMIT], [60, 40]]) {
        const { status, reached, asked } = spending(rows);
        assert.deepEqual([status, reached], [0, asked], String(rows));
      }
      for (const rows of counts ? [[LIMIT + 1], [60, 41]] : [[LIMIT + 1], [60, 41], [60, 40, 4]]) {
        const { own, status, reached, asked } = spending(rows);
        assert.ok(
          status !== 0 && reached === asked - 1,
          `${rows}: ${status}, ${reached} of ${asked}`,
        );
        assert.ok(own.wasDenied(name));
      }
    });

    test(`${name}: ${what} holds for the ${of}`, () => {
      const { own, reached } = spending([60]);
      assert.ok(reached > 0);
      const again = Number(own.running.call("many"));
      assert.equal(again === 0, of === "callback");
    });
  }
}

test("what a denied call asked for is not spent, what a failed one asked for is", () => {
  const own = lab(["proxy_set_shared_data"], {
    limits: { host: { sharedData: 100 } },
    host: { proxy_set_shared_data: () => 8 },
  });
  const set = (n: number) => fates(own, "proxy_set_shared_data", [[AT, n, AT, 0, 0]])[0];
  assert.deepEqual([set(60), set(41), set(40), set(1)], ["reached", "denied", "reached", "denied"]);
});

test("queue items are counted for the instance, and bytes of each for the callback", () => {
  const names = ["proxy_register_shared_queue", "proxy_enqueue_shared_queue"];
  const token = (...args: readonly (number | bigint)[]) => {
    new DataView(own.running.memory.buffer).setUint32(Number(args[2]), 7, true);
    return 0;
  };
  const own = lab(names, {
    limits: { host: { queueItems: 3, bodyBytes: 50 } },
    host: { proxy_register_shared_queue: token },
  });
  own.call(names[0]!, AT, 3, OUT);
  assert.deepEqual(
    fates(own, names[1]!, [
      [7, AT, 50],
      [7, AT, 51],
      [7, AT, 0],
      [7, AT, 0],
    ]),
    ["reached", "denied", "reached", "denied"],
  );
});

test("open HTTP calls are counted until they are answered, over callbacks, with a budget for requests or without", () => {
  for (const request of [null, 1_000_000]) {
    let status = 0;
    const own = lab(["proxy_http_call"], {
      limits: { dispatch: { outstanding: 2 }, fuel: { request, callback: 1_000_000 }, streams: 2 },
      host: { proxy_http_call: () => status },
      more: `(func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32))`,
    });
    const ask = () => fates(own, "proxy_http_call", [[AT, 1, 0, 0, 0, 0, 0, 0, 0, OUT]])[0];
    assert.deepEqual([ask(), ask(), ask()], ["reached", "reached", "denied"]);
    own.running.call("proxy_on_http_call_response", 1, 5, 0, 0, 0);
    status = 2;
    assert.deepEqual([ask(), ask()], ["reached", "reached"], "a call that fails is not open");
    status = 0;
    assert.deepEqual([ask(), ask()], ["reached", "denied"]);
    for (let k = 0; k < 5; k++) own.running.call("proxy_on_http_call_response", 1, 5, 0, 0, 0);
    assert.deepEqual([ask(), ask(), ask()], ["reached", "reached", "denied"]);
  }
});

test("a module without a callback for answers is told of them all the same, so that calls don't stay open", () => {
  for (const callbacks of ["all", new Set(["proxy_on_log"])] as const) {
    const own = lab(["proxy_http_call"], {
      limits: { dispatch: { outstanding: 2 } },
      callbacks,
      more:
        callbacks === "all"
          ? ""
          : `(func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) unreachable)`,
    });
    const ask = () => fates(own, "proxy_http_call", [[AT, 1, 0, 0, 0, 0, 0, 0, 0, OUT]])[0];
    assert.deepEqual([ask(), ask(), ask()], ["reached", "reached", "denied"]);
    own.running.call("proxy_on_http_call_response", 1, 5, 0, 0, 0);
    assert.deepEqual([ask(), ask()], ["reached", "denied"]);
  }
});

test("each new stream fills up what the instance may spend for good, up to the whole and no further", () => {
  const QUEUE = 77;
  const own = lab(
    ["proxy_set_shared_data", "proxy_enqueue_shared_queue", "proxy_register_shared_queue"],
    {
      limits: {
        host: { sharedData: 100, sharedDataPerRequest: 30, queueItems: 3, queueItemsPerRequest: 2 },
      },
      host: {
        proxy_register_shared_queue: (_at, _size, out) => {
          own.running.memory[Number(out)] = QUEUE;
          return 0;
        },
      },
      more: `(func (export "proxy_on_context_create") (param i32 i32))`,
    },
  );
  const create = (id: number, parent: number) =>
    own.running.call("proxy_on_context_create", id, parent);
  const keep = (bytes: number) =>
    fates(own, "proxy_set_shared_data", [[AT, 10, AT, bytes - 10, 0]])[0];
  const enqueue = () => fates(own, "proxy_enqueue_shared_queue", [[QUEUE, AT, 1]])[0];
  own.call("proxy_register_shared_queue", AT, 1, OUT);
  create(1, 0);
  assert.deepEqual([keep(100), keep(10)], ["reached", "denied"]);
  assert.deepEqual(
    [enqueue(), enqueue(), enqueue(), enqueue()],
    ["reached", "reached", "reached", "denied"],
  );
  create(2, 0);
  assert.deepEqual([keep(10), enqueue()], ["denied", "denied"], "a root context brings nothing");
  create(3, 1);
  assert.deepEqual([keep(31), keep(30), keep(10)], ["denied", "reached", "denied"]);
  assert.deepEqual([enqueue(), enqueue(), enqueue()], ["reached", "reached", "denied"]);
  for (let id = 4; id < 40; id++) create(id, 1);
  assert.deepEqual([keep(101), keep(100), keep(10)], ["denied", "reached", "denied"]);
  assert.deepEqual(
    [enqueue(), enqueue(), enqueue(), enqueue()],
    ["reached", "reached", "reached", "denied"],
  );
});

test("8 (A9, A10): vectors that name one buffer many times are denied before the host copies anything", () => {
  for (const [name, wasi] of [
    ["fd_write", "wasi_unstable"],
    ["fd_pwrite", "wasi_snapshot_preview1"],
  ] as const) {
    const own = lab([name], { limits: { log: { bytes: 65_536 } }, pages: 16, wasi });
    const view = new DataView(own.running.memory.buffer);
    for (let k = 0; k < 1025; k++) {
      view.setUint32(8192 + 8 * k, 0, true);
      view.setUint32(8192 + 8 * k + 4, k < 48 ? 1_000_000 : 2 ** 32 - 1, true);
    }
    const end = 16 * 65_536;
    const rest = name === "fd_write" ? [OUT] : [0n, OUT];
    const write = (at: number, count: number) => {
      const args = [1, at, count, ...rest].map((arg) => arg as number);
      return fates(own, name, [args])[0];
    };
    assert.equal(write(8192, 48), "denied");
    assert.equal(write(8192, 1024), "denied");
    assert.equal(write(8192, 1025), "status 28");
    assert.equal(write(8192, -1), "status 28");
    assert.equal(write(end - 8, 1), "reached");
    assert.equal(write(end - 8, 2), "status 28");
    assert.equal(write(end, 0), "reached");
    assert.equal(write(-1, 1), "status 28");
    assert.equal(write(8192, 0), "reached");
  }
});
