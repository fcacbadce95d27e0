// Serialised maps (rules A18, A20): the walk in the module against a parser of the tests, over thousands of maps
// that are nearly right. What the module lets through is well-formed to the byte, and none of it is refused
// by the policy's rules; and the shapes of regression 12, one by one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, random } from "../../fuzz/random.ts";
import { mayDispatch, type Pairs, pairsOf } from "../../oracle/guard-rules.ts";
import { fates, type Lab, lab } from "./lab.ts";

const [AT, OUT] = [1024, 200_000];
const latin = (text: string): number[] => [...text].map((char) => char.charCodeAt(0));

/** A map on the wire. */
function serialised(pairs: readonly (readonly [string, string])[]): number[] {
  const word = (value: number) => [
    value & 255,
    (value >> 8) & 255,
    (value >> 16) & 255,
    value >>> 24,
  ];
  return [
    ...word(pairs.length),
    ...pairs.flatMap(([name, value]) => [...word(name.length), ...word(value.length)]),
    ...pairs.flatMap(([name, value]) => [...latin(name), 0, ...latin(value), 0]),
  ];
}

const BAD = "status 2";
const rules = {
  dispatch: {
    clusters: null,
    names: null,
    methods: ["GET", "POST"],
    paths: ["/api/*", "/exact"],
    authorities: ["a.example"],
  },
  headers: {
    add: [
      { name: "x-tenant", maps: 15 },
      { name: "etag", maps: 4 },
      { name: "cookie", maps: 1 },
    ],
  },
};

const mayReply = (pairs: Pairs): boolean =>
  pairs.every(([name]) =>
    ["x-tenant", "etag"].includes(name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())),
  );

const names = [
  ":method",
  ":Path",
  ":path",
  ":authority",
  "host",
  "HOST",
  "x-tenant",
  "X-Tenant",
  "etag",
  "cookie",
  "x-envoy-",
  "x-envoy",
  "X-Envoy-retry-on",
  "content-type",
  "",
  "\u00e9",
];
const values = [
  "GET",
  "POST",
  "get",
  "/api/",
  "/api/x",
  "/exact",
  "/exact2",
  "/",
  "a.example",
  "b.example",
  "",
  "v",
  "\u00ff",
];

function someMap(r: Random): number[] {
  const bytes = serialised(
    Array.from({ length: r.int(5) }, () => [r.pick(names), r.pick(values)] as const),
  );
  for (let n = r.int(4); n > 0 && bytes.length > 0; n--) {
    const at = r.int(bytes.length);
    const head = Math.min(bytes.length, 4 + 8 * r.int(5));
    switch (r.int(8)) {
      case 0:
        bytes[at] = r.int(256);
        break;
      case 1:
        bytes[r.int(head)] = r.pick([0, 1, 2, 5, 127, 128, 255]);
        break;
      case 2:
        bytes.splice(at, 1);
        break;
      case 3:
        bytes.splice(at, 0, r.pick([0, 97]));
        break;
      case 4:
        bytes.length = at;
        break;
      case 5:
        bytes.push(r.pick([0, 97]));
        break;
      case 6:
        bytes[at] = 0;
        break;
      default:
        // Two sizes that move a byte from one to the other keep the sum.
        if (bytes.length > 12) {
          bytes[4]! -= 1;
          bytes[8]! += 1;
        }
    }
  }
  return bytes.map((byte) => byte & 255);
}

interface Walk {
  readonly name: string;
  readonly own: () => Lab;
  readonly args: (n: number) => readonly number[];
  readonly allowed: (pairs: Pairs) => boolean;
}

const walks: readonly Walk[] = [
  {
    name: "the headers of proxy_http_call",
    own: () => lab(["proxy_http_call"], { rules: { dispatch: rules.dispatch }, pages: 4 }),
    args: (n) => [0, 0, AT, n, 0, 0, 0, 0, 100, OUT],
    allowed: (pairs) => mayDispatch(pairs, rules.dispatch),
  },
  {
    name: "the trailers of proxy_http_call",
    own: () => lab(["proxy_http_call"], { rules: { dispatch: rules.dispatch }, pages: 4 }),
    args: (n) => [0, 0, 0, 0, 0, 0, AT, n, 100, OUT],
    allowed: (pairs) => mayDispatch(pairs, rules.dispatch),
  },
  {
    name: "the metadata of proxy_grpc_call",
    own: () => lab(["proxy_grpc_call"], { rules: { dispatch: rules.dispatch }, pages: 4 }),
    args: (n) => [0, 0, 0, 0, 0, 0, AT, n, 0, 0, 0, OUT],
    allowed: (pairs) => mayDispatch(pairs, rules.dispatch),
  },
  {
    name: "the metadata of proxy_grpc_stream",
    own: () => lab(["proxy_grpc_stream"], { rules: { dispatch: rules.dispatch }, pages: 4 }),
    args: (n) => [0, 0, 0, 0, 0, 0, AT, n, OUT],
    allowed: (pairs) => mayDispatch(pairs, rules.dispatch),
  },
  {
    name: "the headers of a local response",
    own: () => lab(["proxy_send_local_response"], { rules: { headers: rules.headers }, pages: 4 }),
    args: (n) => [200, 0, 0, 0, 0, AT, n, 0],
    allowed: mayReply,
  },
];

