import assert from "node:assert/strict";
import { test } from "node:test";
import { callbacks } from "../spec/callbacks.ts";
import { hostFunctionNamed, hostFunctions } from "../spec/host-functions.ts";
import { LOG_LEVEL } from "../spec/status.ts";
import { sha256 } from "../util/digest.ts";
import { canonicalJson } from "./digest.ts";
import { loadPolicy } from "./load.ts";
import type { Policy } from "./policy.ts";
import { policyFromRole } from "./resolve.ts";
import { type RoleName, role, roles } from "./roles.ts";
import { noRules } from "./rules.ts";

const HEAD = "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\n";
const load = (spec: string): Policy => loadPolicy(HEAD + spec, "p.yaml");
const codes = (policy: Policy) => policy.warnings.map((one) => one.code);
const startup = hostFunctions.filter((row) => row.startup).map((row) => row.name);
const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

const defaultQuotas = {
  streams: 256,
  dispatch: { outstanding: 256, total: 32 },
  log: { bytes: 65_536, level: null },
  host: {
    headerBytes: 65_536,
    bodyBytes: 8 * 2 ** 20,
    sharedData: 2 ** 20,
    queueItems: 1000,
    sharedDataPerRequest: 256,
    queueItemsPerRequest: 4,
    metrics: 256,
    tick: 100,
  },
};

const EXAMPLE = `
apiVersion: glovebox.dev/v1alpha1
kind: PluginPolicy
metadata: { name: my-auth-plugin }
spec:
  role: external-auth             # logging, metrics, header-rewriter, auth, external-auth, body-filter, …: a template to start from
  source:
    url: oci://registry.example.com/wasm-plugins/my-auth:v1.2.3
    sha256: ${"ab".repeat(32)}
    manifest: sha256:${"cd".repeat(32)}
    signedBy: [{ publicKey: cosign.pub }]   # relative to this file
  limits:
    memory: 64MiB
    onMemoryCap: trap             # trap (the article's promise) or refuse (memory.grow answers -1)
    fuel: { request: 100_000_000, callback: 20_000_000, start: 500_000_000, mode: bound, costs: v1 }
    stack: 256KiB                 # bytes, by the formula of the rules; callDepth is an extra count
    callDepth: 1024
    streams: 1024                 # streams with a request budget of their own
    dispatch: { outstanding: 1 }
    log: { bytesPerRequest: 4KiB, level: info }
    host: { headerBytes: 64KiB, sharedData: 1MiB, queueItems: 1000, metrics: 64, tick: 100ms }   # what it may make the host spend
  capabilities:
    allow+: [proxy_get_property, proxy_http_call]   # allow: replaces the role's list, allow+: extends it
    denied: internal-failure      # what a denied call answers
  dispatch: { clusters: [external-auth-cluster] }
  properties: { read: [request.path, source.address] }
  headers: { read: [authorization, x-request-id], write: [x-user, x-tenant] }
  failure: closed                 # closed, open, reload
  onExhaustion: trap              # what happens to the request whose budget is gone
  telemetry: true
`;

