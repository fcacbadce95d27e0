// What a document's argument rules become: joined, sorted, with aliases, and refused where they can't be kept.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/failure.ts";
import { attributes, headerAttributes } from "../spec/attributes.ts";
import { readsAsMessage } from "./grpc-target.ts";
import { loadPolicy } from "./load.ts";
import type { Policy } from "./policy.ts";
import { headerItems, headerRule } from "./rule-items.ts";

const HEAD = "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\n";
const load = (spec: string): Policy => loadPolicy(`${HEAD}spec: ${spec}\n`, "p.yaml");
const rules = (spec: string) => load(spec).rules;
const codes = (spec: string) => load(spec).warnings.map((one) => one.code);

function refused(spec: string): string {
  try {
    load(spec);
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error.code;
  }
  return "accepted";
}

test("lists are sorted and without duplicates, so that the digest is the same in any order", () => {
  const one = load(
    "{ dispatch: { clusters: [b, a, b], paths: [/x, '/a*'] }, responses: [503, 4xx] }",
  );
  const two = load(
    "{ responses: ['400-499', '503'], dispatch: { paths: ['/a*', /x], clusters: [a, b] } }",
  );
  assert.deepEqual(one.rules.dispatch.clusters, ["a", "b"]);
  assert.deepEqual(one.rules, two.rules);
  assert.equal(one.digest, two.digest);
  assert.notEqual(one.digest, load("{ dispatch: { clusters: [a, b] } }").digest);
});

test("headers.write stands for the three verbs, and each verb's own list stands in its place", () => {
  const { headers } = rules("{ headers: { write: [X-A], remove: [x-b], add: ['*'] } }");
  assert.deepEqual(headers, {
    read: null,
    add: null,
    replace: [{ name: "x-a", maps: 15 }],
    remove: [{ name: "x-b", maps: 15 }],
  });
});

test("a name with a map is about that map; several of one name join", () => {
  const { read } = rules(
    "{ headers: { read: ['request:x-a', 'response-trailers:x-a', 'request::path', 'X-All'] } }",
  ).headers;
  assert.deepEqual(read, [
    { name: ":path", maps: 0b0001 },
    { name: "x-a", maps: 0b1001 },
    { name: "x-all", maps: 15 },
  ]);
  for (const rule of read!) {
    const back = headerItems(rule).map(headerRule);
    assert.equal(
      back.reduce((bits, { maps }) => bits | maps, 0),
      rule.maps,
    );
    assert.ok(back.every(({ name }) => name === rule.name));
  }
});

test("host and :authority are one header, in any list", () => {
  const { headers } = rules("{ headers: { read: [host], write: ['request::authority'] } }");
  assert.deepEqual(headers.read, [
    { name: ":authority", maps: 15 },
    { name: "host", maps: 15 },
  ]);
  assert.deepEqual(headers.remove, [
    { name: ":authority", maps: 1 },
    { name: "host", maps: 1 },
  ]);
});

test("with a list of readable headers, attributes that would show others are hidden", () => {
  assert.equal(rules("{ properties: { read: [request] } }").properties.hidden, null);
  assert.equal(rules("{ headers: { read: ['*'] } }").properties.hidden, null);
  const all = rules("{ headers: { read: [] } }").properties.hidden!;
  const nodes = [
    "request",
    "request.headers",
    "request.trailers",
    "response",
    "response.headers",
    "response.trailers",
  ];
  assert.deepEqual(all, [...nodes, ...headerAttributes.map(([path]) => path)].sort());
  const some = rules("{ headers: { read: [':path', 'response:user-agent', host] } }").properties
    .hidden!;
  for (const path of ["request.path", "request.url_path", "request.query", "request.host"])
    assert.ok(!some.includes(path), path);
  // A header of the answer is no header of the request.
  for (const path of [
    ...nodes,
    "request.useragent",
    "request.referer",
    "request.method",
    "request.id",
  ])
    assert.ok(some.includes(path), path);
  for (const [path] of headerAttributes)
    assert.ok(
      attributes.some((row) => row.path === path),
      path,
    );
});

test("statuses are numbers, classes and ranges; those that touch become one", () => {
  assert.deepEqual(rules("{ responses: [401, 500-503, '504', 4xx, 200] }").responses, [
    [200, 200],
    [400, 504],
  ]);
  assert.deepEqual(rules("{ responses: [] }").responses, []);
});

