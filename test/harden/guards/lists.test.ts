// The lists of the policy, call by call (rules A14 to A19): what is named passes, what is nearly named does not, and
// what is denied never reaches the host, sets its bit and is logged once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hostFunctionNamed } from "../../../src/spec/host-functions.ts";
import { fates, type Lab, lab, type Setting } from "./lab.ts";

type Args = readonly (number | bigint)[];

/** Places in the guest's memory: what is looked for, other bytes, and results. */
const [AT, OTHER, OUT] = [1000, 2000, 3000];

interface Row {
  readonly name: string;
  readonly setting: Setting;
  /** Texts that the rule lets through, and texts that it does not. */
  readonly passes: readonly string[];
  readonly denied: readonly string[];
  /** The call with a text of n bytes at AT. */
  readonly args: (n: number) => Args;
}

const upstream = (n: number, params: number): Args => [
  AT,
  n,
  ...new Array(params - 3).fill(0),
  OUT,
];

const exact = {
  passes: ["backend", "a-cluster-with-a-name-of-more-than-sixteen-bytes"],
  denied: [
    "",
    "backen",
    "backend2",
    "Backend",
    "backend\0",
    "\0backend",
    "other",
    "a-cluster-with-a-name-of-more-than-sixteen-byteS",
  ],
};
const prefixes = {
  passes: ["ours.", "ours.key", "x", "xy", "ours.\0"],
  denied: ["", "ours", "Ours.key", "our", "yours.key", "\0ours."],
};

const rows: readonly Row[] = [
  ...(["proxy_http_call", "proxy_grpc_call", "proxy_grpc_stream"] as const).map((name): Row => {
    const params = hostFunctionNamed(name)!.params.length;
    return {
      name,
      setting: { rules: { dispatch: { clusters: exact.passes } } },
      ...exact,
      args: (n) => upstream(n, params),
    };
  }),
  {
    name: "envoy_resolve_dns",
    setting: { rules: { dispatch: { names: exact.passes } } },
    ...exact,
    args: (n) => [AT, n, OUT],
  },
  {
    name: "proxy_call_foreign_function",
    setting: { rules: { foreign: exact.passes } },
    ...exact,
    args: (n) => [AT, n, OTHER, 4, OUT, OUT + 4],
  },
  {
    name: "proxy_set_shared_data",
    setting: { rules: { sharedData: { write: ["ours.", "x"] } } },
    ...prefixes,
    args: (n) => [AT, n, OTHER, 4, 0],
  },
  {
    name: "proxy_get_shared_data",
    setting: { rules: { sharedData: { read: ["ours.", "x"] } } },
    ...prefixes,
    args: (n) => [AT, n, OUT, OUT + 4, OUT + 8],
  },
  {
    name: "proxy_register_shared_queue",
    setting: { rules: { queues: { register: ["ours.", "x"] } } },
    ...prefixes,
    args: (n) => [AT, n, OUT],
  },
  {
    name: "proxy_resolve_shared_queue",
    setting: { rules: { queues: { resolve: ["ours.", "x"] } } },
    ...prefixes,
    args: (n) => [OTHER, 3, AT, n, OUT],
  },
  {
    name: "proxy_define_metric",
    setting: { rules: { metrics: ["ours.", "x"] } },
    ...prefixes,
    args: (n) => [0, AT, n, OUT],
  },
];

function fatesOf(own: Lab, { name, args }: Pick<Row, "name" | "args">, texts: readonly string[]) {
  return texts.map((text) => {
    own.running.memory.fill(0xee, AT, AT + 100);
    return `${JSON.stringify(text)} ${fates(own, name, [args(own.put(AT, text))])[0]}`;
  });
}

