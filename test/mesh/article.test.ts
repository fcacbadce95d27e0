// The article's Envoy blocks load as written, mean what the article says, and each form of which Envoy knows
// nothing is said at its place.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readLabConfig } from "../../src/mesh/envoy/lab/read-lab-config.ts";
import type { LabConfig } from "../../src/mesh/envoy/lab-config.ts";
import { labIo } from "./lab-io.ts";

const folder = fileURLToPath(new URL("../../../test/fixtures/article/", import.meta.url));

interface Loaded {
  readonly config: LabConfig;
  /** `code line` of each finding that the article earns. */
  readonly article: readonly string[];
  readonly other: readonly string[];
}

function load(name: string): Loaded {
  const { config, findings } = readLabConfig(readFileSync(folder + name, "utf8"), name, labIo());
  assert.ok(config !== null, `${name}: ${findings.map((one) => one.message).join("; ")}`);
  const shown = findings.map(({ code, level, where }) => {
    assert.ok(where?.at === "file" && where.file === name && where.line !== undefined);
    return { ours: code.startsWith("article-"), level, text: `${code} ${where.line}` };
  });
  for (const one of shown) assert.equal(one.level, one.ours ? "info" : "warning", one.text);
  const texts = (ours: boolean) => shown.filter((one) => one.ours === ours).map((one) => one.text);
  return { config, article: texts(true), other: texts(false) };
}