test("items that no rule can keep are refused where they stand", () => {
  const wrong = [
    "{ properties: { read: [request..path] } }",
    "{ properties: { read: [.request] } }",
    "{ properties: { write: [a.] } }",
    `{ properties: { read: [${"a".repeat(257)}] } }`,
    "{ headers: { read: ['x-*'] } }",
    "{ headers: { read: ['request:*'] } }",
    "{ headers: { add: ['x a'] } }",
    "{ headers: { add: ['other:x'] } }",
    "{ responses: [600-500] }",
    "{ responses: [40] }",
    "{ responses: ['5x'] }",
    "{ responses: [4.5] }",
    "{ bodies: { read: [body] } }",
    "{ sharedData: { read: ['a*'] } }",
    "{ metrics: { names: [''] } }",
  ];
  for (const spec of wrong) assert.equal(refused(spec), "policy-wrong-type", spec);
  assert.equal(refused("{ limits: { streams: 2049 } }"), "policy-out-of-range");
  assert.equal(refused("{ limits: { dispatch: { total: 1001 } } }"), "policy-out-of-range");
  assert.equal(refused("{ limits: { log: { bytesPerRequest: 2MiB } } }"), "policy-out-of-range");
});

test("what counts each callback alone, because streams have no account, is said", () => {
  const fields = "log: { bytesPerRequest: 1KiB }, streams: 9";
  assert.deepEqual(codes(`{ role: auth, telemetry: false, limits: { ${fields} } }`), [
    "policy-per-callback",
    "policy-per-callback",
  ]);
  assert.deepEqual(
    codes(`{ role: auth, telemetry: false, limits: { ${fields}, fuel: { request: 5000 } } }`),
    [],
  );
});

test("no foreign function is allowed unless it is named, and those that go past rules are reported", () => {
  const call = "capabilities: { allow: [proxy_call_foreign_function] }";
  assert.deepEqual(rules(`{ ${call} }`).foreign, []);
  const spec = `{ ${call}, foreign: { functions: [expr_evaluate, compress, uncompress, set_envoy_filter_state] } }`;
  assert.deepEqual(
    load(spec).warnings.map((one) => [one.code, /function (\S+)/.exec(one.message)?.[1]]),
    [
      ["policy-foreign-function", "uncompress"],
      ["policy-foreign-function", "set_envoy_filter_state"],
      ["policy-foreign-function", "expr_evaluate"],
    ],
  );
});

test("a cluster's name that is a message is refused where gRPC calls are allowed, and only there", () => {
  const grpc = "capabilities: { allow: [proxy_grpc_call] }";
  // Field 14, four bytes: well-formed, and a name that people give.
  assert.equal(
    refused(`{ ${grpc}, dispatch: { clusters: [users] } }`),
    "policy-cluster-is-message",
  );
  assert.equal(refused(`{ ${grpc}, dispatch: { clusters: [user-api] } }`), "accepted");
  assert.equal(refused("{ role: external-auth, dispatch: { clusters: [users] } }"), "accepted");
});

test("protobuf's wire format is told from text", () => {
  const bytes = (...list: (number | string)[]) =>
    Buffer.concat(list.map((one) => (typeof one === "number" ? Buffer.of(one) : Buffer.from(one))));
  // envoy_grpc { cluster_name: "c" }, a varint, groups, a tag of five bytes that overflows to field 1.
  for (const message of [
    bytes(0x0a, 3, 0x0a, 1, "c"),
    bytes(0x08, 0x80, 0x01),
    bytes(0x0b, 0x13, 0x14, 0x0c),
    bytes(0x8a, 0x80, 0x80, 0x80, 0x70, 0),
    bytes("q", "12345678"),
  ])
    assert.ok(readsAsMessage(message), message.toString("hex"));
  for (const text of [
    bytes("backend"),
    bytes(0x0a, 5, "c"),
    bytes(0x0b),
    bytes(0x0b, 0x14),
    bytes(0x0c),
    bytes(0x02, 0),
    bytes(0x08, 0x80),
    bytes(0x0f),
    bytes(...Array.from({ length: 101 }, () => 0x0b), ...Array.from({ length: 101 }, () => 0x0c)),
  ])
    assert.ok(!readsAsMessage(text), text.toString("hex"));
});