test("the whole document of the product is read", () => {
  const policy = loadPolicy(EXAMPLE, "my-auth.yaml");
  assert.equal(policy.telemetry, true);
  assert.equal(policy.onExhaustion, "trap");
  assert.equal(policy.name, "my-auth-plugin");
  assert.equal(policy.role, "external-auth");
  assert.equal(policy.security, true);
  assert.equal(policy.url, "oci://registry.example.com/wasm-plugins/my-auth:v1.2.3");
  assert.equal(policy.sha256, "ab".repeat(32));
  assert.equal(policy.manifest, `sha256:${"cd".repeat(32)}`);
  assert.deepEqual(policy.signedBy, ["cosign.pub"]);
  assert.deepEqual(policy.limits, {
    memoryPages: 1024,
    onMemoryCap: "trap",
    fuel: {
      request: 100_000_000,
      callback: 20_000_000,
      start: 500_000_000,
      mode: "bound",
      costs: "v1",
    },
    stackBytes: 262_144,
    callDepth: 1024,
    ...defaultQuotas,
    streams: 1024,
    dispatch: { outstanding: 1, total: 32 },
    log: { bytes: 4096, level: LOG_LEVEL.info },
    host: { ...defaultQuotas.host, metrics: 64 },
  });
  assert.deepEqual(policy.rules.dispatch.clusters, ["external-auth-cluster"]);
  assert.deepEqual(policy.rules.headers.remove, [
    { name: "x-tenant", maps: 15 },
    { name: "x-user", maps: 15 },
  ]);
  assert.equal(policy.denied, "internal-failure");
  assert.equal(policy.callbacks, "all");
  assert.ok(policy.allow.has("proxy_http_call") && policy.allow.has("proxy_get_property"));
  assert.ok(
    !policy.allow.has("proxy_grpc_call") && !policy.allow.has("proxy_call_foreign_function"),
  );
  assert.deepEqual(codes(policy), [
    "policy-rule-without-call",
    "policy-rule-without-call",
    "policy-rule-without-call",
  ]);
});

test("without a role and a list everything is denied, WASI included, with the documented defaults", () => {
  const policy = load("");
  assert.deepEqual([...policy.allow], []);
  assert.equal(policy.callbacks, "all");
  assert.deepEqual(
    [policy.role, policy.security, policy.url, policy.sha256],
    [null, false, null, null],
  );
  assert.deepEqual(policy.limits, {
    memoryPages: 1024,
    onMemoryCap: "trap",
    fuel: {
      request: null,
      callback: 20_000_000,
      start: 500_000_000,
      mode: "bound",
      costs: "v1",
    },
    stackBytes: 262_144,
    callDepth: 1024,
    ...defaultQuotas,
  });
  assert.deepEqual(policy.rules, { ...noRules, foreign: [] });
  assert.deepEqual([policy.denied, policy.failure, policy.warnings], ["host", "closed", []]);
});

test("memory is rounded down to whole pages", () => {
  assert.equal(load("spec: { limits: { memory: 131071 } }\n").limits.memoryPages, 1);
  assert.equal(load("spec: { limits: { memory: 65536 } }\n").limits.memoryPages, 1);
  assert.equal(load("spec: { limits: { memory: 4GiB } }\n").limits.memoryPages, 65_536);
});

test("allow+ extends the role's list, allow replaces it, and start-up WASI stays with any role", () => {
  const plain = load("spec: { role: auth }\n");
  const extended = load("spec: { role: auth, capabilities: { allow+: [proxy_http_call] } }\n");
  const replaced = load("spec: { role: auth, capabilities: { allow: [proxy_http_call] } }\n");
  assert.deepEqual([...plain.allow], sorted([...roles.auth.allow, ...startup]));
  assert.deepEqual(
    [...extended.allow],
    sorted([...roles.auth.allow, ...startup, "proxy_http_call"]),
  );
  assert.deepEqual([...replaced.allow], sorted([...startup, "proxy_http_call"]));
  assert.ok(
    startup.includes("fd_write") && startup.includes("proc_exit") && !startup.includes("path_open"),
  );
  for (const key of ["allow", "allow+"]) {
    assert.deepEqual(
      [...load(`spec: { capabilities: { ${key}: [proxy_log, fd_write] } }\n`).allow],
      ["fd_write", "proxy_log"],
    );
  }
});

