// From configuration to compiled module: where bytes come from, what is refused before anything is compiled, which
// policy counts, what the cache may and may not do.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { type DiskCache, diskCache, noCache } from "../../src/gateway/plugins/cache.ts";
import { NO_HOST_RULES } from "../../src/gateway/plugins/host-rules.ts";
import { REQUEST_FUEL, readPolicies } from "../../src/gateway/plugins/plan.ts";
import { type PrepareOptions, prepare } from "../../src/gateway/plugins/prepare.ts";
import type { PluginCode, PluginConfig } from "../../src/mesh/envoy/lab-config.ts";
import { policyFromRole, resolvePolicy } from "../../src/policy/resolve.ts";
import { sha256 } from "../../src/util/digest.ts";
import { guest } from "../host/guest.ts";

const at = { line: 1, column: 1 };
const bytes = guest({
  imports: ["proxy_http_call"],
  body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))`,
});

export const pluginConfig = (code: PluginCode, more: Partial<PluginConfig> = {}): PluginConfig => ({
  name: "p",
  rootId: "",
  vmId: "",
  runtime: "envoy.wasm.runtime.v8",
  code,
  configuration: new Uint8Array(0),
  vmConfiguration: new Uint8Array(0),
  environment: { host: [], values: {} },
  failure: "closed",
  reloadBackoff: null,
  capabilities: null,
  maxOutstandingDispatches: null,
  dispatchClusters: null,
  allowHeadersStop: false,
  at,
  ...more,
});

const options = (more: Partial<PrepareOptions> = {}): PrepareOptions => ({
  clusters: [],
  cache: noCache,
  random: () => 0,
  limits: { memory: null, fuel: null },
  policies: new Map(),
  unsafe: false,
  environment: {},
  place: () => 0,
  ...more,
});

const inline: PluginCode = { kind: "inline", bytes, at };

const remote = (uri: string, digest: string, more = {}): PluginCode => ({
  kind: "remote",
  uri,
  cluster: "registry",
  timeout: 2000,
  sha256: digest,
  retries: 0,
  backoff: { base: 1, max: 2 },
  at,
  ...more,
});

/** A registry that answers each request with the next of its answers. */
async function registry(answers: readonly (Uint8Array | number)[]) {
  let asked = 0;
  const server = createServer((_request, response) => {
    const answer = answers[Math.min(asked++, answers.length - 1)]!;
    if (typeof answer === "number") response.writeHead(answer).end();
    else response.end(answer);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    uri: `http://127.0.0.1:${port}/p.wasm`,
    asked: () => asked,
    close: () => server.close(),
  };
}

test("a plugin is hardened under what the configuration says, and compiled", async () => {
  const config = pluginConfig(inline, { capabilities: ["proxy_log"] });
  const prepared = await prepare(config, options({ limits: { memory: 1 << 20, fuel: 50_000 } }));
  assert.equal(prepared.error, null);
  assert.equal(prepared.module?.hardened, "hardened");
  assert.equal(prepared.module?.digest, sha256(bytes));
  assert.notEqual(prepared.module?.runs, sha256(bytes));
  assert.equal(prepared.policy?.limits.memoryPages, 16);
  assert.equal(prepared.policy?.limits.fuel.callback, 50_000);
  assert.equal(prepared.policy?.limits.fuel.request, 50_000);
  assert.equal(prepared.rules.requestFuel, null, "the module keeps it");
  assert.ok(!prepared.policy?.allow.includes("proxy_http_call"));
  assert.ok(
    prepared.policy?.allow.includes("fd_write"),
    "what SDKs need to start comes with every list",
  );
});

test("a plugin runs as shipped where the operator asks for it", async () => {
  const prepared = await prepare(pluginConfig(inline), options({ unsafe: true }));
  assert.equal(prepared.module?.runs, sha256(bytes));
  assert.equal(prepared.semantics, "stock");
});

test("a policy of the plugin's name decides instead of the configuration", async () => {
  const text = (extra: string) =>
    `apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\nspec:\n  limits: { memory: 2MiB, dispatch: { outstanding: 3 } }\n  capabilities: { allow: [proxy_http_call] }\n${extra}`;
  const policies = readPolicies([
    { file: "p.yaml", text: text("  dispatch: { clusters: [a] }\n") },
  ]);
  const prepared = await prepare(pluginConfig(inline, { capabilities: [] }), options({ policies }));
  assert.equal(prepared.error, null);
  assert.equal(prepared.policy?.origin, "p.yaml");
  assert.equal(prepared.policy?.limits.memoryPages, 32);
  assert.deepEqual(prepared.policy?.rules.dispatch.clusters, ["a"]);
  assert.equal(prepared.policy?.limits.dispatch.outstanding, 3);
  assert.deepEqual(prepared.rules, { ...NO_HOST_RULES, requestFuel: REQUEST_FUEL });
  assert.throws(
    () =>
      readPolicies([
        { file: "a", text: text("") },
        { file: "b", text: text("") },
      ]),
    { code: "gateway-policy-twice" },
  );
});

