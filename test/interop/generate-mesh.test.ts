// What is generated for meshes, given to who reads it: Istio's own tool, definitions of objects as their projects
// publish them, and every Envoy at hand, which runs the filters and takes the canary's fraction.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse } from "yaml";
import { generateMesh } from "../../src/mesh/generate/mesh.ts";
import type { Canary, MeshRequest } from "../../src/mesh/generate/request.ts";
import { recordings } from "../../src/mesh/generate/watch.ts";
import { glovebox } from "../cli/glovebox.ts";
import { files, watching } from "../mesh/generate-targets.ts";
import { canaryOf, meshRequest, type RevisionOptions, revision } from "../mesh/mesh-request.ts";
import { definitions, writeSchemas } from "./definitions.ts";
import { envoys, get, type Running, startEnvoy } from "./envoys.ts";
import { present, runParty } from "./party.ts";

const scratch = await mkdtemp(join(tmpdir(), "glovebox-mesh-"));
after(() => rm(scratch, { recursive: true, force: true }));
const ci = process.env.CI === "true" || process.env.CI === "1";

// Before the first test: one that ends while others are still to be defined would end the file.
const upstream = createServer((request, response) => {
  response.end(JSON.stringify({ headers: request.headers }));
});
await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
after(() => upstream.close());

const served = new Map<string, Uint8Array>();
const store = createServer((request, response) => {
  const bytes = served.get(request.url ?? "");
  response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
});
await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
after(() => store.close());
const { port: modules } = store.address() as AddressInfo;

let count = 0;
const newFile = (end: string): string => join(scratch, `${++count}.${end}`);

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
}

const objectsOf = (name: string) => files[name]!().documents as readonly KubernetesObject[];

/** Files in which every object is of a group that matches. */
const namesWith = (group: RegExp): readonly string[] =>
  Object.keys(files).filter((name) => {
    const objects = name.startsWith("prometheus") ? [] : objectsOf(name);
    return objects.some(({ apiVersion }) => group.test(apiVersion));
  });

const known = definitions();
const schemas = known.length === 0 ? "" : writeSchemas(known, join(scratch, "schemas"));
const kinds = new Set(
  known.flatMap(({ group, kind, versions }) =>
    versions.map((one) => `${group}/${one.name} ${kind}`),
  ),
);

async function conform(objects: readonly object[]): Promise<{ ok: boolean; output: string }> {
  const lines = objects.map((one) => JSON.stringify(one)).join("\n---\n");
  const file = newFile("yaml");
  await writeFile(file, lines);
  const args = ["-strict", "-summary", "-output", "text", "-schema-location", schemas, file];
  const { status, output } = await runParty("kubeconform", args, 60_000);
  return { ok: status === 0, output };
}

function hasDefinitions(t: Parameters<typeof present>[0]): boolean {
  if (known.length > 0) return true;
  if (ci) throw new Error("no definitions of objects: npm run test:interop fetches them");
  t.skip("no definitions of objects (npm run test:interop fetches them)");
  return false;
}

test("kubeconform finds every object of a published definition to be as it says, unknown fields and all", async (t) => {
  if (!hasDefinitions(t) || !present(t, "kubeconform", ["-v"])) return;
  const checked = new Set<string>();
  for (const name of Object.keys(files)) {
    const objects = files[name]!().documents as readonly KubernetesObject[];
    const mine = objects.filter(({ apiVersion, kind }) => kinds.has(`${apiVersion} ${kind}`));
    for (const one of mine) checked.add(one.kind);
    if (mine.length === 0) continue;
    const { ok, output } = await conform(mine);
    assert.ok(ok, `${name}: ${output}`);
    assert.match(output, new RegExp(`Valid: ${mine.length},`));
  }
  for (const kind of [
    "WasmPlugin",
    "TrafficExtension",
    "EnvoyFilter",
    "EnvoyExtensionPolicy",
    "EnvoyPatchPolicy",
    "PrometheusRule",
    "ValidatingPolicy",
    "ClusterPolicy",
  ]) {
    assert.ok(checked.has(kind), kind);
  }
  t.diagnostic([...checked].join(", "));
});