test("naming a callback keeps the named ones, the role's with allow+, and what hosts always need", () => {
  const needed = [
    "malloc",
    "proxy_on_memory_allocate",
    "_initialize",
    "_start",
    "main",
    "__main_void",
    "proxy_abi_version_0_1_0",
    "proxy_abi_version_0_2_0",
    "proxy_abi_version_0_2_1",
  ];
  const set = (policy: Policy) => [...(policy.callbacks as ReadonlySet<string>)];
  const alone = load("spec: { capabilities: { allow: [proxy_log, proxy_on_tick] } }\n");
  assert.deepEqual(set(alone), sorted([...needed, "proxy_on_tick"]));
  assert.deepEqual([...alone.allow], ["proxy_log"]);
  assert.deepEqual(codes(alone), ["policy-lifecycle-left-out"]);
  assert.match(
    alone.warnings[0]!.message,
    /proxy_on_context_create, proxy_on_vm_start, proxy_on_configure/,
  );
  const extended = load("spec: { role: auth, capabilities: { allow+: [proxy_on_tick] } }\n");
  assert.deepEqual(set(extended), sorted([...needed, ...roles.auth.callbacks, "proxy_on_tick"]));
  assert.deepEqual(extended.warnings, []);
  const replaced = load("spec: { role: auth, capabilities: { allow: [proxy_on_tick] } }\n");
  assert.deepEqual(set(replaced), sorted([...needed, "proxy_on_tick"]));
  assert.equal(
    load("spec: { role: auth, capabilities: { allow+: [proxy_http_call] } }\n").callbacks,
    "all",
  );
});

test("telemetry and answers to exhaustion give streams an account where the document gives none", () => {
  const request = (spec: string) => load(`spec: { ${spec} }\n`).limits.fuel.request;
  assert.equal(request("role: auth, telemetry: false"), null);
  assert.equal(request("role: auth"), Number.MAX_SAFE_INTEGER);
  assert.equal(request("role: header-rewriter"), null);
  assert.equal(request("telemetry: true"), Number.MAX_SAFE_INTEGER);
  assert.equal(request("onExhaustion: pass"), Number.MAX_SAFE_INTEGER);
  assert.equal(request("onExhaustion: deny, limits: { fuel: { request: 5000 } }"), 5000);
});

test("telemetry is on by itself where the plugin may define metrics and the names of ours fit", () => {
  const on = (spec: string, name = "p") =>
    loadPolicy(HEAD.replace("name: p", `name: ${name}`) + `spec: { ${spec} }\n`, "p.yaml")
      .telemetry;
  assert.equal(on("role: auth"), true);
  assert.equal(on("capabilities: { allow: [proxy_define_metric] }"), true);
  assert.equal(on("role: header-rewriter"), false);
  assert.equal(on("role: header-rewriter, telemetry: true"), true);
  assert.equal(on("role: auth, telemetry: false"), false);
  assert.equal(on("role: auth", "n".repeat(53)), true);
  assert.equal(on("role: auth", "n".repeat(63)), false);
  const cluster = (text: string) => `role: external-auth, dispatch: { clusters: ["${text}"] }`;
  assert.equal(on(cluster("c".repeat(90))), true);
  assert.equal(on(cluster("c".repeat(91))), false);
  assert.equal(on(cluster("grün")), false);
  assert.equal(on(`${cluster("grün")}, telemetry: true`), true, "harden says what doesn't fit");
});

test("a rule without its call is reported, a rule with it is not", () => {
  const rule = "dispatch: { clusters: [a] }";
  const without = load(`spec: { role: auth, ${rule} }\n`);
  assert.deepEqual(codes(without), ["policy-rule-without-call"]);
  assert.deepEqual(without.warnings[0]!.where, { at: "file", file: "p.yaml", line: 4, column: 33 });
  assert.deepEqual(codes(load(`spec: { role: external-auth, ${rule} }\n`)), []);
});

test("the digest covers every decision and nothing of the text", () => {
  const policy = load("spec: { role: auth, limits: { memory: 64MiB } }\n");
  const { digest, warnings: _, ...decided } = policy;
  assert.equal(digest, sha256(canonicalJson(decided)));
  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.equal(load("# other words\nspec:\n  role: auth\n").digest, digest);
  const alias = load(
    "spec: { role: auth, capabilities: { allow+: [proxy_dispatch_http_call] } }\n",
  );
  assert.equal(
    alias.digest,
    load("spec: { role: auth, capabilities: { allow+: [proxy_http_call] } }\n").digest,
  );
  const others = [
    "role: metrics",
    "role: auth, failure: open",
    "role: auth, limits: { memory: 32MiB }",
    "role: auth, capabilities: { denied: trap }",
    "role: auth, capabilities: { allow+: [proxy_on_tick] }",
    "role: auth, telemetry: false",
  ];
  const digests = others.map((spec) => load(`spec: { ${spec} }\n`).digest);
  assert.equal(new Set([digest, ...digests]).size, others.length + 1);
});

