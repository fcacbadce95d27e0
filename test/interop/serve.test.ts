// The module server and those it is for: a real Envoy loads a plugin from it by code.remote over HTTPS and the plugin acts,
// Istio's own fetcher, crane and oras pull from it, by tag and by digest; `generate` writes what it prints.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildPlugins } from "../../plugins/build.ts";
import { digestOf } from "../../src/net/digest.ts";
import { API_VERSION, KIND } from "../../src/policy/schema.ts";
import { sha256 } from "../../src/util/digest.ts";
import { bootstrap } from "./envoy.ts";
import { envoys, get, startEnvoy } from "./envoys.ts";
import { found, present } from "./party.ts";
import { startRegistry } from "./registries.ts";

const program = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "glovebox-serve-interop-"));
const running: ChildProcess[] = [];
after(() => {
  for (const one of running) one.kill("SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
});
mkdirSync(join(scratch, "home"));
const home = join(scratch, "home");
const env = {
  ...process.env,
  HOME: home,
  DOCKER_CONFIG: home,
  GLOVEBOX_MODULE_CACHE: join(scratch, "cache"),
};

const file = (name: string): string => join(scratch, name);
const plugins = await buildPlugins({ only: ["header-rewriter", "header-tag"] });

function writePolicy(name: string, url = plugins.get(name)!): string {
  const head = `apiVersion: ${API_VERSION}\nkind: ${KIND}\nmetadata: { name: ${name} }\n`;
  writeFileSync(
    file(`${name}.yaml`),
    `${head}spec: { role: header-rewriter, source: { url: ${JSON.stringify(url)} } }\n`,
  );
  return file(`${name}.yaml`);
}

interface Plugin {
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
  readonly oci: Readonly<Record<string, string>>;
}

/** The server as a process, once it has said what it serves. */
async function serve(...args: readonly string[]) {
  const all = [program, "serve", "--json", "--listen", "127.0.0.1:0", ...args];
  const child = spawn(process.execPath, all, { cwd: scratch, env });
  running.push(child);
  let out = "";
  child.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
  let said = "";
  for await (const piece of child.stderr) {
    said += String(piece);
    if (said.includes('"event":"serving"')) break;
  }
  const lines = said
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, string>);
  const found = lines
    .filter(({ event }) => event === "plugin")
    .map((line): Plugin => {
      const oci = Object.entries(line).filter(([name]) => name.startsWith("oci."));
      return { ...line, oci: Object.fromEntries(oci.map(([k, v]) => [k.slice(4), v])) } as never;
    });
  const url = lines.find(({ event }) => event === "serving")?.url;
  assert.ok(url, said);
  const stop = async (): Promise<{ status: number | null; out: string }> => {
    const ended = new Promise<number | null>((done) => child.on("close", done));
    child.kill("SIGTERM");
    return { status: await ended, out };
  };
  return { url: new URL(url), plugins: new Map(found.map((one) => [one.name, one])), stop };
}

/** A certificate authority of the tests, and a certificate of it for a name. */
function certificates(): { readonly ca: string; readonly cert: string; readonly key: string } {
  const run = (line: string): void =>
    void execFileSync("openssl", line.split(" "), { cwd: scratch, stdio: "pipe" });
  const ec = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  run(`req -x509 ${ec} -subj /CN=tests -days 2 -keyout ca.key -out ca.pem`);
  run(`req ${ec} -subj /CN=modules.test -keyout tls.key -out tls.csr`);
  writeFileSync(file("san"), "subjectAltName=DNS:modules.test\n");
  run(
    "x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out tls.crt",
  );
  return { ca: file("ca.pem"), cert: file("tls.crt"), key: file("tls.key") };
}

const TYPE = "type.googleapis.com/";

/** Answers with the headers that it was asked with. */
const upstream = createServer((request, response) => response.end(JSON.stringify(request.headers)));
await new Promise<void>((done) => upstream.listen(0, "127.0.0.1", done));
after(() => upstream.close());

const clusterAt = (name: string, port: number) => ({
  name,
  load_assignment: {
    cluster_name: name,
    endpoints: [
      {
        lb_endpoints: [
          { endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } },
        ],
      },
    ],
  },
});

