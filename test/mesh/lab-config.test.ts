// What the lab's configuration must keep when forms meet: which of two settings counts, and that nothing that
// restricts ever turns into no restriction.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readLabConfig } from "../../src/mesh/envoy/lab/read-lab-config.ts";
import type { LabConfig } from "../../src/mesh/envoy/lab-config.ts";
import { bootstrap } from "./envoy-cases.ts";
import { labIo } from "./lab-io.ts";

const HTTP = "type.googleapis.com/envoy.extensions.filters.http";
const SWITCH = "type.googleapis.com/envoy.config.route.v3.FilterConfig";
const STRING = "type.googleapis.com/google.protobuf.StringValue";
const CODE = "code: { local: { filename: a.wasm } }";
const wasm = (config: string): string =>
  `- { name: wasm, typed_config: { "@type": ${HTTP}.wasm.v3.Wasm, config: { ${config} } } }`;

function read(text: string): {
  readonly config: LabConfig | null;
  readonly codes: readonly string[];
} {
  const { config, findings } = readLabConfig(text, "f.yaml", labIo());
  return { config, codes: findings.map((one) => `${one.level} ${one.code}`) };
}

function plugin(config: string): LabConfig["plugins"][number] {
  const { config: read_, codes } = read(bootstrap({ filters: wasm(config) }));
  assert.ok(read_ !== null, codes.join("; "));
  return read_.plugins[0]!;
}

test("the router is the last filter, or there is no configuration", () => {
  const router = `- { name: r, typed_config: { "@type": ${HTTP}.router.v3.Router } }`;
  const after = bootstrap({ filters: router }).replace(
    /- name: envoy.filters.http.router\n\s+typed_config: \{[^}]*\}/,
    wasm(`vm_config: { ${CODE} }`),
  );
  for (const text of [after, bootstrap({ filters: router })]) {
    const { config, codes } = read(text);
    assert.equal(config, null);
    assert.ok(codes.includes("error envoy-terminal-filter"), codes.join());
  }
});

test("what a virtual host says of a filter counts more than what its route configuration says", () => {
  const host = `typed_per_filter_config: { wasm: { "@type": ${SWITCH}, disabled: true } }`;
  const text = bootstrap({ filters: wasm(`vm_config: { ${CODE} }`), host }).replace(
    "virtual_hosts:",
    `typed_per_filter_config: { wasm: { "@type": ${SWITCH}, config: {} } }\n                  virtual_hosts:`,
  );
  const chain = read(text).config?.listeners[0]?.chain;
  assert.ok(chain?.kind === "http");
  assert.deepEqual(chain.virtualHosts[0]?.perFilter.wasm, { disabled: true, plugin: null });
});

test("a list of unknown capabilities stays a list: it must not read as no restriction", () => {
  const one = plugin(
    `vm_config: { ${CODE} }, capability_restriction_config: { allowed_capabilities: { nothing_of_the_kind: {} } }`,
  );
  assert.deepEqual(one.capabilities, ["nothing_of_the_kind"]);
});

test("vm_config's capabilities count before the plugin's, as in Envoy 1.40", () => {
  const list = (name: string): string =>
    `capability_restriction_config: { allowed_capabilities: { ${name}: {} } }`;
  const one = plugin(`${list("proxy_log")}, vm_config: { ${CODE}, ${list("proxy_done")} }`);
  assert.deepEqual(one.capabilities, ["proxy_done"]);
});

test("an alias and its real name are one capability", () => {
  const one = plugin(
    `vm_config: { ${CODE} }, capability_restriction_config: { allowed_capabilities: [proxy_dispatch_http_call, proxy_http_call, dispatch_http_call] }`,
  );
  assert.deepEqual(one.capabilities, ["proxy_http_call"]);
});

test("the failure policies, and fail_open: false beside one", () => {
  const failure = (config: string) => plugin(`vm_config: { ${CODE} }, ${config}`).failure;
  assert.equal(failure("name: a"), "closed");
  assert.equal(failure("fail_open: true"), "legacy-open");
  assert.equal(failure("failure_policy: FAIL_OPEN"), "open");
  assert.equal(failure("fail_open: false, failure_policy: FAIL_RELOAD"), "reload");
  assert.equal(failure("failure_policy: FAIL_CLOSED"), "closed");
});

test("a list of clusters that is no list of names is an error; none is the empty list", () => {
  const value = (json: string): string =>
    `vm_config: { ${CODE} }, configuration: { "@type": ${STRING}, value: '${json}' }`;
  assert.deepEqual(plugin(value('{"allowed_dispatch_clusters":[]}')).dispatchClusters, []);
  assert.equal(plugin(value("{}")).dispatchClusters, null);
  assert.equal(plugin(value("not JSON")).dispatchClusters, null);
  for (const json of [
    '{"allowed_dispatch_clusters":"backend"}',
    '{"allowed_dispatch_clusters":[1]}',
  ]) {
    assert.equal(read(bootstrap({ filters: wasm(value(json)) })).config, null);
  }
});

