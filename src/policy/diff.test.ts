// What a change grants, in both directions, and where its reason is looked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { diffPolicies } from "./diff.ts";
import { parsePolicy } from "./document.ts";
import { reasonFor } from "./reasons.ts";
import { type Field, fields } from "./schema.ts";

const head = "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\n";
const doc = (spec: string) => parsePolicy(`${head}spec: ${spec}\n`, "p.yaml");
const diff = (a: string, b: string) =>
  diffPolicies(doc(a), doc(b)).map(({ what, direction, from, to }) => [what, direction, from, to]);

test("the same policy in other words is no change", () => {
  assert.deepEqual(diff("{ limits: { memory: 64MiB } }", "{ limits: { memory: 65536KiB } }"), []);
  assert.deepEqual(diff("{}", "{ failure: closed }"), []);
});

test("a call more is granted, with its risk, and a call less narrows", () => {
  assert.deepEqual(
    diff(
      "{ capabilities: { allow: [proxy_log] } }",
      "{ capabilities: { allow: [proxy_http_call] } }",
    ),
    [
      ["proxy_http_call", "grants", "denied", "allowed"],
      ["proxy_log", "narrows", "allowed", "denied"],
    ],
  );
});

test("a change of role shows the calls that it brings, and that nothing guards the callbacks any more", () => {
  const changes = diff("{ role: auth }", "{ role: header-rewriter }");
  assert.ok(changes.some(([what, direction]) => what === "spec.role" && direction === "grants"));
  assert.ok(
    changes.some(
      ([what, direction]) => what === "proxy_send_local_response" && direction === "narrows",
    ),
  );
});

test("a security plugin that is called less often is granted something", () => {
  const start = "proxy_on_vm_start, proxy_on_configure, proxy_on_context_create";
  const both = `{ role: auth, capabilities: { allow: [${start}, proxy_on_request_headers, proxy_on_request_body] } }`;
  const one = `{ role: auth, capabilities: { allow: [${start}, proxy_on_request_headers] } }`;
  assert.deepEqual(diff(both, one), [["proxy_on_request_body", "grants", "called", "not called"]]);
  assert.deepEqual(diff(one, both), [["proxy_on_request_body", "grants", "not called", "called"]]);
});

test("limits: more is granted, less narrows; a timer's period goes the other way", () => {
  assert.deepEqual(
    diff("{}", "{ limits: { memory: 128MiB, stack: 128KiB, host: { tick: 1s } } }"),
    [
      ["spec.limits.memory", "grants", "64MiB", "128MiB"],
      ["spec.limits.stack", "narrows", "256KiB", "128KiB"],
      ["spec.limits.host.tick", "narrows", "100ms", "1000ms"],
    ],
  );
  const ticks = diff("{ limits: { host: { tick: 1s } } }", "{ limits: { host: { tick: 100ms } } }");
  assert.equal(ticks[0]![1], "grants");
});

test("a rule or a pin that goes is granted; other bytes are neither more nor less", () => {
  const [a, b] = ["a".repeat(64), "b".repeat(64)];
  assert.deepEqual(
    diff("{ dispatch: { clusters: [x] } }", "{}").map(([, d]) => d),
    ["grants"],
  );
  assert.deepEqual(diff("{ dispatch: { clusters: [x] } }", "{ dispatch: { clusters: [x, y] } }"), [
    ["spec.dispatch.clusters: y", "grants", "not listed", "listed"],
  ]);
  assert.deepEqual(
    diff(`{ source: { sha256: ${a} } }`, "{}").map(([, d]) => d),
    ["grants"],
  );
  assert.deepEqual(
    diff(`{ source: { sha256: ${a} } }`, `{ source: { sha256: ${b} } }`).map(([, d]) => d),
    ["changes"],
  );
  assert.deepEqual(
    diff("{ failure: reload }", "{ failure: open }").map(([, d]) => d),
    ["grants"],
  );
  assert.deepEqual(
    diff("{ failure: reload }", "{ failure: closed }").map(([, d]) => d),
    ["narrows"],
  );
});

test("a verb's own list is compared with what `write` said for it, and `*` with no rule", () => {
  assert.deepEqual(
    diff("{ headers: { write: [x-a] } }", "{ headers: { write: [x-a], remove: [x-a, x-b] } }"),
    [["spec.headers.remove: x-b", "grants", "not listed", "listed"]],
  );
  assert.deepEqual(diff("{ headers: { write: [x-a] } }", "{ headers: { write: ['*'] } }"), [
    ["spec.headers.write", "grants", "[x-a]", "not set"],
  ]);
  assert.deepEqual(diff("{ headers: { read: ['*'] } }", "{}"), []);
  assert.deepEqual(
    diff("{ headers: { write: [x-a] } }", "{ headers: { add: [x-a] } }").map(([what, d]) => [
      what,
      d,
    ]),
    [
      ["spec.headers.replace", "grants"],
      ["spec.headers.remove", "grants"],
    ],
  );
});

test("every bound of the table says which way is looser", () => {
  const bounds = (fields as readonly Field[]).filter((row) => row.min !== undefined);
  assert.ok(bounds.length > 10);
  for (const row of bounds) assert.notEqual(row.looser, undefined, row.path);
  for (const row of fields as readonly Field[])
    if (Array.isArray(row.looser))
      assert.deepEqual([...row.looser].sort(), [...row.choices!].sort());
});

test("a reason stands beside the grant, above it, or anywhere with its name", () => {
  const text = `${head}# reason spec.failure: logs only
spec:
  failure: open
  limits:
    memory: 128MiB # reason: the table grew
    callDepth: 2048
  capabilities:
    allow+:
      # reason: asks the geo service
      - proxy_http_call
      - proxy_get_shared_data # a remark, not a reason
`;
  const after = parsePolicy(text, "p.yaml");
  const reasons = diffPolicies(doc("{}"), after).map((one) => [
    one.what,
    reasonFor(one, after, text),
  ]);
  assert.deepEqual(Object.fromEntries(reasons), {
    proxy_http_call: "asks the geo service",
    proxy_get_shared_data: null,
    "spec.limits.memory": "the table grew",
    "spec.limits.callDepth": null,
    "spec.failure": "logs only",
  });
});