test("what the configuration says of calls is written into the module, where the policy file is silent", async () => {
  const head = "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\n";
  const spec = "spec:\n  capabilities: { allow: [proxy_http_call] }\n";
  const given = (text: string) => readPolicies([{ file: "p.yaml", text: head + text }]);
  const words = { dispatchClusters: ["a"], maxOutstandingDispatches: 70_000 };
  const config = pluginConfig(inline, words);
  for (const policies of [new Map(), given(spec)]) {
    const { policy, rules } = await prepare(config, options({ policies }));
    assert.deepEqual(policy?.rules.dispatch.clusters, ["a"]);
    assert.equal(policy?.limits.dispatch.outstanding, 1000);
    assert.deepEqual([rules.clusters, rules.outstanding], [null, null], "the module keeps them");
  }
  const own = given(`${spec}  dispatch: { clusters: [b] }\n`);
  const { policy } = await prepare(config, options({ policies: own }));
  assert.deepEqual(policy?.rules.dispatch.clusters, ["b"], "the file decides");
});

test("a module that was hardened before keeps the file's policy, and the host what the configuration adds", async () => {
  const head = "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\n";
  const text = `${head}spec: { capabilities: { allow: [proxy_http_call] }, limits: { fuel: { request: 1000000 } } }\n`;
  const policies = readPolicies([{ file: "p.yaml", text }]);
  const zeros = "(i32.const 0) ".repeat(10);
  const calling = guest({
    imports: ["proxy_http_call"],
    body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $proxy_http_call ${zeros}))`,
  });
  const before = contain(calling, resolvePolicy(policies.get("p")!.document)).bytes;
  const code: PluginCode = { kind: "inline", bytes: before, at };
  const prepared = await prepare(
    pluginConfig(code, { dispatchClusters: ["a"], maxOutstandingDispatches: 3 }),
    options({ policies }),
  );
  assert.equal(prepared.error, null);
  assert.equal(prepared.module?.hardened, "before");
  assert.equal(prepared.module?.runs, sha256(before));
  assert.deepEqual(prepared.rules, { ...NO_HOST_RULES, clusters: ["a"], outstanding: 3 });
  const other = readPolicies([{ file: "p.yaml", text: text.replace("1000000", "2000000") }]);
  const refused = await prepare(pluginConfig(code), options({ policies: other }));
  assert.equal(refused.error?.code, "gateway-not-contained");
});

test("for a plugin that runs as shipped the host keeps what it can", async () => {
  const head = "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\n";
  const text = `${head}spec: { headers: { read: [x-a] }, limits: { log: { level: warn } } }\n`;
  const policies = readPolicies([{ file: "p.yaml", text }]);
  const config = pluginConfig(inline, { maxOutstandingDispatches: 3 });
  const { rules, policy } = await prepare(config, options({ policies, unsafe: true }));
  assert.deepEqual(rules.arguments.headers.read, [{ name: "x-a", maps: 15 }]);
  assert.deepEqual([rules.logLevel, rules.outstanding, rules.requestFuel], [3, 3, REQUEST_FUEL]);
  assert.equal(policy?.limits.log.level, 3);
});

test("remote code of another digest is refused before anything is decoded or compiled", async () => {
  const evil = Buffer.from("not even WebAssembly");
  const server = await registry([evil]);
  try {
    const prepared = await prepare(pluginConfig(remote(server.uri, sha256(bytes))), options());
    assert.equal(
      prepared.error?.code,
      "gateway-digest",
      "its digest, not its content, is what is wrong",
    );
    assert.equal(prepared.module, null);
    const unpinned = await prepare(pluginConfig(remote(server.uri, "")), options());
    assert.equal(unpinned.error?.code, "gateway-no-sha256");
    assert.equal(server.asked(), 1, "without a digest nothing is even asked for");
  } finally {
    server.close();
  }
});

test("remote code is tried again as often as the configuration says, and kept by its digest", async () => {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-cache-"));
  const server = await registry([500, 503, bytes]);
  try {
    const once = await prepare(
      pluginConfig(remote(server.uri, sha256(bytes), { retries: 1 })),
      options(),
    );
    assert.equal(once.error?.code, "gateway-fetch");
    assert.equal(server.asked(), 2);
    const cache = diskCache(folder);
    for (let i = 0; i < 2; i++) {
      const prepared = await prepare(
        pluginConfig(remote(server.uri, sha256(bytes))),
        options({ cache }),
      );
      assert.equal(prepared.error, null);
    }
    assert.equal(server.asked(), 3, "the second time it comes from the disk");
    writeFileSync(join(folder, "sha256", sha256(bytes)), "rotten");
    const again = await prepare(
      pluginConfig(remote(server.uri, sha256(bytes))),
      options({ cache }),
    );
    assert.equal(again.error, null);
    assert.equal(server.asked(), 4, "what the disk has must have the digest");
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});

test("a server that stalls or sends too much is given up", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/stall") response.write("x");
    else if (request.url === "/module") response.end(bytes);
    else response.end(Buffer.alloc(65 * 1024 * 1024));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  try {
    const whole = remote(`http://127.0.0.1:${port}/module`, sha256(bytes), { timeout: 0 });
    assert.equal((await prepare(pluginConfig(whole), options())).error, null, "0 is no bound");
    for (const [path, words] of [
      ["stall", /no whole answer within 100 ms/],
      ["large", /more than 67108864 bytes/],
    ] as const) {
      const timeout = path === "stall" ? 100 : 5000;
      const code = remote(`http://127.0.0.1:${port}/${path}`, "a".repeat(64), { timeout });
      const { error } = await prepare(pluginConfig(code), options());
      assert.equal(error?.code, "gateway-fetch");
      assert.match(error!.message, words);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("code comes through the endpoint of the cluster that it names", async () => {
  const server = await registry([bytes]);
  const { port } = new URL(server.uri);
  const clusters: PrepareOptions["clusters"] = [
    {
      name: "registry",
      discovery: "static",
      balancing: "round-robin",
      connectTimeout: 1000,
      endpoints: [
        {
          address: { kind: "tcp", host: "127.0.0.1", port: Number(port) },
          weight: 1,
          hostname: "",
        },
      ],
      tls: null,
      http2: false,
      maxConnections: 1,
      maxPending: 1,
      maxRequests: 1,
      at,
    },
  ];
  try {
    const code = remote("http://registry.invalid/p.wasm", sha256(bytes));
    const prepared = await prepare(pluginConfig(code), options({ clusters }));
    assert.equal(prepared.error, null);
  } finally {
    server.close();
  }
});

test("a hardened module on disk is verified before it is used", async () => {
  const kept = new Map<string, Uint8Array>();
  let writes = 0;
  const cache: DiskCache = {
    read: async (name) => kept.get(name) ?? null,
    write: async (name, content) => {
      writes++;
      kept.set(name, content);
    },
  };
  const first = await prepare(pluginConfig(inline), options({ cache }));
  await prepare(pluginConfig(inline), options({ cache }));
  assert.equal(writes, 1);
  // The plugin as shipped in the hardened one's place would lift every limit.
  for (const name of kept.keys()) kept.set(name, bytes);
  const again = await prepare(pluginConfig(inline), options({ cache }));
  assert.equal(again.module?.runs, first.module?.runs);
  assert.equal(writes, 2);
});

test("a module that was hardened before is used where it is contained under this policy, else refused", async () => {
  const policies = readPolicies([
    {
      file: "p.yaml",
      text: "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\nspec: { role: auth }\n",
    },
  ]);
  const plain = guest({ body: "" });
  const hardened = contain(plain, policyFromRole("auth", { "metadata.name": "p" })).bytes;
  const code: PluginCode = { kind: "inline", bytes: hardened, at };
  const used = await prepare(pluginConfig(code), options({ policies }));
  assert.equal(used.module?.hardened, "before");
  const refused = await prepare(
    pluginConfig(code),
    options({ limits: { memory: 1 << 20, fuel: null } }),
  );
  assert.equal(refused.error?.code, "gateway-not-contained");
});

test("a file that is missing, and one that is no module, are the plugin's own errors", async () => {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-code-"));
  try {
    const file = (path: string): PluginCode => ({ kind: "file", path, at });
    const missing = await prepare(pluginConfig(file(join(folder, "no.wasm"))), options());
    assert.equal(missing.error?.code, "gateway-code-file");
    writeFileSync(join(folder, "text.wasm"), "hello");
    const broken = await prepare(pluginConfig(file(join(folder, "text.wasm"))), options());
    assert.match(broken.error!.code, /^wasm-/);
    writeFileSync(join(folder, "good.wasm"), bytes);
    const good = await prepare(pluginConfig(file(join(folder, "good.wasm"))), options());
    assert.equal(good.error, null);
    assert.deepEqual(readFileSync(join(folder, "good.wasm")), Buffer.from(bytes));
    if (existsSync("/dev/zero")) {
      const endless = await prepare(pluginConfig(file("/dev/zero")), options());
      assert.equal(endless.error?.code, "gateway-code-size");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("only plugins with the same VM id, configuration, code and policy share a VM", async () => {
  const key = async (
    more: Partial<PluginConfig>,
    limits = { memory: null as number | null, fuel: null },
  ) => (await prepare(pluginConfig(inline, more), options({ limits }))).key;
  const base = await key({ vmId: "v" });
  assert.equal(await key({ vmId: "v", at: { line: 9, column: 9 } }), base);
  for (const more of [
    { vmId: "w" },
    { vmId: "v", configuration: Buffer.from("x") },
    { vmId: "v", vmConfiguration: Buffer.from("x") },
    { vmId: "v", capabilities: ["proxy_log"] },
    { vmId: "v", failure: "open" as const },
    { vmId: "v", code: { ...inline, bytes: guest({ body: "(func)" }) } },
  ]) {
    assert.notEqual(await key(more), base);
  }
  assert.notEqual(await key({ vmId: "v" }, { memory: 1 << 20, fuel: null }), base);
  assert.notEqual(
    await key({ name: "a" }),
    await key({ name: "b" }),
    "without an id nothing is shared",
  );
});