/** The line of a fixture that holds a text. */
function lineOf(name: string, text: string): number {
  const lines = readFileSync(folder + name, "utf8").split("\n");
  const index = lines.findIndex((line) => line.includes(text) && !line.startsWith("#"));
  assert.ok(index >= 0, `${name}: ${text}`);
  return index + 1;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test("every fixture says which block it is, what is kept and what is added", () => {
  const names = readdirSync(folder);
  assert.ok(names.length >= 9);
  for (const name of names) {
    const header = readFileSync(folder + name, "utf8")
      .split("\n")
      .slice(0, 6)
      .join("\n");
    assert.match(header, /^# Block: "Step \d/, name);
    assert.match(header, /# Kept: /, name);
    assert.match(header, /# The skeleton adds: /, name);
    load(name);
  }
});

test("step 1: the plugin with its capabilities, its digest and its one call at a time", () => {
  const name = "step-1-plugin.yaml";
  const { config, article, other } = load(name);
  const [plugin] = config.plugins;
  assert.ok(plugin !== undefined && config.plugins.length === 1);
  const { code, at, configuration, ...rest } = plugin;
  assert.equal(at.line, lineOf(name, "name: my-auth-plugin"));
  assert.deepEqual(JSON.parse(text(configuration)), {
    issuer: "https://auth.example.com",
    audience: "internal-api",
  });
  assert.deepEqual(rest, {
    name: "my-auth-plugin",
    rootId: "my_auth_root",
    vmId: "my-auth-plugin",
    runtime: "envoy.wasm.runtime.v8",
    vmConfiguration: new Uint8Array(0),
    environment: { host: [], values: {} },
    failure: "closed",
    reloadBackoff: null,
    capabilities: [
      "proxy_get_property",
      "proxy_log",
      "proxy_get_buffer_bytes",
      "proxy_set_buffer_bytes",
    ],
    maxOutstandingDispatches: 1,
    dispatchClusters: null,
    allowHeadersStop: false,
  });
  assert.ok(code.kind === "remote");
  assert.deepEqual(
    { ...code, at: undefined },
    {
      kind: "remote",
      uri: "https://registry.example.com/wasm-plugins/my-auth/v1.2.3.wasm",
      cluster: "registry-cluster",
      timeout: 10_000,
      sha256: "1234567890abcdef".repeat(4),
      retries: 2,
      backoff: { base: 1000, max: 10_000 },
      at: undefined,
    },
  );
  assert.deepEqual(article, [
    `article-no-callbacks ${lineOf(name, "allowed_capabilities")}`,
    `article-capability-name ${lineOf(name, "proxy_get_buffer")}`,
    `article-capability-name ${lineOf(name, "proxy_set_buffer")}`,
    `article-concurrent ${lineOf(name, "max_capabilities_concurrent")}`,
  ]);
  assert.deepEqual(other, [`envoy-deprecated ${lineOf(name, "capability_restriction_config")}`]);
});

test("step 1: the runtime keys cap memory and fuel", () => {
  const name = "step-1-bootstrap-runtime.yaml";
  const { config, article, other } = load(name);
  assert.deepEqual(config.limits, { memory: 67_108_864, fuel: 100_000_000 });
  assert.deepEqual(article, [
    `article-runtime ${lineOf(name, "runtime:")}`,
    `article-runtime-key ${lineOf(name, "v8.engine.heap_size_limit")}`,
    `article-runtime-key ${lineOf(name, "v8.engine.fuel_consumption")}`,
    `article-runtime-key ${lineOf(name, "wasmtime.engine.memory_limit")}`,
    `article-runtime-key ${lineOf(name, "wasmtime.engine.fuel_consumption")}`,
  ]);
  assert.deepEqual(other, []);
});

test("step 2: fail_open: false is closed", () => {
  const { config } = load("step-2-failure-policy.yaml");
  assert.equal(config.plugins[0]?.failure, "closed");
});

test("step 3: the roles' capabilities, as a map and as a list", () => {
  const names = (file: string) => load(file).config.plugins[0]?.capabilities;
  assert.deepEqual(names("step-3-logging.yaml"), [
    "proxy_log",
    "proxy_get_property",
    "proxy_define_metric",
    "proxy_increment_metric",
  ]);
  assert.deepEqual(names("step-3-header-rewriter.yaml"), [
    "proxy_log",
    "proxy_get_buffer_bytes",
    "proxy_set_buffer_bytes",
  ]);
  assert.deepEqual(names("step-3-capability-list.yaml"), names("step-3-auth.yaml"));
  const list = "step-3-capability-list.yaml";
  const where = `article-capability-list ${lineOf(list, "- proxy_log")}`;
  assert.ok(load(list).article.includes(where));
});

test("step 3: the plugin's own list of clusters holds it to them", () => {
  const name = "step-3-dispatch-clusters.yaml";
  const { config, article } = load(name);
  assert.deepEqual(config.plugins[0]?.dispatchClusters, ["external-auth-cluster"]);
  assert.deepEqual(article, [`article-dispatch-clusters ${lineOf(name, "configuration:")}`]);
});

test("step 4: each tenant's route has its own plugin in the filter's place", () => {
  const { config, article } = load("step-4-per-route.yaml");
  const chain = config.listeners[0]?.chain;
  assert.ok(chain?.kind === "http");
  const [filter] = chain.filters;
  assert.equal(filter?.name, "envoy.filters.http.wasm");
  const routes = chain.virtualHosts[0]?.routes ?? [];
  const plugins = routes.map((route) => {
    const override = route.perFilter["envoy.filters.http.wasm"];
    assert.ok(override?.plugin !== null && override?.disabled === false);
    const plugin = config.plugins[override.plugin];
    return [plugin?.name, plugin?.vmId, plugin?.code.kind === "file" && plugin.code.path];
  });
  assert.deepEqual(plugins, [
    ["tenant-a-auth-plugin", "tenant-a-auth-plugin", "tenant-a.wasm"],
    ["tenant-b-auth-plugin", "tenant-b-auth-plugin", "tenant-b.wasm"],
  ]);
  assert.equal(config.plugins.length, 3);
  const codes = article.map((one) => one.split(" ")[0]);
  assert.deepEqual(codes.filter((one) => one === "article-type-url").length, 2);
  assert.deepEqual(codes.filter((one) => one === "article-route-plugin").length, 2);
});