test("the smaller of two limits counts, and a limit that is none is an error", () => {
  const layers = (...texts: readonly string[]): string =>
    bootstrap({
      top: `layered_runtime: { layers: [${texts.map((text, i) => `{ name: l${i}, static_layer: { ${text} } }`).join(", ")}] }`,
    });
  const key = "envoy.wasm.runtime.v8.engine.heap_size_limit";
  const other = "envoy.wasm.runtime.wasmtime.engine.memory_limit";
  assert.equal(read(layers(`${key}: 100, ${other}: 50`)).config?.limits.memory, 50);
  // A later layer replaces the same key.
  assert.equal(read(layers(`${key}: 100`, `${key}: 200`)).config?.limits.memory, 200);
  for (const value of ["0", "-1", "1.5", "none", "yes", "[]"]) {
    assert.equal(read(layers(`${key}: ${value}`)).config, null, value);
  }
});

test("configuration of a kind that Envoy serialises is refused, not handed over empty", () => {
  const any = `{ "@type": type.googleapis.com/google.protobuf.UInt32Value, value: 3 }`;
  const { config, codes } = read(
    bootstrap({ filters: wasm(`vm_config: { ${CODE} }, configuration: ${any}`) }),
  );
  assert.equal(config, null);
  assert.ok(codes.includes("error lab-unsupported-value"));
});

test("a filter that protects something and is not run leaves no configuration", () => {
  for (const type of [
    "rbac.v3.RBAC",
    "jwt_authn.v3.JwtAuthentication",
    "ext_authz.v3.ExtAuthz",
    "lua.v3.Lua",
  ]) {
    const { config, codes } = read(
      bootstrap({ filters: `- { name: x, typed_config: { "@type": ${HTTP}.${type} } }` }),
    );
    assert.equal(config, null, type);
    assert.ok(codes.includes("error lab-unsupported-filter"), type);
  }
});

test("a plugin that comes by discovery is said to be left out", () => {
  const filters = `- { name: x, config_discovery: { config_source: { ads: {} }, type_urls: [${HTTP}.wasm.v3.Wasm] } }`;
  const { config, codes } = read(bootstrap({ filters }));
  assert.equal(config, null);
  assert.ok(codes.includes("error lab-unsupported"));
});

test("an access logger that says nothing of what it is leaves no configuration", () => {
  for (const log of ["{}", "{ name: envoy.access_loggers.file }"]) {
    const { config, codes } = read(bootstrap({ manager: `access_log: [${log}]` }));
    assert.equal(config, null, log);
    assert.deepEqual(codes, ["error envoy-missing-field"], log);
  }
});

test("the tuning of an upstream's protocol is said to be left out, wherever it stands", () => {
  const options =
    "typed_extension_protocol_options: { envoy.extensions.upstreams.http.v3.HttpProtocolOptions: ";
  const type = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const explicit = (inner: string) =>
    `${options}{ "@type": ${type}, explicit_http_config: { ${inner} } } }`;
  for (const [cluster, count] of [
    [explicit("http2_protocol_options: {}"), 0],
    [explicit("http2_protocol_options: { max_concurrent_streams: 7, allow_connect: true }"), 2],
    [explicit("http2_protocol_options: { connection_keepalive: { timeout: 1s } }"), 1],
    [explicit("http_protocol_options: { accept_http_10: true }"), 1],
    ["http2_protocol_options: { hpack_table_size: 7 }", 1],
  ] as const) {
    const { config, codes } = read(bootstrap({ cluster }));
    assert.ok(config !== null, codes.join());
    const left = codes.filter((one) => one === "warning lab-unsupported");
    assert.equal(left.length, count, `${cluster}: ${codes.join()}`);
  }
});

test("a longest wait that is shorter than the first is refused of a download, as Envoy does, not of a reload", () => {
  const strategy = (max: string) => `{ base_interval: 5s, max_interval: ${max} }`;
  const remote = (max: string) =>
    `vm_config: { code: { remote: { http_uri: { uri: http://x/y, cluster: backend, timeout: 1s }, sha256: ${"0".repeat(64)}, retry_policy: { retry_back_off: ${strategy(max)} } } } }`;
  const codes = (config: string) => read(bootstrap({ filters: wasm(config) })).codes;
  assert.deepEqual(codes(remote("1s")), ["error envoy-invalid-value"]);
  assert.deepEqual(codes(remote("5s")), []);
  const reload = `failure_policy: FAIL_RELOAD, reload_config: { backoff: ${strategy("1s")} }`;
  assert.deepEqual(codes(`vm_config: { ${CODE} }, ${reload}`), []);
});

test("hops whose word on the client is believed are refused: the lab knows the connection's address only", () => {
  const { config, codes } = read(bootstrap({ manager: "xff_num_trusted_hops: 1" }));
  assert.equal(config, null);
  assert.deepEqual(codes, ["error lab-unsupported"]);
  assert.deepEqual(read(bootstrap({ manager: "xff_num_trusted_hops: 0" })).codes, []);
  assert.deepEqual(read(bootstrap({ manager: "drain_timeout: 2s" })).codes, [
    "warning lab-unsupported",
  ]);
});