test("canonical JSON sorts keys and sets at every depth", () => {
  assert.equal(
    canonicalJson({ b: [2, { d: null, c: "x" }], a: new Set(["z", "y"]) }),
    '{"a":["y","z"],"b":[2,{"c":"x","d":null}]}',
  );
});

test("a resolved policy cannot be changed", () => {
  const policy = load("spec: { role: auth, capabilities: { allow+: [proxy_on_tick] } }\n");
  const open = policy as unknown as {
    name: string;
    limits: { fuel: { callback: number } };
    allow: Set<string>;
    callbacks: Set<string>;
  };
  assert.throws(() => (open.name = "x"), TypeError);
  assert.throws(() => (open.limits.fuel.callback = 1), TypeError);
  assert.throws(() => open.allow.add("proxy_http_call"), TypeError);
  assert.throws(() => open.callbacks.delete("proxy_on_tick"), TypeError);
  assert.equal(policy.allow.has("proxy_http_call"), false);
});

test("policyFromRole is the role's document, with fields set on top", () => {
  const policy = policyFromRole("auth", {
    "spec.limits.fuel.callback": 5_000,
    "spec.capabilities.allow+": ["proxy_http_call"],
  });
  const document = load(
    "spec: { role: auth, limits: { fuel: { callback: 5000 } }, capabilities: { allow+: [proxy_http_call] } }\n",
  );
  assert.deepEqual({ ...policy, name: "p", digest: "" }, { ...document, digest: "" });
  assert.equal(policyFromRole(null).allow.size, 0);
});

test("every role names real functions and callbacks, logs, and can read its configuration", () => {
  const names = Object.keys(roles) as RoleName[];
  for (const needed of [
    "logging",
    "metrics",
    "header-rewriter",
    "auth",
    "external-auth",
    "body-filter",
  ])
    assert.ok(names.includes(needed as RoleName));
  for (const name of names) {
    const row = role(name)!;
    for (const call of row.allow)
      assert.equal(hostFunctionNamed(call)?.module, "env", `${name}: ${call}`);
    for (const one of row.callbacks)
      assert.ok(
        callbacks.some((known) => known.name === one && known.gated),
        `${name}: ${one}`,
      );
    for (const call of [
      "proxy_log",
      "proxy_get_buffer_bytes",
      "proxy_set_effective_context",
      "proxy_done",
      "proxy_get_current_time_nanoseconds",
    ]) {
      assert.ok(row.allow.includes(call), `${name}: ${call}`);
    }
    for (const one of [
      "proxy_on_context_create",
      "proxy_on_vm_start",
      "proxy_on_configure",
      "proxy_on_delete",
    ])
      assert.ok(row.callbacks.includes(one));
    assert.equal(new Set(row.allow).size, row.allow.length, name);
    if (row.security) {
      const inHttp = callbacks
        .filter((one) => one.requestPath && one.phase.startsWith("request"))
        .map((one) => one.name);
      for (const one of inHttp) assert.ok(row.callbacks.includes(one), `${name}: ${one}`);
    }
  }
  assert.equal(role("__proto__"), undefined);
});

test("only the role whose purpose it is may send requests, and none runs native functions", () => {
  for (const name of Object.keys(roles)) {
    const allow = role(name)!.allow;
    assert.equal(allow.includes("proxy_http_call"), name === "external-auth", name);
    for (const call of [
      "proxy_grpc_call",
      "proxy_grpc_stream",
      "proxy_call_foreign_function",
      "envoy_resolve_dns",
      "proxy_set_property",
    ]) {
      assert.ok(!allow.includes(call), `${name}: ${call}`);
    }
  }
});