for (const row of rows) {
  test(`${row.name} passes what its list names, and nothing else`, () => {
    const own = lab(["proxy_log", row.name], row.setting);
    const as = (fate: string) => (text: string) => `${JSON.stringify(text)} ${fate}`;
    assert.deepEqual(fatesOf(own, row, row.passes), row.passes.map(as("reached")));
    assert.equal(own.wasDenied(row.name), false);
    assert.deepEqual(fatesOf(own, row, row.denied), row.denied.map(as("denied")));
    assert.equal(own.wasDenied(row.name), true);
    assert.equal(own.denials.length, 1);
    assert.match(own.denials[0]!, new RegExp(`^${row.name}`));
  });

  test(`${row.name} passes anything without a list, and nothing under an empty one`, () => {
    const free = lab(["proxy_log", row.name]);
    const texts = [...row.passes, ...row.denied];
    for (const line of fatesOf(free, row, texts)) assert.match(line, / reached$/);
    const emptied = JSON.parse(JSON.stringify(row.setting), (_, value) =>
      Array.isArray(value) ? [] : value,
    );
    const shut = lab(["proxy_log", row.name], emptied);
    for (const line of fatesOf(shut, row, texts)) assert.match(line, / denied$/);
  });
}

const headerCalls = [
  {
    name: "proxy_get_header_map_value",
    list: "read",
    args: (map: number, n: number): Args => [map, AT, n, OUT, OUT + 4],
  },
  {
    name: "proxy_add_header_map_value",
    list: "add",
    args: (map: number, n: number): Args => [map, AT, n, OTHER, 4],
  },
  {
    name: "proxy_replace_header_map_value",
    list: "replace",
    args: (map: number, n: number): Args => [map, AT, n, OTHER, 4],
  },
  {
    name: "proxy_remove_header_map_value",
    list: "remove",
    args: (map: number, n: number): Args => [map, AT, n],
  },
] as const;

for (const { name, list, args } of headerCalls) {
  test(`${name} passes the named headers in their maps, in any case, and calls' own maps whole (A19)`, () => {
    const rules = {
      headers: {
        [list]: [
          { name: "x-tenant", maps: 15 },
          { name: "x-1[]{}@^", maps: 1 },
          { name: "etag", maps: 4 },
        ],
      },
    };
    const own = lab(["proxy_log", name], { rules });
    const fate = (map: number, text: string) =>
      fatesOf(own, { name, args: (n) => args(map, n) }, [text])[0]!
        .split(" ")
        .at(-1);
    const seen = (text: string) =>
      [0, 1, 2, 3, 4, 5, 6, 7, -1].map((map) => (fate(map, text) === "reached" ? 1 : 0)).join("");
    assert.equal(seen("x-tenant"), "111111111");
    assert.equal(seen("X-TENANT"), "111111111");
    assert.equal(seen("x-1[]{}@^"), "100011111");
    assert.equal(seen("ETag"), "001011111");
    // What differs from a rule in the bit that folds letters, and is no letter, is another name.
    for (const text of [
      "x-1{}{}@^",
      "x-1[][]@^",
      "x-1[]{}`^",
      "x-1[]{}@~",
      "x-1[]{}@\u001e",
      "\u0058\u000dtenant",
    ])
      assert.equal(seen(text), "000011111", text);
    for (const text of ["", "x-tenan", "x-tenant2", "authorization", "x-tenant\0"])
      assert.equal(seen(text), "000011111", text);
  });
}

test("a whole map of the client is denied where a rule speaks of headers, others are not (A19)", () => {
  const some = [{ name: "x-tenant", maps: 15 }];
  const maps = (own: Lab, name: string) =>
    [0, 1, 2, 3, 4, 7, -1]
      .map((map) => (fates(own, name, [[map, AT, 4]])[0] === "reached" ? 1 : 0))
      .join("");
  const [get, set] = ["proxy_get_header_map_pairs", "proxy_set_header_map_pairs"];
  assert.equal(maps(lab([get], { rules: { headers: { read: some } } }), get), "0000111");
  assert.equal(maps(lab([get], { rules: { headers: { add: some } } }), get), "1111111");
  for (const verb of ["add", "replace", "remove"])
    assert.equal(maps(lab([set], { rules: { headers: { [verb]: some } } }), set), "0000111", verb);
  assert.equal(maps(lab([set], { rules: { headers: { read: some } } }), set), "1111111");
});

