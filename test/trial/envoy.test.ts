// The trial's Envoy engine as far as it needs no Envoy: finding one, the bootstrap, the log, the page.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type KeptReport, trialEnvoyPage } from "../../scripts/docs-trial.ts";
import { envoyBootstrap, wasmFilter } from "../../src/mesh/envoy/generate/bare-bootstrap.ts";
import { cases } from "../../src/trial/cases.ts";
import { ask, startBystanders } from "../../src/trial/envoy/client.ts";
import { envoyCases } from "../../src/trial/envoy/envoy-cases.ts";
import { findEnvoy } from "../../src/trial/envoy/find-envoy.ts";
import { LogLines } from "../../src/trial/envoy/log-lines.ts";
import { startGrpcServer, startServer } from "../../src/trial/envoy/servers.ts";

const folder = mkdtempSync(join(tmpdir(), "glovebox-find-"));
after(() => rmSync(folder, { recursive: true }));

/** A program that says what an Envoy says. */
function fake(path: string, release: string, says = ""): string {
  const file = join(folder, path);
  mkdirSync(join(file, ".."), { recursive: true });
  const version = `echo 'x  version: abc123/${release}/Clean/RELEASE/BoringSSL'`;
  writeFileSync(
    file,
    `#!/bin/sh\nif [ "$1" = --version ]; then ${version}; else echo '${says}'; fi\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

const code = (expected: string) => (error: Error & { code?: string }) => error.code === expected;

test("an Envoy is the one that is named, then the one on the PATH, then the newest of the cache", async () => {
  const old = fake("cache/envoy-1.36.4/envoy/_bin/envoy", "1.36.4");
  const newer = fake("cache/python-x/lib/python3/site-packages/envoy/_bin/envoy", "1.40.0");
  fake("cache/envoy-1.41.0/envoy/_bin/envoy", "1.41.0", "built without support for wasm");
  const env = { GLOVEBOX_CACHE: join(folder, "cache"), PATH: join(folder, "bin") };
  assert.deepEqual(await findEnvoy(undefined, env), { path: newer, release: "1.40.0" });
  const onPath = fake("bin/envoy", "1.37.0");
  assert.deepEqual(await findEnvoy(undefined, env), { path: onPath, release: "1.37.0" });
  assert.deepEqual(await findEnvoy(old, env), { path: old, release: "1.36.4" });
});

test("no Envoy, something else, and an Envoy that runs no plugins are told apart from each other", async () => {
  const empty = { GLOVEBOX_CACHE: join(folder, "nothing"), PATH: "" };
  await assert.rejects(findEnvoy(undefined, empty), code("trial-no-envoy"));
  await assert.rejects(findEnvoy(join(folder, "nothing"), empty), code("trial-bad-envoy"));
  await assert.rejects(findEnvoy("/bin/true", empty), code("trial-bad-envoy"));
  const none = fake("none/envoy", "1.38.3", "without support");
  await assert.rejects(findEnvoy(none, empty), /without V8/);
});

test("restrictions stand where a release reads them, and never as an empty map", () => {
  const plugin = { name: "p", code: { file: "p.wasm" }, failure: "reload" } as const;
  const written = (release: string) =>
    wasmFilter({ ...plugin, capabilities: ["proxy_log"] }, release) as {
      typed_config: { config: Record<string, unknown> & { vm_config: Record<string, unknown> } };
    };
  const restricted = { allowed_capabilities: { proxy_log: {} } };
  const older = written("1.39.3").typed_config.config;
  const newer = written("1.40.0").typed_config.config;
  assert.deepEqual(older.capability_restriction_config, restricted);
  assert.equal(older.vm_config.capability_restriction_config, undefined);
  assert.equal(newer.capability_restriction_config, undefined);
  assert.deepEqual(newer.vm_config.capability_restriction_config, restricted);
  assert.equal(newer.failure_policy, "FAIL_RELOAD");
  assert.throws(() => wasmFilter({ ...plugin, capabilities: [] }, "1.40.0"), /everything/);
});

test("the bootstrap asks the system for every port of its own", () => {
  const text = JSON.stringify(
    envoyBootstrap({
      release: "1.40.0",
      listeners: [{ name: "l", plugins: [], cluster: "up" }],
      clusters: [{ name: "up", port: 4711 }],
      killAfter: 2000,
    }),
  );
  assert.deepEqual(text.match(/"port_value":\d+/g), [
    '"port_value":0',
    '"port_value":0',
    '"port_value":4711',
  ]);
  assert.match(text, /"worker_watchdog":\{[^}]*"kill_timeout":"2s"/);
});

test("a log is kept in bounds, and lines that come in pieces or never end are cut", () => {
  const log = new LogLines();
  const line = "[2026-01-01 00:00:00.000][7][warning][wasm] [source/x.cc:1] wasm log p: hello\n";
  for (const part of [line.slice(0, 30), line.slice(30)]) log.take(Buffer.from(part));
  assert.deepEqual(log.wasm, [{ level: "warning", component: "wasm", text: "wasm log p: hello" }]);
  log.take(Buffer.alloc(1 << 20, 120));
  log.take(Buffer.from(`\n${line.repeat(5000)}`));
  assert.ok(log.wasm.length <= 2000 && log.last.length <= 60);
  assert.ok(log.last.every((one) => one.text.length <= 2000));
});

test("bystanders that nobody answers count as failed", async () => {
  const server = await startServer();
  const fine = startBystanders(server.port, 10_000);
  await ask(server.port, {}, 10_000);
  const good = await fine.stop(() => undefined);
  assert.ok(good.asked > 0 && good.failed === 0);
  server.close();
  const alone = startBystanders(server.port, 10_000);
  const bad = await alone.stop(() => undefined);
  assert.ok(bad.asked > 0 && bad.failed === bad.asked);
});

test("a request that is not answered is lost to patience, one that is cut off to a reset", async () => {
  const target = await startGrpcServer();
  try {
    const { status, lost } = await ask(target.port, {}, 10_000);
    assert.deepEqual([status, lost], [0, "reset"], "HTTP/1.1 to a server of HTTP/2");
  } finally {
    target.close();
  }
});

test("every row that is measured in the lab is measured in an Envoy too", () => {
  assert.deepEqual(
    [...envoyCases.keys()],
    cases.map((row) => row.id),
  );
});

const measured = new URL("../../../docs/trial-envoy.json", import.meta.url);

test("docs/trial-envoy.md is what its figures say", {
  skip: !existsSync(measured) && "not measured",
}, () => {
  const reports = JSON.parse(readFileSync(measured, "utf8")) as KeptReport[];
  const page = readFileSync(new URL("trial-envoy.md", measured), "utf8");
  assert.equal(page, trialEnvoyPage(reports));
});