/** A bootstrap that gets its plugin from the server, whose certificate it checks. */
function remoteBootstrap({ name, sha256: pin }: Plugin, server: URL, ca: string): string {
  const base = bootstrap("", name, "") as {
    static_resources: { listeners: object[]; clusters?: object[] };
  };
  const uri = `https://modules.test:${server.port}/modules/${pin}.wasm`;
  const remote = { http_uri: { uri, cluster: "modules", timeout: "10s" }, sha256: pin };
  const text = JSON.stringify(base)
    .replace('"code":{"local":{"filename":""}}', `"code":${JSON.stringify({ remote })}`)
    .replace('"direct_response":{"status":200}', '"route":{"cluster":"backend"}');
  assert.ok(text.includes(pin) && text.includes("backend"));
  const whole = JSON.parse(text) as typeof base;
  whole.static_resources.clusters = [
    clusterAt("backend", (upstream.address() as AddressInfo).port),
    {
      ...clusterAt("modules", Number(server.port)),
      transport_socket: {
        name: "envoy.transport_sockets.tls",
        typed_config: {
          "@type": `${TYPE}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
          sni: "modules.test",
          common_tls_context: {
            validation_context: {
              trusted_ca: { filename: ca },
              match_typed_subject_alt_names: [
                { san_type: "DNS", matcher: { exact: "modules.test" } },
              ],
            },
          },
        },
      },
    },
  ];
  const admin = { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } };
  return JSON.stringify({ ...whole, admin });
}

test("Envoy loads a plugin by code.remote over HTTPS, and it acts", async (t) => {
  if (!present(t, "envoy") || !found(t, "openssl")) return;
  const { ca, cert, key } = certificates();
  const server = await serve("-p", writePolicy("header-tag"), "--tls-cert", cert, "--tls-key", key);
  const plugin = server.plugins.get("header-tag")!;
  for (const { program: envoy, release } of envoys().slice(-2)) {
    const run = await startEnvoy(envoy, remoteBootstrap(plugin, server.url, ca));
    try {
      let tagged = false;
      // A remote module comes after the listener does.
      for (let tries = 0; tries < 100 && !tagged; tries++) {
        const answer = await get(run.port, "/").catch(() => null);
        tagged = answer?.status === 200 && "x-by-hand" in JSON.parse(answer.body);
        if (!tagged) await new Promise((done) => setTimeout(done, 100));
      }
      assert.ok(tagged, `Envoy ${release}: ${run.log().slice(-2000)}`);
      const { body } = await get(run.admin, "/stats?filter=remote_load");
      assert.match(body, /remote_load_fetch_successes: 1/, release);
    } finally {
      await run.stop();
    }
  }
  const ended = await server.stop();
  assert.equal(ended.status, 143);
  assert.deepEqual(JSON.parse(ended.out).result.plugins[0].sha256, plugin.sha256);
});

function party(name: string, ...args: readonly string[]): string {
  const done = spawnSync(name, args, { encoding: "utf8", env, cwd: scratch, timeout: 60_000 });
  assert.equal(done.status, 0, `${name} ${args.join(" ")}: ${done.error ?? done.stderr}`);
  return done.stdout.trim();
}

test("Istio's fetcher, crane and oras pull by tag and by digest; writes are refused", async (t) => {
  for (const name of ["crane", "oras", "istio-fetch"]) if (!found(t, name)) return;
  const server = await serve("-p", writePolicy("header-rewriter"), "--plain-http");
  const plugin = server.plugins.get("header-rewriter")!;
  for (const tag of ["latest", "istio", "envoy-gateway", "cncf"]) {
    const [named, digest] = plugin.oci[tag]!.slice("oci://".length).split("@") as [string, string];
    const repository = named.slice(0, named.lastIndexOf(":"));
    for (const ref of [named, `${repository}@${digest}`]) {
      assert.equal(party("crane", "digest", "--insecure", ref), digest);
      const manifest = party("crane", "manifest", "--insecure", ref);
      assert.equal(digestOf(Buffer.from(manifest)), digest);
      party("crane", "validate", "--insecure", "--remote", ref);
      const layout = `copy-${tag}:${ref === named ? "named" : "pinned"}`;
      party("oras", "cp", "--from-plain-http", "--to-oci-layout", ref, layout);
      const described = party("oras", "manifest", "fetch", "--descriptor", "--oci-layout", layout);
      assert.equal(JSON.parse(described).digest, digest);
      const fetched = spawnSync("istio-fetch", ["image", ref, file("istio.wasm")], { env });
      assert.equal(fetched.status === 0, tag !== "cncf", `${ref}: ${fetched.stderr}`);
      if (tag === "cncf") continue;
      assert.equal(sha256(readFileSync(file("istio.wasm"))), plugin.sha256);
    }
    if (tag === "cncf") continue;
    // As a WasmPlugin with this url and sha256 has the agent do it; the module's digest is refused there.
    const cache = file(`istio-${tag}`);
    mkdirSync(cache);
    const hex = digest.slice("sha256:".length);
    const kept = party("istio-fetch", "get", `oci://${named}`, hex, cache).split("\n").at(-1)!;
    assert.equal(sha256(readFileSync(kept)), plugin.sha256);
    const wrong = ["get", `oci://${named}`, plugin.sha256, cache];
    assert.notEqual(spawnSync("istio-fetch", wrong, { env }).status, 0);
  }
  const cache = file("istio-http");
  mkdirSync(cache);
  const kept = party("istio-fetch", "get", plugin.url, plugin.sha256, cache).split("\n").at(-1)!;
  assert.equal(sha256(readFileSync(kept)), plugin.sha256, "by http, the module's own digest");
  const host = `${server.url.hostname}:${server.url.port}`;
  assert.equal(party("crane", "catalog", "--insecure", host), "header-rewriter");
  assert.deepEqual(
    party("oras", "repo", "tags", "--plain-http", `${host}/header-rewriter`).split("\n"),
    [...["cncf", "envoy-gateway", "istio", "latest"]],
  );
  const named = `${host}/header-rewriter:mine`;
  const tag = spawnSync("crane", ["tag", "--insecure", `${host}/header-rewriter`, "mine"], { env });
  assert.notEqual(tag.status, 0, named);
  await server.stop();
});

test("promtool finds nothing wrong with its metrics", async (t) => {
  if (!found(t, "promtool")) return;
  const server = await serve("-p", writePolicy("header-tag"), "--plain-http");
  const { url } = server.plugins.get("header-tag")!;
  for (const one of [url, `${server.url.origin}/else`]) await (await fetch(one)).arrayBuffer();
  const input = await (await fetch(`${server.url.origin}/metrics`)).text();
  const checked = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
  assert.equal(checked.status, 0, `${checked.stdout}${checked.stderr}`);
  await server.stop();
});

test("what generate writes for a served plugin has the digests that serve prints", async () => {
  const policy = writePolicy("header-rewriter");
  const server = await serve("-p", policy, "--plain-http");
  const plugin = server.plugins.get("header-rewriter")!;
  const generate = (...args: readonly string[]): string =>
    execFileSync(
      process.execPath,
      [program, "generate", ...args, plugins.get("header-rewriter")!, "-p", policy],
      { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] },
    );
  const envoy = generate("envoy", "--url", plugin.url);
  assert.ok(envoy.includes(plugin.sha256) && envoy.includes(plugin.url), envoy);
  const pinned = plugin.oci.latest!;
  const istio = generate("istio", "--url", pinned);
  assert.ok(istio.includes(pinned.slice(-64)), istio);
  await server.stop();
});

test("a registry behind it has what is served, and what is signed there comes with it", async (t) => {
  for (const name of ["registry", "cosign", "oras"]) if (!found(t, name)) return;
  const registry = await startRegistry("registry", scratch);
  try {
    const store = `oci://${registry.host}/contained`;
    const args = ["-p", writePolicy("header-tag"), "--plain-http", "--store", store];
    const first = await serve(...args);
    const before = first.plugins.get("header-tag")!;
    await first.stop();
    const digest = before.oci.latest!.split("@")[1]!;
    const behind = `${registry.host}/contained/header-tag@${digest}`;
    const signing = { ...env, COSIGN_PASSWORD: "", GLOVEBOX_KEY_PASSWORD: "" };
    const run = (...all: readonly string[]): void =>
      void execFileSync(process.execPath, [program, ...all], { env: signing, cwd: scratch });
    run("keys", "serve");
    run("sign", `oci://${behind}`, "--key", "serve.key", "--plain-http", "--format", "both");

    // Nothing of the first one's is left but what the registry has.
    rmSync(join(scratch, "cache"), { recursive: true, force: true });
    const second = await serve(...args, "--memory", "0");
    const plugin = second.plugins.get("header-tag")!;
    assert.equal(plugin.oci.latest!.split("@")[1], digest);
    const served = plugin.oci.latest!.slice("oci://".length);
    const module = Buffer.from(await (await fetch(plugin.url)).arrayBuffer());
    assert.equal(sha256(module), before.sha256);
    const seen = party("oras", "discover", "--plain-http", "--format", "json", served);
    assert.equal(JSON.parse(seen).referrers.length, 1);
    const bare = served.replace(":latest", "");
    for (const legacy of ["true", "false"]) {
      const verify = [
        "verify",
        "--key",
        "serve.pub",
        "--insecure-ignore-tlog",
        "--allow-http-registry",
      ];
      const flag = `--new-bundle-format=${legacy === "false"}`;
      party("cosign", ...verify, flag, bare);
    }
    run(
      "verify",
      plugin.oci.latest!,
      "-p",
      file("header-tag.yaml"),
      "--key",
      "serve.pub",
      "--plain-http",
    );
    await second.stop();
  } finally {
    await registry.stop();
  }
});
