// What `generate envoy` writes: files beside this one, digests and sizes of modules left out (BLESS=1 rewrites them);
// what our own reader makes of it; and what is refused before a proxy is asked.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { Failure } from "../../src/errors/failure.ts";
import { inspect } from "../../src/inspect/inspect.ts";
import { generateEnvoy } from "../../src/mesh/envoy/generate/generate.ts";
import {
  type EnvoyCanary,
  type EnvoyRequest,
  forms,
} from "../../src/mesh/envoy/generate/request.ts";
import { readLabConfig } from "../../src/mesh/envoy/lab/read-lab-config.ts";
import { callback } from "../../src/spec/callbacks.ts";
import { envoyHas, envoyReleases } from "../../src/spec/envoy-versions.ts";
import { hostFunctionNamed } from "../../src/spec/host-functions.ts";
import { sha256 } from "../../src/util/digest.ts";
import { version } from "../../src/util/version.ts";
import { requestFor, shipped } from "./generate-request.ts";
import { labIo } from "./lab-io.ts";

const folder = fileURLToPath(new URL("../../../test/mesh/generate/", import.meta.url));
const ROUTES = [
  { prefix: "/", cluster: "web" },
  { prefix: "/api/", cluster: "api" },
  { prefix: "/api", cluster: "api" },
];

const generate = (name: string, request: EnvoyRequest, canary: EnvoyCanary | null = null) =>
  generateEnvoy(shipped(name), request, canary);

/** A new version that may call out; the first one may not. */
const newer: EnvoyCanary = {
  original: shipped("external-auth"),
  policy: requestFor("external-auth", { "metadata.name": "header-rewriter-canary" }).policy,
  dispatch: ["external-auth-cluster"],
  code: { kind: "remote", url: new URL("https://modules.example.com/new.wasm") },
  percent: 5,
};

const masked = (yaml: string): string =>
  yaml
    .replace(/"?[0-9a-f]{64}"?/g, "<sha256>")
    .replace(/\d+ bytes/g, "<size> bytes")
    .replace(`glovebox ${version()}`, "glovebox <version>");

const goldens: Readonly<Record<string, () => readonly [string, EnvoyRequest, EnvoyCanary?]>> = {
  "listener-1.36-canary-routes": () => [
    "header-rewriter",
    requestFor(
      "header-rewriter",
      {},
      { version: "1.36", form: "listener", routes: ROUTES.slice(0, 2), configuration: "{}" },
    ),
    newer,
  ],
  "filter-1.36-local-closed": () => [
    "header-tag",
    requestFor("header-tag", {}, { version: "1.36", form: "filter" }),
  ],
  "bootstrap-1.40-remote-routes-reload": () => [
    "header-rewriter",
    requestFor(
      "header-rewriter",
      { "spec.failure": "reload" },
      {
        routes: ROUTES,
        clusters: new Map([["web", { host: "web.internal", port: 8080 }]]),
        code: { kind: "remote", url: new URL("https://modules.example.com/r.wasm?v=2") },
        environment: [["TENANT", "a: b # c"]],
      },
    ),
  ],
  "listener-1.40-dispatch-open": () => [
    "external-auth",
    requestFor(
      "external-auth",
      { "spec.failure": "open" },
      { form: "listener", dispatch: ["external-auth-cluster"], listen: { host: "::1", port: 8 } },
    ),
  ],
  "filter-1.30-routes-open": () => [
    "request-log",
    requestFor(
      "request-log",
      { "spec.failure": "open" },
      { version: "1.30", form: "filter", routes: ROUTES.slice(0, 1) },
    ),
  ],
};

test("versions whose names and routes make the same words have VMs of their own all the same", () => {
  const routes = ["/a", "/canary/a"].map((prefix) => ({ prefix, cluster: "web" }));
  const out = generate("header-rewriter", requestFor("header-rewriter", {}, { routes }), newer);
  assert.deepEqual([...out.vmIds, ...out.canary!.vmIds].sort(), [
    "header-rewriter-a",
    "header-rewriter-canary-a",
    "header-rewriter-canary-a-2",
    "header-rewriter-canary-canary-a",
  ]);
});

