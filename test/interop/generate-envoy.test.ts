// What `generate envoy` writes, in every release of Envoy at hand that it can name: accepted, and doing what it says.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Generated, generateEnvoy } from "../../src/mesh/envoy/generate/generate.ts";
import { type EnvoyRequest, forms } from "../../src/mesh/envoy/generate/request.ts";
import { envoyReleases } from "../../src/spec/envoy-versions.ts";
import { type Overrides, requestFor, shipped } from "../mesh/generate-request.ts";
import { type Envoy, envoys, get, type Running, startEnvoy } from "./envoys.ts";
import { present, runParty } from "./party.ts";

const scratch = await mkdtemp(join(tmpdir(), "glovebox-generate-"));
after(() => rm(scratch, { recursive: true, force: true }));

/** Answers with what it was asked, so that a test sees what the plugin made of a request. */
const upstream = createServer((request, response) => {
  response.end(JSON.stringify({ path: request.url, headers: request.headers }));
});
await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
after(() => upstream.close());
const backend = { host: "127.0.0.1", port: (upstream.address() as AddressInfo).port };

const found = envoys();
const ROUTES = [
  { prefix: "/one", cluster: "backend" },
  { prefix: "/", cluster: "other" },
];

let files = 0;
const newFile = (end: string): string => join(scratch, `${++files}.${end}`);

/** Generates, with the hardened module in a file of its own. */
async function generated(
  plugin: string,
  overrides: Overrides,
  more: Partial<EnvoyRequest>,
): Promise<Generated & { readonly module: string }> {
  const module = newFile("wasm");
  const clusters = new Map([["backend", backend]]);
  const code = { kind: "local", filename: module } as const;
  const request = requestFor(plugin, overrides, { clusters, code, ...more });
  const out = generateEnvoy(shipped(plugin), request);
  await writeFile(module, out.bytes);
  return { ...out, module };
}

/** Both versions in one file: another plugin stands for the new version, so that a test sees which one a request met. */
async function withCanary(
  percent: number,
  more: Partial<EnvoyRequest>,
): Promise<Generated & { readonly module: string }> {
  const [module, filename] = [newFile("wasm"), newFile("wasm")];
  const clusters = new Map([["backend", backend]]);
  const code = { kind: "local", filename: module } as const;
  const request = requestFor("header-rewriter", {}, { clusters, code, ...more });
  const { policy } = requestFor("header-tag", { "metadata.name": "header-rewriter-canary" });
  const out = generateEnvoy(shipped("header-rewriter"), request, {
    original: shipped("header-tag"),
    policy,
    dispatch: null,
    code: request.code.kind === "remote" ? request.code : { kind: "local", filename },
    percent,
  });
  await writeFile(module, out.bytes);
  await writeFile(filename, out.canary!.bytes);
  return { ...out, module };
}

interface Parts {
  readonly http_filters: readonly object[];
  readonly routes?: readonly object[];
  readonly clusters?: readonly object[];
}

