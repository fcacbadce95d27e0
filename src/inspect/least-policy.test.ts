import assert from "node:assert/strict";
import { test } from "node:test";
import { loadPolicy } from "../policy/load.ts";
import { leastPolicy, policyName } from "./least-policy.ts";
import type { InspectReport, LeastPolicy } from "./report.ts";

const least: LeastPolicy = {
  role: "auth",
  why: "because: # it is",
  allow: [{ name: "proxy_log", reach: "reachable", risk: "low", why: "Writes: a # log" }],
  leftOut: [{ name: "proxy_http_call", reach: "indirect", risk: "high", why: "Sends: anything" }],
  withRole: ["fd_write"],
  memoryPages: 2,
  memoryWhy: "it starts with 2 pages",
};

const report = (leastOne: LeastPolicy): InspectReport =>
  ({ sha256: "1".repeat(64), leastPolicy: leastOne }) as InspectReport;

test("the document says what the report says", () => {
  const text = leastPolicy(report(least), { name: "vendor.wasm", url: "plugins/vendor.wasm" });
  const policy = loadPolicy(text, "p.yaml");
  assert.equal(policy.name, "vendor");
  assert.equal(policy.role, "auth");
  assert.equal(policy.url, "plugins/vendor.wasm");
  assert.equal(policy.sha256, "1".repeat(64));
  assert.equal(policy.limits.memoryPages, 2);
  assert.ok(policy.allow.has("proxy_log"));
  assert.ok(!policy.allow.has("proxy_http_call"));
  assert.equal(policy.callbacks, "all");
  assert.match(text, /#\s+- proxy_http_call # only by an indirect call, high risk/);
});

test("a policy of no role that allows nothing allows nothing", () => {
  const none = { ...least, role: null, allow: [], leftOut: [], withRole: [] };
  const policy = loadPolicy(leastPolicy(report(none), { name: "x" }), "p.yaml");
  assert.deepEqual([...policy.allow], []);
  assert.equal(policy.role, null);
});

test("whatever the file is called, the policy loads and keeps its path", () => {
  const names = [
    "",
    ".wasm",
    "true",
    "123.wasm",
    "- x: {y}.wasm",
    "a\nspec: {}\n.wasm",
    'quote".wasm',
    "#hash",
    "\u2028\u0085ünïcode😀.wasm",
    "\ud800",
    "x".repeat(5_000),
  ];
  for (const name of names) {
    const policy = loadPolicy(leastPolicy(report(least), { name, url: name }), "p.yaml");
    assert.equal(policy.name, policyName(name), JSON.stringify(name));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    const sayable = name !== "" && name.length <= 2_000 && !/[\u0000-\u001f\u007f]/.test(name);
    assert.equal(policy.url, sayable ? name : null, JSON.stringify(name));
    assert.equal(policy.allow.size > 0, true);
  }
});

test("a name becomes the nearest one that a policy takes", () => {
  assert.equal(policyName("vendor auth (1).wasm"), "vendor-auth-1");
  assert.equal(policyName("__.wasm"), "plugin");
  assert.equal(policyName("a.WASM"), "a");
});