const callOf = (own: Lab): string => [...own.policy.allow][0]!;

for (const { name, own: make, args, allowed } of walks) {
  test(`12 (A20): ${name}: the module and another parser agree on five thousand maps that are nearly right`, () => {
    const own = make();
    const r = random(name.length);
    const seen: Record<string, number> = {};
    for (let n = 0; n < 5000; n++) {
      const bytes = someMap(r);
      own.running.memory.fill(r.pick([0, 0x61]), AT - 8, AT + bytes.length + 64);
      own.put(AT, Uint8Array.from(bytes));
      const [fate] = fates(own, callOf(own), [args(bytes.length)]);
      const pairs = pairsOf(Uint8Array.from(bytes));
      const expected = pairs === null ? BAD : allowed(pairs) ? "reached" : "denied";
      // Of a map that breaks off after a name which is denied, either answer says no.
      const fits = fate === expected || (pairs === null && fate === "denied");
      assert.ok(fits, `${fate}, not ${expected}: ${Buffer.from(bytes).toString("latin1")}`);
      seen[fate!] = (seen[fate!] ?? 0) + 1;
    }
    for (const fate of ["reached", "denied", BAD])
      assert.ok(seen[fate]! > 300, `${fate}: ${seen[fate]}`);
  });
}

test("12 (A20): the shapes that parsers differ on are answered 2, empty maps pass", () => {
  const own = walks[0]!.own();
  const fate = (bytes: readonly number[]) => {
    own.running.memory.fill(0, AT, AT + 70_000);
    own.put(AT, Uint8Array.from(bytes));
    return fates(own, "proxy_http_call", [walks[0]!.args(bytes.length)])[0];
  };
  const good = serialised([["a", "b"]]);
  const set = (at: number, ...bytes: number[]) => good.map((byte, k) => bytes[k - at] ?? byte);
  const most = [255, 255, 255, 255];
  assert.equal(fate(good), "reached");
  assert.equal(fate([]), "reached");
  assert.equal(fate([0]), "reached");
  assert.equal(fate([0, 0, 0, 0]), "reached");
  assert.equal(fate([1]), BAD);
  assert.equal(fate([0, 0]), BAD);
  assert.equal(fate([0, 0, 0]), BAD);
  assert.equal(fate([0, 0, 0, 0, 0]), BAD);
  assert.equal(fate(set(0, ...most)), BAD, "count 2^32-1");
  assert.equal(fate(set(4, ...most)), BAD, "a name of 2^32-1 bytes");
  assert.equal(fate(set(8, ...most)), BAD, "a value of 2^32-1 bytes");
  assert.equal(fate(set(4, ...most, 3, 0, 0, 0)), BAD, "sizes whose sum wraps");
  assert.equal(fate([...good.slice(0, -1), 1]), BAD, "no zero at the end");
  assert.equal(fate(set(13, 1)), BAD, "no zero after the name");
  assert.equal(fate(set(12, 0)), BAD, "a zero inside");
  assert.equal(fate([...good, 0]), BAD, "a byte too many");
  assert.equal(fate([...good, 1]), BAD, "a byte too many that is no zero");
  assert.equal(fate(good.slice(0, -1)), BAD, "a byte too few");
  const many = (count: number) =>
    serialised(Array.from({ length: count }, () => ["a", "b"] as const));
  assert.equal(fate(many(256)), "reached");
  assert.equal(fate(many(257)), BAD);
  const long = (size: number) => serialised([["a", "b".repeat(size - 15)]]);
  assert.equal(long(65_536).length, 65_536);
  assert.equal(fate(long(65_536)), "reached");
  assert.equal(fate(long(65_537)), BAD);
  const twice = (second: string) =>
    serialised([
      [":authority", "a.example"],
      [":authority", second],
    ]);
  assert.equal(fate(twice("a.example")), "reached");
  assert.equal(fate(twice("b.example")), "denied", "a second :authority is judged like the first");
  assert.equal(fate(serialised([["Host", "b.example"]])), "denied");
});

test("12 (A20): the walk is paid by the byte and by the pair before it begins", () => {
  const spent = (bytes: readonly number[]) => {
    const own = walks[0]!.own();
    own.put(AT, Uint8Array.from(bytes));
    own.call("proxy_http_call", ...walks[0]!.args(bytes.length));
    return Number(own.running.global("glovebox_spent"));
  };
  const value = (size: number) => serialised([["a", "b".repeat(size)]]);
  const base = spent(value(0));
  const perByte = (spent(value(10_000)) - base) / 10_000;
  assert.ok(perByte > 40 && perByte < 60, `${perByte} units a byte`);
  assert.ok(
    spent(
      serialised([
        ["a", ""],
        ["b", ""],
      ]),
    ) -
      base >
      perByte * 10,
  );
});