test("the schemas have teeth: a field too many, a strategy that isn't, a digest that is none", async (t) => {
  if (!hasDefinitions(t) || !present(t, "kubeconform", ["-v"])) return;
  const [good] = objectsOf("istio-wasm-plugin") as readonly (KubernetesObject & { spec: object })[];
  for (const spec of [
    { ...good!.spec, capabilities: {} },
    { ...good!.spec, failStrategy: "FAIL_SAFE" },
    { ...good!.spec, sha256: "short" },
  ]) {
    const { ok } = await conform([{ ...good, spec }]);
    assert.equal(ok, false, JSON.stringify(spec).slice(-60));
  }
});

/** What istioctl warns of, but for what it says of every EnvoyFilter. */
const warningsIn = (output: string): readonly string[] =>
  output
    .split("\n")
    .filter(
      (line) => /^\s*\* /.test(line) && !/exposes internal implementation details/.test(line),
    );

test("istioctl calls every object of Istio valid, and finds nothing in it", async (t) => {
  if (!present(t, "istioctl", ["version", "--remote=false"])) return;
  for (const name of namesWith(/istio\.io/)) {
    const objects = objectsOf(name).filter(({ apiVersion }) => /istio\.io/.test(apiVersion));
    for (const one of objects) {
      const file = newFile("yaml");
      await writeFile(file, JSON.stringify(one));
      const validated = await runParty("istioctl", ["validate", "-f", file], 60_000);
      assert.equal(validated.status, 0, `${name}: ${validated.output}`);
      assert.deepEqual(warningsIn(validated.output), [], name);
      const analyze = ["analyze", "--use-kube=false", "-o", "json", file];
      const analyzed = await runParty("istioctl", analyze, 60_000);
      const said = /\[[\s\S]*\]/.exec(analyzed.output)?.[0] ?? "[]";
      const findings = (JSON.parse(said) as { code: string; level: string; message: string }[])
        // Without a cluster there are neither pods nor gateways that the object could be for.
        .filter((one) => !["IST0101", "IST0127", "IST0102", "IST0103"].includes(one.code));
      assert.deepEqual(findings, [], name);
    }
  }
});

test("istioctl has teeth: a capability list and an unknown field in a patch are found", async (t) => {
  if (!present(t, "istioctl", ["version", "--remote=false"])) return;
  const text = JSON.stringify(objectsOf("istio-envoy-filter")[0]);
  const list = text.replace(
    /"allowed_capabilities":\{[^}]*(?:\{\}[^}]*)*\}/,
    '"allowed_capabilities":["proxy_log"]',
  );
  assert.notEqual(list, text);
  for (const bad of [list, text.replace('"root_id"', '"root_ident"')]) {
    const file = newFile("yaml");
    await writeFile(file, bad);
    const { status, output } = await runParty("istioctl", ["validate", "-f", file], 60_000);
    assert.ok(status !== 0 || warningsIn(output).length > 0, output);
  }
});

const address = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
const HTTP = "type.googleapis.com/envoy.extensions.filters.";

/** A bootstrap with these filters before the router. */
function around(httpFilters: readonly unknown[], clusters: readonly unknown[] = []): string {
  const { port } = upstream.address() as AddressInfo;
  const endpoint = { lb_endpoints: [{ endpoint: { address: address(port) } }] };
  const backend = {
    name: "backend",
    load_assignment: { cluster_name: "backend", endpoints: [endpoint] },
  };
  const manager = {
    "@type": `${HTTP}network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "mesh",
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "backend" } }],
        },
      ],
    },
    http_filters: [
      ...httpFilters,
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${HTTP}http.router.v3.Router` },
      },
    ],
  };
  const chain = {
    filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }],
  };
  return JSON.stringify({
    node: { id: "mesh-1", cluster: "mesh" },
    admin: { address: address(0) },
    static_resources: {
      listeners: [{ address: address(0), filter_chains: [chain] }],
      clusters: [backend, ...clusters],
    },
  });
}

/** Two plugins that can be told apart: one tags, one traps where it is asked to. */
async function pair(
  options: RevisionOptions,
): Promise<{ stable: MeshRequest["stable"]; canary: Canary }> {
  const [one, two] = [newFile("wasm"), newFile("wasm")];
  const stable = revision("header-tag", { ...options, source: "file", file: one });
  const canary = canaryOf(
    "trap-on-header",
    { ...options, name: "header-tag", source: "file", file: two },
    30,
  );
  await writeFile(one, stable.facts.bytes);
  await writeFile(two, canary.revision.facts.bytes);
  return { stable, canary };
}

