// What `generate TARGET` writes for meshes, policy engines and monitoring: files beside this one, digests and sizes of
// modules left out (BLESS=1 rewrites them); that text and data say the same; that our own readers and rules find
// nothing wrong with it; and what a target can't say.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { audit } from "../../src/audit/audit.ts";
import { Failure } from "../../src/errors/failure.ts";
import { generateMesh, type TargetRequest } from "../../src/mesh/generate/mesh.ts";
import type { MeshRequest } from "../../src/mesh/generate/request.ts";
import { lint } from "../../src/mesh/lint/lint.ts";
import { parseTargets } from "../../src/mesh/lint/targets.ts";
import { readFileText } from "../../src/mesh/read/read-file.ts";
import { ANSWERS, prometheusName, REQUESTS, series } from "../../src/spec/plugin-metrics.ts";
import { version } from "../../src/util/version.ts";
import { CANARY_DIGEST, dashboards, files, watching } from "./generate-targets.ts";
import { canaryOf, MANIFEST, meshRequest, revision } from "./mesh-request.ts";

const folder = fileURLToPath(new URL("../../../test/mesh/generated/", import.meta.url));

const masked = (text: string): string =>
  text
    .replaceAll(MANIFEST, "<manifest>")
    .replaceAll(CANARY_DIGEST, "<canary>")
    // Quoted or not by its first digit.
    .replace(/"?\b[0-9a-f]{64}\b"?/g, "<sha256>")
    .replace(/\d+ bytes|\d+\s*\n?#? *bytes/g, "<size> bytes")
    .replaceAll(`glovebox ${version()}`, "glovebox <version>");

function golden(name: string, text: string): void {
  const file = `${folder}${name}`;
  if (process.env.BLESS === "1") writeFileSync(file, masked(text));
  assert.equal(masked(text), readFileSync(file, "utf8"));
}

for (const [name, make] of Object.entries(files)) {
  test(`${name}.yaml is what is generated, each time the same, and text and data agree`, () => {
    const { yaml, documents } = make();
    assert.equal(yaml, make().yaml);
    golden(`${name}.yaml`, yaml);
    const parsed = parseAllDocuments(yaml).map((one) => {
      assert.deepEqual(one.errors, []);
      return one.toJS();
    });
    assert.deepEqual(parsed, documents);
  });
}

for (const [name, make] of Object.entries(dashboards)) {
  test(`${name}.json.txt is what is generated, each time the same`, () => {
    const text = `${JSON.stringify(make(), null, 2)}\n`;
    assert.equal(text, `${JSON.stringify(make(), null, 2)}\n`);
    golden(`${name}.json.txt`, text);
  });
}

test("our own rules find nothing wrong with what is generated", () => {
  const targets = parseTargets("envoy=1.36,istio=1.30");
  const wrong = Object.entries(files).flatMap(([name, make]) => {
    const read = readFileText(`${name}.yaml`, make().yaml);
    const { findings } = lint([read], { targets, policy: null, module: () => null });
    return findings
      .filter((one) => one.level !== "info")
      .map((one) => `${name}:${one.line} ${one.code}: ${one.message}`);
  });
  assert.deepEqual(wrong, []);
});

test("an audit reads back what was generated: pinned, restricted where the target can say it", () => {
  const rows = (name: string) => audit([readFileText(name, files[name]!().yaml)]).rows;
  const [plugin] = rows("istio-wasm-plugin");
  assert.deepEqual(
    [plugin?.pin, plugin?.digest, plugin?.failure],
    ["manifest", MANIFEST, "closed"],
  );
  assert.equal(plugin?.capabilities, null, "a WasmPlugin can't say them");
  const [filter, ...more] = rows("istio-envoy-filter");
  assert.deepEqual(more, []);
  assert.equal(filter?.pin, "manifest");
  assert.ok((filter?.callbacks?.length ?? 0) > 0, "the list has its callbacks");
  for (const name of ["istio-canary", "kuma-canary", "envoy-gateway-canary"]) {
    const both = rows(name);
    assert.deepEqual(
      both.map((row) => row.plugin).sort(),
      ["header-tag", "header-tag-canary"],
      name,
    );
    assert.ok(
      both.every((row) => row.capabilities !== null && row.vmId !== null),
      name,
    );
    assert.ok(
      both.every((row) => row.sameVm.length === 0 && row.sameData.length === 0),
      name,
    );
  }
});

const asked = (more: Partial<MeshRequest>, plugin = revision("header-tag")) =>
  meshRequest(plugin, more);
const istio = (more: Partial<MeshRequest>, rest: object = {}): TargetRequest => ({
  target: "istio",
  request: { ...asked(more), version: "1.28", form: "wasm-plugin", ...rest },
});
const reloads = revision("header-tag", { overrides: { "spec.failure": "reload" } });
const withVariables = revision("header-tag", { source: "http", environment: [["A", "b"]] });
const oneGateway = { labels: [], targets: [{ kind: "Gateway", name: "public" }] };

const refusals: readonly (readonly [string, string, TargetRequest])[] = [
  [
    "FAIL_RELOAD before it was there",
    "generate-strategy",
    istio({ stable: reloads }, { version: "1.26" }),
  ],
  [
    "a TrafficExtension before it was there",
    "generate-istio-since",
    istio({}, { version: "1.29", form: "traffic-extension" }),
  ],
  [
    "a configuration that is no object for a WasmPlugin",
    "generate-configuration",
    istio({ stable: revision("header-tag", { configuration: "secret = x" }) }),
  ],
  [
    "targets for an EnvoyFilter",
    "generate-filter-targets",
    istio({ targets: [{ kind: "Gateway", name: "a" }] }, { form: "envoy-filter" }),
  ],
  [
    "Envoy Gateway without a target",
    "generate-targets",
    { target: "envoy-gateway", request: { ...asked({ labels: [] }), form: "extension-policy" } },
  ],
  [
    "reload in an EnvoyExtensionPolicy",
    "generate-gateway-reload",
    {
      target: "envoy-gateway",
      request: { ...asked({ ...oneGateway, stable: reloads }), form: "extension-policy" },
    },
  ],
  [
    "variables in an EnvoyExtensionPolicy",
    "generate-gateway-variables",
    {
      target: "envoy-gateway",
      request: { ...asked({ ...oneGateway, stable: withVariables }), form: "extension-policy" },
    },
  ],
  [
    "a registry in an EnvoyPatchPolicy",
    "generate-source",
    { target: "envoy-gateway", request: { ...asked(oneGateway), form: "patch-policy" } },
  ],
  [
    "a patch of a route",
    "generate-patch-target",
    {
      target: "envoy-gateway",
      request: {
        ...asked({
          labels: [],
          targets: [{ kind: "HTTPRoute", name: "a" }],
          stable: withVariables,
        }),
        form: "patch-policy",
      },
    },
  ],
  [
    "a registry for Kuma",
    "generate-source",
    { target: "kuma", request: { ...asked({}), mesh: "default" } },
  ],
  [
    "a pull secret for Kuma",
    "generate-no-pull-secret",
    {
      target: "kuma",
      request: { ...asked({ stable: withVariables, pullSecret: "a" }), mesh: "default" },
    },
  ],
  [
    "reload in Gloo",
    "generate-gloo-reload",
    {
      target: "gloo",
      request: { ...asked({ ...oneGateway, stable: reloads }), form: "listener-option" },
    },
  ],
  [
    "a URL for Gloo Gateway",
    "generate-source",
    {
      target: "gloo",
      request: {
        ...asked({ ...oneGateway, stable: revision("header-tag", { source: "http" }) }),
        form: "listener-option",
      },
    },
  ],
];

for (const [what, code, request] of refusals) {
  test(`${what} is refused with ${code}`, () => {
    assert.throws(
      () => generateMesh(request, ""),
      (error) => error instanceof Failure && error.code === code,
    );
  });
}

test("what a target can't carry is said once, with the way that can", () => {
  const codes = (name: string) => files[name]!().findings.map((one) => one.code);
  assert.deepEqual(codes("istio-wasm-plugin"), ["generate-cannot-carry"]);
  assert.deepEqual(codes("istio-envoy-filter"), []);
  assert.deepEqual(codes("istio-canary"), ["generate-cannot-carry"]);
  assert.deepEqual(codes("envoy-gateway-extension-policy"), ["generate-cannot-carry"]);
  assert.deepEqual(codes("kuma-file"), []);
});

test("a plugin that shares data is warned of where Istio gives it no vm_id", () => {
  const allow = ["proxy_get_shared_data", "proxy_set_shared_data"];
  const overrides = { "spec.role": "header-rewriter", "spec.capabilities.allow+": allow };
  const sharing = revision("tenant-cache", { configuration: null, overrides });
  const { findings } = generateMesh(
    {
      target: "istio",
      request: { ...asked({ stable: sharing }), version: "1.28", form: "wasm-plugin" },
    },
    "",
  );
  assert.ok(findings.some((one) => one.code === "generate-shared-namespace"));
});

test("a canary shares neither VM nor name with what was there, and its fraction is what was asked for", () => {
  const { yaml } = files["kuma-canary"]!();
  const [patch] = parseAllDocuments(yaml).map((one) => one.toJS());
  const filter = patch.spec.default.appendModifications.at(-1).httpFilter.value as string;
  const ids = [...filter.matchAll(/vm_id: "?([\w-]+)"?/g)].map((match) => match[1]);
  assert.deepEqual(ids, ["header-tag-canary-all", "header-tag-all"]);
  assert.match(filter, /numerator: 20\b/);
  const value = parse(filter);
  assert.equal(value.name, "envoy.filters.http.wasm/header-tag");
});

const TOLD = ["tells-closed", "tells-open", "tells-reload"].flatMap((name) => [
  name,
  `edge.${name}`,
]);

test("every name that a rule is written on is one that its source counts", () => {
  for (const [name, source] of [
    ["prometheus-envoy", "envoy"],
    ["prometheus-telemetry", "envoy"],
    ["prometheus-lab", "lab"],
  ] as const) {
    const { yaml } = files[name]!();
    const names = new Set(
      [...yaml.matchAll(/\b((?:envoy|glovebox)_[a-zA-Z0-9_]+)(?=[{[])/g)].map((m) => m[1]!),
    );
    const known = series
      .filter((row) => row.source === source)
      .flatMap((row) => row.names)
      .flatMap((one) =>
        [...watching(source).plugins.map(({ policy }) => policy.name), ...TOLD].map((plugin) =>
          one.replace("{plugin}", prometheusName(plugin)),
        ),
      );
    for (const name of names) {
      const others = [ANSWERS, REQUESTS];
      assert.ok([...known, ...others].includes(name), `${source}: ${name}`);
    }
    assert.ok(names.size > 0);
  }
});

test("canaries of every mesh end with the alert that ends them", () => {
  for (const name of ["istio-canary", "envoy-gateway-canary", "kuma-canary", "gloo-canary"]) {
    const last = files[name]!().documents.at(-1) as { kind: string };
    assert.equal(last.kind, "PrometheusRule", name);
  }
  assert.ok(canaryOf("header-tag").revision.envoy.policy.name.endsWith("-canary"));
});