/** A bootstrap of somebody's own, with the parts pasted where their comments say. */
function pasted({ http_filters, routes = [], clusters = [] }: Parts): object {
  const HTTP = "type.googleapis.com/envoy.extensions.filters.";
  const address = (port: number) => ({
    socket_address: { address: "127.0.0.1", port_value: port },
  });
  const cluster = (name: string) => ({
    name,
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(backend.port) } }] }],
    },
  });
  const plain = { match: { prefix: "/plain" }, route: { cluster: "backend" } };
  const rest = { match: { prefix: "/" }, route: { cluster: "backend" } };
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": `${HTTP}http.router.v3.Router` },
  };
  const manager = {
    "@type": `${HTTP}network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "own",
    route_config: {
      virtual_hosts: [{ name: "own", domains: ["*"], routes: [plain, ...routes, rest] }],
    },
    http_filters: [...http_filters, router],
  };
  const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
  return {
    admin: { address: address(0) },
    static_resources: {
      listeners: [{ address: address(0), filter_chains: [{ filters: [filter] }] }],
      clusters: [cluster("backend"), cluster("other"), ...clusters],
    },
  };
}

async function accepts({ program, release }: Envoy, yaml: string, what: string): Promise<void> {
  const file = newFile("yaml");
  await writeFile(file, yaml);
  const args = ["-c", file, "--mode", "validate", "--log-level", "error"];
  const { status, output } = await runParty(program, args, 60_000);
  assert.equal(status, 0, `Envoy ${release}, ${what}: ${output.slice(-2000)}`);
}

/** Every form with every failure policy, by file on all routes and by URL on two. */
async function acceptsAll(envoy: Envoy, version: EnvoyRequest["version"]): Promise<number> {
  let count = 0;
  const url = new URL("https://modules.example.com/tag.wasm");
  for (const form of forms) {
    for (const failure of ["closed", "open", "reload"] as const) {
      const variants: Partial<EnvoyRequest>[] = [
        { environment: [["TENANT", "a"]] },
        { routes: ROUTES, code: { kind: "remote", url } },
      ];
      for (const more of variants) {
        const wanted = { version, form, ...more };
        const out = await generated("header-tag", { "spec.failure": failure }, wanted);
        const whole = form === "filter" ? JSON.stringify(pasted(out.config as Parts)) : out.yaml;
        await accepts(envoy, whole, `${form} ${failure} ${JSON.stringify(more)}`);
        const both = await withCanary(5, wanted);
        const text = form === "filter" ? JSON.stringify(pasted(both.config as Parts)) : both.yaml;
        await accepts(envoy, text, `${form} with a canary ${JSON.stringify(more)}`);
        count += 2;
      }
    }
  }
  return count;
}

async function running<T>(
  { program }: Envoy,
  yaml: string,
  use: (envoy: Running) => Promise<T>,
): Promise<T> {
  const envoy = await startEnvoy(program, yaml);
  try {
    return await use(envoy);
  } finally {
    await envoy.stop();
  }
}

const seen = (body: string): Record<string, string> =>
  (JSON.parse(body) as { headers: Record<string, string> }).headers;

/** The back-off is a second, and up to half of it more. */
const PAST_BACKOFF = 1_700;

test("every release that is said to be measured is here", (t) => {
  if (!present(t, "envoy")) return;
  const measured = envoyReleases.filter((row) => row.evidence === "measured");
  const missing = measured
    .map((row) => row.release)
    .filter((release) => !found.some((envoy) => envoy.release === release));
  if (process.env.CI === "true" || process.env.CI === "1") assert.deepEqual(missing, []);
  else if (missing.length > 0) t.skip(`not installed: Envoy ${missing.join(", ")}`);
});

for (const envoy of found) {
  const { release } = envoy;
  const version = release;

  test(`Envoy ${release} accepts every form generated for it`, async (t) => {
    t.diagnostic(`${await acceptsAll(envoy, version)} files`);
  });

  test(`Envoy ${release} accepts what is generated for the oldest that is at hand`, async () => {
    await acceptsAll(envoy, found[0]!.release);
  });

  test(`Envoy ${release}: the plugin acts on its routes, each with a VM of its own`, async () => {
    const more = { version, routes: ROUTES, form: "filter" } as const;
    const { config } = await generated("header-rewriter", {}, more);
    await running(envoy, JSON.stringify(pasted(config as Parts)), async ({ port }) => {
      for (const path of ["/one/x", "/two"]) {
        const { status, body } = await get(port, path, { "x-internal-debug": "1" });
        assert.equal(status, 200);
        assert.equal(seen(body)["x-tenant"], "payments", path);
        assert.equal(seen(body)["x-internal-debug"], undefined, path);
      }
      const other = await get(port, "/plain", { "x-internal-debug": "1" });
      assert.equal(seen(other.body)["x-tenant"], undefined, "a route without it is without it");
      assert.equal(seen(other.body)["x-internal-debug"], "1");
    });
  });

  test(`Envoy ${release}: with a canary each request meets one version, a fraction of a route the new one`, async () => {
    const REQUESTS = 300;
    const { config, vmIds, canary } = await withCanary(50, {
      version,
      routes: ROUTES,
      form: "filter",
    });
    assert.equal(new Set([...vmIds, ...canary!.vmIds]).size, 4, "a VM each");
    await running(envoy, JSON.stringify(pasted(config as Parts)), async ({ port, admin }) => {
      const met = async (path: string): Promise<string> => {
        const { status, body } = await get(port, path);
        assert.equal(status, 200);
        const { "x-tenant": stable, "x-by-hand": newer } = seen(body);
        return `${stable === undefined ? "" : "stable"}${newer === undefined ? "" : "canary"}`;
      };
      const counts = new Map<string, number>();
      for (let i = 0; i < REQUESTS; i++) {
        const version = await met("/one/x");
        counts.set(version, (counts.get(version) ?? 0) + 1);
      }
      assert.deepEqual(
        [...counts.keys()].sort(),
        ["canary", "stable"],
        JSON.stringify([...counts]),
      );
      // Half of 300, and more than eight standard deviations on either side.
      assert.ok(Math.abs(counts.get("canary")! - REQUESTS / 2) < 75, JSON.stringify([...counts]));
      assert.equal(await met("/plain"), "", "a route without it is without both");
      assert.match((await get(admin, "/stats")).body, /composite/);
    });
  });

  test(`Envoy ${release}: a denied call is denied, by the module and by the list`, async () => {
    const { yaml, module } = await generated("exfiltrate-http", {}, { version });
    const ask = async ({ port, logs }: Running, line: RegExp): Promise<void> => {
      const { status, body } = await get(port, "/", { authorization: "Bearer s3cret" });
      assert.deepEqual([status, seen(body).authorization], [200, "Bearer s3cret"]);
      await logs(line);
      await logs(/exfiltrate-http: status 10/);
    };
    const byModule = /WASM filter capability denied: proxy_http_call/;
    await running(envoy, yaml, (one) => ask(one, byModule));
    // The same configuration around the plugin as shipped: what Envoy itself makes of the list.
    await writeFile(module, shipped("exfiltrate-http"));
    const byEnvoy = /Attempted call to restricted proxy-wasm capability: proxy_http_call/;
    await running(envoy, yaml, (one) => ask(one, byEnvoy));
  });

  for (const [failure, later, afterwards] of [
    ["closed", [503, 503], [503, 503]],
    ["open", [200, 200], [200, 200]],
    // The first load is long past: the next request has a new VM. After a second trap there is the back-off.
    ["reload", [200, 503], [503, 200]],
  ] as const) {
    test(`Envoy ${release}: a trap answers 503, and then what \`failure: ${failure}\` says`, async () => {
      const { yaml } = await generated("trap-on-header", { "spec.failure": failure }, { version });
      await running(envoy, yaml, async ({ port }) => {
        const status = async (headers = {}) => (await get(port, "/", headers)).status;
        const trap = { "x-trap": "1" };
        await sleep(PAST_BACKOFF);
        assert.equal(await status(), 200);
        assert.equal(await status(trap), 503);
        assert.deepEqual([await status(), await status(trap)], later);
        const soon = await status();
        await sleep(PAST_BACKOFF);
        assert.deepEqual([soon, await status()], afterwards);
      });
    });
  }

  test(`Envoy ${release}: a loop that never ends is ended by fuel and answers 503`, async () => {
    const { yaml } = await generated("loop-request", { "spec.failure": "reload" }, { version });
    await running(envoy, yaml, async ({ port, logs }) => {
      assert.equal((await get(port, "/")).status, 503);
      await logs(/proxy_on_request_headers failed/);
    });
  });

  test(`Envoy ${release}: \`failure: open\` of releases before 1.33 lets the trapping request go on`, async () => {
    const { yaml } = await generated(
      "trap-on-header",
      { "spec.failure": "open" },
      { version: "1.32" },
    );
    await running(envoy, yaml, async ({ port }) => {
      const { status, body } = await get(port, "/", { "x-trap": "1" });
      assert.equal(status, 200);
      assert.equal(seen(body)["x-trap"], "1");
    });
  });

  test(`Envoy ${release} fetches the module and refuses other bytes than the pinned`, async () => {
    let served: Uint8Array = new Uint8Array(0);
    const store = createServer((_, response) => response.end(served));
    await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
    try {
      const { port: at } = store.address() as AddressInfo;
      const url = new URL(`http://127.0.0.1:${at}/tag.wasm`);
      const code = { kind: "remote", url } as const;
      const { yaml, bytes } = await generated("header-tag", {}, { version, code });
      served = bytes;
      await running(envoy, yaml, async ({ port }) => {
        const { body } = await get(port, "/");
        assert.ok(seen(body)["x-by-hand"] !== undefined, "the plugin acts");
      });
      served = shipped("header-tag");
      const few = yaml.replace("num_retries: 10", "num_retries: 0");
      assert.notEqual(few, yaml);
      await running(envoy, few, async ({ port, logs }) => {
        assert.equal((await get(port, "/")).status, 503, "closed while there is no module");
        await logs(/failed to load/);
      });
    } finally {
      store.close();
    }
  });
}