test("buffers that are not named are neither read nor written; the plugin's own always", () => {
  const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, -1];
  const seen = (own: Lab, name: string) =>
    fates(
      own,
      name,
      numbers.map((id) => [id, 0, 10, AT, 4]),
    )
      .map((fate) => (fate === "reached" ? 1 : 0))
      .join("");
  const [get, set] = ["proxy_get_buffer_bytes", "proxy_set_buffer_bytes"];
  const own = lab([get, set], { rules: { bodies: { read: ["request", "upstream"], write: [] } } });
  assert.equal(seen(own, get), "1001111111");
  assert.equal(seen(own, set), "0000111111");
  const all = lab([get], {
    rules: { bodies: { read: ["request", "response", "downstream", "upstream"] } },
  });
  assert.equal(seen(all, get), "1111111111");
});

test("local responses have a status of the policy's ranges, both ends included", () => {
  const name = "proxy_send_local_response";
  const own = lab([name], {
    rules: {
      responses: [
        [401, 401],
        [500, 503],
      ],
    },
  });
  const seen = fates(
    own,
    name,
    [0, 400, 401, 402, 499, 500, 503, 504, -1].map((status) => [status]),
  );
  assert.deepEqual(seen.map((fate) => (fate === "reached" ? 1 : 0)).join(""), "001001100");
  assert.deepEqual(fates(lab([name], { rules: { responses: [] } }), name, [[401]]), ["denied"]);
});

test("log lines below the level are dropped and count as logged; no timer is shorter than the least", () => {
  const own = lab(["proxy_log", "proxy_set_tick_period_milliseconds"], {
    limits: { log: { level: 3 }, host: { tick: 100 } },
  });
  own.put(AT, "line");
  assert.deepEqual(
    fates(
      own,
      "proxy_log",
      [0, 2, 3, 5, -1].map((level) => [level, AT, 4]),
    ),
    ["status 0", "status 0", "reached", "reached", "status 0"],
  );
  assert.deepEqual(
    fates(own, "proxy_set_tick_period_milliseconds", [[0], [1], [99], [100], [-1]]),
    ["reached", "denied", "denied", "reached", "reached"],
  );
});

test("11 (A14): tokens of queues pass only once the module was given them for an allowed name, eight at most", () => {
  const names = [
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_enqueue_shared_queue",
    "proxy_dequeue_shared_queue",
  ];
  let next = 5;
  const give =
    (place: number) =>
    (...args: readonly (number | bigint)[]) => {
      const status = next === 13 ? 10 : 0;
      new DataView(own.running.memory.buffer).setUint32(Number(args[place]), next++, true);
      return status;
    };
  const own = lab(names, {
    rules: { queues: { register: ["ours"], resolve: ["ours"] } },
    host: { [names[0]!]: give(2), [names[1]!]: give(4) },
  });
  const known = () =>
    Array.from({ length: 20 }, (_, token) =>
      fates(own, names[2]!, [[token, AT, 1]])[0] === "reached" ? token : -1,
    ).filter((token) => token >= 0);
  assert.deepEqual(known(), []);
  const n = own.put(AT, "ours");
  own.put(OTHER, "theirs");
  own.call(names[0]!, AT, n, OUT);
  own.call(names[1]!, OTHER, 3, AT, n, OUT);
  assert.equal(own.call(names[0]!, OTHER, 6, OUT), 10);
  assert.deepEqual(known(), [5, 6]);
  for (let k = 0; k < 10; k++) own.call(names[0]!, AT, n, OUT);
  assert.deepEqual(known(), [5, 6, 7, 8, 9, 10, 11, 12]);
  for (const name of names.slice(2)) {
    assert.deepEqual(
      fates(own, name, [
        [0, AT, 1],
        [13, AT, 1],
        [1000, AT, 1],
        [-1, AT, 1],
      ]),
      ["status 1", "status 1", "status 1", "status 1"],
    );
    assert.equal(own.wasDenied(name), false);
  }
});