async function withEnvoy(
  program: string,
  config: string,
  use: (one: Running) => Promise<void>,
): Promise<void> {
  const running = await startEnvoy(program, config);
  try {
    await use(running);
  } finally {
    await running.stop();
  }
}

/** Of so many requests, how many the tagging version met. */
async function tagged({ port }: Running, path: string, total: number): Promise<number> {
  let met = 0;
  for (let i = 0; i < total; i++) {
    const { status, body } = await get(port, path);
    assert.equal(status, 200);
    const { headers } = JSON.parse(body) as { headers: Record<string, string> };
    if (headers["x-by-hand"] !== undefined) met++;
  }
  return met;
}

const TOTAL = 200;

for (const { release, program } of envoys()) {
  test(`Envoy ${release}: Kuma's filter runs, and its canary takes the fraction of its path alone`, async (t) => {
    const { stable, canary } = await pair({
      version: release,
      overrides: { "spec.failure": "reload" },
    });
    const request = { ...meshRequest(stable, { canary }), mesh: "default" } as const;
    const { documents } = generateMesh({ target: "kuma", request }, "");
    const [patch] = documents as readonly {
      spec: { default: { appendModifications: readonly { httpFilter: { value: string } }[] } };
    }[];
    const filter = parse(patch!.spec.default.appendModifications.at(-1)!.httpFilter.value);
    await withEnvoy(program, around([filter]), async (envoy) => {
      assert.equal(
        await tagged(envoy, "/other", 50),
        50,
        "beside the canary's path all meet the old version",
      );
      const met = await tagged(envoy, "/api/x", TOTAL);
      t.diagnostic(`${TOTAL - met} of ${TOTAL} met the canary at 30 in a hundred`);
      // Five standard deviations of a fair draw.
      assert.ok(Math.abs(TOTAL - met - 60) < 33, String(TOTAL - met));
      let trapped = 0;
      for (let i = 0; i < 50; i++) {
        if ((await get(envoy.port, "/api/x", { "x-trap": "1" })).status === 503) trapped++;
      }
      assert.ok(
        trapped > 0 && trapped < 40,
        "a canary that traps takes none of the others with it",
      );
    });
  });

  test(`Envoy ${release}: the EnvoyFilter's resources, served as istiod would, run with their restrictions`, async () => {
    const { stable, canary } = await pair({ version: release });
    const request = {
      ...meshRequest(stable, { canary }),
      version: "1.28",
      form: "envoy-filter",
    } as const;
    const { documents } = generateMesh({ target: "istio", request }, "");
    const [object] = documents as readonly {
      spec: { configPatches: readonly { applyTo: string; patch: { value: { name: string } } }[] };
    }[];
    const { configPatches } = object!.spec;
    const resources = configPatches.filter((one) => one.applyTo === "EXTENSION_CONFIG");
    assert.equal(resources.length, 2);
    const paths = new Map<string, string>();
    for (const { patch } of resources) {
      const file = newFile("json");
      const type = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
      await writeFile(file, JSON.stringify({ resources: [{ "@type": type, ...patch.value }] }));
      paths.set(patch.value.name, file);
    }
    const inserted = configPatches.find((one) => one.applyTo === "HTTP_FILTER")!.patch.value;
    // Each name from a file of its own instead of istiod's one stream.
    const served = JSON.parse(JSON.stringify(inserted), (_, value) => {
      if (value?.config_discovery === undefined) return value;
      const { config_discovery: discovery, ...rest } = value;
      const path_config_source = { path: paths.get(value.name)! };
      const source = { path_config_source, initial_fetch_timeout: "0s" };
      return { ...rest, config_discovery: { ...discovery, config_source: source } };
    });
    await withEnvoy(program, around([served]), async (envoy) => {
      assert.equal(await tagged(envoy, "/other", 20), 20);
      const met = await tagged(envoy, "/api/x", TOTAL);
      assert.ok(Math.abs(TOTAL - met - 60) < 33, String(TOTAL - met));
    });
  });

  test(`Envoy ${release} fetches both versions by URL for what an EnvoyPatchPolicy adds, and runs them`, async () => {
    const options = { version: release, source: "http" } as const;
    const url = (name: string) => ({ ...options, url: `http://127.0.0.1:${modules}/${name}` });
    const stable = revision("header-tag", url("stable"));
    const canary = canaryOf("trap-on-header", { ...url("canary"), name: "header-tag" }, 30);
    served.set("/stable", stable.facts.bytes);
    served.set("/canary", canary.revision.facts.bytes);
    const request = {
      ...meshRequest(stable, {
        labels: [],
        targets: [{ kind: "Gateway", name: "public" }],
        canary,
      }),
      form: "patch-policy",
    } as const;
    const { documents } = generateMesh({ target: "envoy-gateway", request }, "");
    const [object] = documents as readonly {
      spec: { jsonPatches: readonly { type: string; operation: { value: unknown } }[] };
    }[];
    const patches = object!.spec.jsonPatches;
    const of = (type: string) =>
      patches.filter((one) => one.type.endsWith(type)).map((one) => one.operation.value);
    assert.equal(of(".Cluster").length, 2);
    await withEnvoy(program, around(of(".Listener"), of(".Cluster")), async (envoy) => {
      assert.equal(await tagged(envoy, "/other", 20), 20);
      const met = await tagged(envoy, "/api/x", TOTAL);
      assert.ok(Math.abs(TOTAL - met - 60) < 33, String(TOTAL - met));
    });
  });

  test(`Envoy ${release}: an audit of its admin finds both versions, wherever they are nested`, async () => {
    const { stable, canary } = await pair({ version: release });
    const request = { ...meshRequest(stable, { canary }), mesh: "default" } as const;
    const { documents } = generateMesh({ target: "kuma", request }, "");
    const [patch] = documents as readonly {
      spec: { default: { appendModifications: readonly { httpFilter: { value: string } }[] } };
    }[];
    const filter = parse(patch!.spec.default.appendModifications.at(-1)!.httpFilter.value);
    await withEnvoy(program, around([filter]), async ({ admin }) => {
      const { exit, out, err } = await glovebox("audit", `http://127.0.0.1:${admin}`, "--json");
      assert.equal(exit, 0, err);
      const { rows } = JSON.parse(out).result as {
        rows: readonly { plugin: string; capabilities: readonly string[]; failure: string }[];
      };
      assert.deepEqual(rows.map((row) => row.plugin).sort(), ["header-tag", "header-tag-canary"]);
      for (const { capabilities, failure } of rows) {
        assert.ok(capabilities.includes("proxy_on_request_headers"));
        assert.equal(failure, "closed");
      }
    });
  });

  test(`Envoy ${release} prints every name that alerts on a plugin are written on`, async () => {
    const module = newFile("wasm");
    // Too little for any request, so that the first one meets the limit.
    const fuel = { "spec.limits.fuel.callback": 8_000 } as const;
    const overrides = { "spec.failure": "reload", "spec.telemetry": true, ...fuel } as const;
    const options = { version: release, overrides, source: "file", file: module } as const;
    const plugin = revision("header-rewriter", options);
    await writeFile(module, plugin.facts.bytes);
    const { policy } = plugin.envoy;
    const watched = { policy, dispatch: null, calls: false };
    const { rules } = recordings(watching("envoy", { plugins: [watched] }));
    const names = rules
      .filter(({ what }) => what !== "dispatches")
      .flatMap(({ expr }) => [
        ...expr.matchAll(/\b(?:envoy|glovebox)_\w+(?=[{[])|\bglovebox_\w+(?=\))/g),
      ])
      .map(([name]) => name!);
    assert.ok(
      names.some((name) => name.startsWith("glovebox_")),
      names.join(),
    );
    const request = { ...meshRequest(plugin), mesh: "default" } as const;
    const { documents } = generateMesh({ target: "kuma", request }, "");
    const [patch] = documents as readonly {
      spec: { default: { appendModifications: readonly { httpFilter: { value: string } }[] } };
    }[];
    const filter = parse(patch!.spec.default.appendModifications.at(-1)!.httpFilter.value);
    await withEnvoy(program, around([filter]), async ({ port, admin }) => {
      assert.equal((await get(port, "/")).status, 503, "its fuel is gone");
      await get(port, "/");
      const { body } = await get(admin, "/stats/prometheus");
      const printed = new Map(
        [...body.matchAll(/^(\w+)(?:\{[^}]*\})? (\S+)$/gm)].map((match) => [match[1]!, match[2]!]),
      );
      for (const name of names) assert.ok(printed.has(name), name);
      assert.notEqual(printed.get("glovebox_header_rewriter_budget_exhausted"), "0");
    });
  });
}