for (const [name, make] of Object.entries(goldens)) {
  test(`${name}.yaml is what is generated`, () => {
    const [plugin, request, canary] = make();
    const { yaml } = generate(plugin, request, canary);
    assert.equal(
      yaml,
      generate(plugin, request, canary).yaml,
      "the same input gives the same output",
    );
    const file = `${folder}${name}.yaml`;
    if (process.env.BLESS === "1") writeFileSync(file, masked(yaml));
    assert.equal(masked(yaml), readFileSync(file, "utf8"));
  });
}

test("YAML and data say the same, and both name the digest of the bytes that come with them", () => {
  for (const make of Object.values(goldens)) {
    const [plugin, request] = make();
    const { yaml, config, bytes, report } = generate(plugin, request);
    assert.deepEqual(parse(yaml), config);
    assert.equal(report.hardened.sha256, sha256(bytes));
    assert.ok(yaml.includes(sha256(bytes)) && yaml.includes(request.policy.digest));
  }
});

/** Every message of one field, wherever it stands. */
function* all(value: unknown, field: string): Generator<unknown> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === field) yield inner;
    yield* all(inner, field);
  }
}

const samples = (plugins as readonly PluginRow[]).filter((row) => row.kind === "sample");

test("capabilities are a map of real names that is never empty, and exactly what the module has", () => {
  for (const { name } of samples) {
    for (const { release } of envoyReleases) {
      const { config, bytes } = generate(name, requestFor(name, {}, { version: release }));
      const [plugin] = all(config, "config") as Generator<Record<string, object>>;
      const vm = plugin?.vm_config as Record<string, object>;
      const inVm = envoyHas(release, "restriction-in-vm-key");
      assert.equal("capability_restriction_config" in vm, inVm, release);
      assert.equal("capability_restriction_config" in plugin!, !inVm, release);
      const [capabilities] = all(config, "allowed_capabilities") as Generator<object>;
      const names = Object.keys(capabilities!);
      assert.ok(names.some((one) => callback(one) !== undefined));
      for (const one of names) assert.ok(hostFunctionNamed(one) ?? callback(one), one);
      const { imports, callbacks } = inspect(bytes);
      const gated = callbacks.filter((one) => one.called && callback(one.name)!.gated);
      const has = [
        ...imports.flatMap((one) => one.capability ?? []),
        ...gated.map((one) => one.name),
      ];
      assert.deepEqual([...names].sort(), [...new Set(has)].sort(), `${name} ${release}`);
    }
  }
});

test("a call that the policy denies is not in the list, though the plugin imports it", () => {
  const { capabilities, report } = generate("exfiltrate-http", requestFor("exfiltrate-http"));
  assert.ok(report.imports.denied.includes("proxy_http_call"));
  assert.ok(!capabilities.includes("proxy_http_call"));
});

test("with budgets per request the callbacks that keep them are in the list, though the plugin has none of them", () => {
  const lifecycle = ["proxy_on_context_create", "proxy_on_delete"];
  const names = (request: EnvoyRequest) => generate("exfiltrate-http", request).capabilities;
  const plain = names(requestFor("exfiltrate-http"));
  assert.deepEqual(
    plain.filter((name) => lifecycle.includes(name)),
    [],
  );
  const budgets = names(requestFor("exfiltrate-http", { "spec.limits.fuel.request": 50_000_000 }));
  for (const name of lifecycle) assert.ok(budgets.includes(name), name);
});

test("each route has a filter, a VM and a namespace of its own, whatever the prefixes are", () => {
  const routes = ["/a", "/a/", "/A", "/a-2", "/"].map((prefix) => ({ prefix, cluster: "c" }));
  const { config, vmIds } = generate("header-tag", requestFor("header-tag", {}, { routes }));
  assert.equal(new Set(vmIds).size, routes.length);
  assert.deepEqual([...all(config, "vm_id")], vmIds);
  const filters = [...all(config, "http_filters")][0] as { name: string; disabled?: boolean }[];
  const plugin = filters.slice(0, -1);
  assert.ok(plugin.every((one) => one.disabled === true));
  const overrides = [...all(config, "typed_per_filter_config")].map((one) => Object.keys(one!));
  assert.deepEqual(
    overrides,
    plugin.map((one) => [one.name]),
  );
  const prefixes = [...all(config, "prefix")].map((one) => String(one).length);
  assert.deepEqual(
    prefixes,
    [...prefixes].sort((a, b) => b - a),
    "longest first",
  );
});

test("the lab reads what is generated for its release and finds nothing but information", () => {
  const io = labIo({ "/etc/ssl/certs/ca-certificates.crt": "CA" });
  for (const form of ["listener", "bootstrap"] as const) {
    for (const failure of ["closed", "open", "reload"] as const) {
      for (const code of [
        { kind: "local", filename: "a.wasm" },
        { kind: "remote", url: new URL("https://m.example/a.wasm") },
      ] as const) {
        const more = { form, code, routes: ROUTES, environment: [["A", "b"]] as const };
        const request = requestFor("header-tag", { "spec.failure": failure }, more);
        const { yaml, vmIds } = generate("header-tag", request);
        const { config, findings } = readLabConfig(yaml, "generated.yaml", io);
        const worse = findings.filter((one) => one.level !== "info");
        assert.deepEqual(
          worse.map((one) => one.message),
          [],
        );
        assert.deepEqual(
          config?.plugins.map((one) => one.vmId),
          vmIds,
        );
        assert.deepEqual(new Set(config?.plugins.map((one) => one.failure)), new Set([failure]));
        assert.ok(config?.plugins.every((one) => (one.capabilities?.length ?? 0) > 0));
        assert.ok(config?.plugins.every((one) => one.environment.host.length === 0));
      }
    }
  }
});

test("nothing that comes from outside becomes more than a value", () => {
  const hostile = 'x"\n- y: "\u2028*a #\u001b[2J\u0085 {{b}}';
  const request = requestFor(
    "header-tag",
    {},
    {
      configuration: hostile,
      rootId: hostile,
      environment: [["A", hostile]],
      code: { kind: "local", filename: hostile },
    },
  );
  for (const form of forms) {
    const { yaml, config } = generate("header-tag", { ...request, form });
    assert.deepEqual(parse(yaml), config);
    assert.ok(!/[^\n\x20-\x7e]/.test(yaml));
    assert.equal([...all(config, "root_id")][0], hostile);
  }
});

/** The code that a generation ends with, and its message with hint. */
function refusal(name: string, request: EnvoyRequest): readonly [string, string] {
  try {
    generate(name, request);
  } catch (error) {
    if (error instanceof Failure) return [error.code, `${error.message} ${error.hint}`];
    throw error;
  }
  return ["", "generated"];
}

const refused: readonly [string, string, EnvoyRequest, RegExp][] = [
  [
    "what a trap can't do in a release",
    "generate-failure-policy",
    requestFor("header-tag", { "spec.failure": "reload" }, { version: "1.32" }),
    /Envoy 1\.32 can't do.*1\.33/,
  ],
  ["a configure that never ends", "generate-not-started", requestFor("loop-configure"), /fuel/],
  ["a cap below the minimum", "harden-memory-min", requestFor("memory-minimum"), /Raise limits/],
  ["no ABI marker", "harden-abi-missing", requestFor("abi-no-marker"), /ABI/],
  ["an import of another ABI", "harden-import-abi", requestFor("abi-wrong-import"), /ABI/],
  ["an import that no host has", "harden-import-unknown", requestFor("unknown-import"), /host/],
];

for (const [what, code, request, words] of refused) {
  test(`${what} is said before Envoy does: ${code}`, () => {
    const [found, message] = refusal(request.policy.name, request);
    assert.equal(found, code, message);
    assert.match(message, words);
  });
}
