// `lint` and `audit` on the modules that manifests name: beside the manifest, in the cache by their digest, and with
// --fetch from where the manifest has them. Without it nobody is asked.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { main } from "../../src/cli/main.ts";
import { contain } from "../../src/contain/contain.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { sha256 } from "../../src/util/digest.ts";
import { FakeRegistry } from "../oci/fake-registry.ts";
import { wat } from "../wat.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-modules-"));
const cache = join(scratch, "cache");
const manifest = join(scratch, "plugin.yaml");
const policy = join(scratch, "policy.yaml");

const plain = wat(`(module (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0))`);
const hardened = contain(plain, policyFromRole("auth", { "metadata.name": "auth" })).bytes;

let registry: FakeRegistry;
before(async () => {
  registry = await FakeRegistry.start();
  writeFileSync(
    policy,
    "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: auth }\nspec: { role: auth }\n",
  );
});
beforeEach(() => {
  rmSync(cache, { recursive: true, force: true });
  registry.seen.length = 0;
});
after(async () => {
  await registry.stop();
  rmSync(scratch, { recursive: true, force: true });
});

async function run(...args: readonly string[]) {
  let out = "";
  let err = "";
  const exit = await main([...args, "--json"], {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    outTerminal: false,
    errTerminal: false,
    env: { GLOVEBOX_MODULE_CACHE: cache },
    now: () => 0,
  });
  return { exit, result: out === "" ? null : JSON.parse(out).result, err };
}

/** Writes a WasmPlugin with this source, and nothing else that a rule has anything against. */
function plugin(url: string, pin: string | null): void {
  writeFileSync(
    manifest,
    `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: tagger, namespace: edge }
spec:
  selector: { matchLabels: { app: gateway } }
  url: ${url}
${pin === null ? "" : `  sha256: ${pin}\n`}  failStrategy: FAIL_RELOAD
`,
  );
}

/** Rules of modules that `lint` names, and what else isn't fine. */
async function rulesOf(...flags: readonly string[]): Promise<readonly string[]> {
  const { result, err } = await run("lint", manifest, ...flags);
  assert.ok(result !== null, err);
  return (result.findings as readonly { rule: string; level: string }[])
    .filter((one) => one.level !== "info")
    .map((one) => one.rule);
}

async function rowOf(...flags: readonly string[]) {
  const { result, err } = await run("audit", manifest, ...flags);
  assert.ok(result !== null, err);
  assert.equal(result.rows.length, 1);
  return { ...result.rows[0], problems: result.problems };
}

function keep(bytes: Uint8Array): string {
  mkdirSync(join(cache, "sha256"), { recursive: true });
  writeFileSync(join(cache, "sha256", sha256(bytes)), bytes);
  return sha256(bytes);
}

async function pushed(bytes: Uint8Array, name: string): Promise<{ ref: string; manifest: string }> {
  const file = join(scratch, "push.wasm");
  writeFileSync(file, bytes);
  const ref = `oci://${registry.host}/team/${name}:v1`;
  const { result, err } = await run("push", file, ref, "--plain-http");
  assert.ok(result !== null, err);
  registry.seen.length = 0;
  rmSync(cache, { recursive: true, force: true });
  return { ref, manifest: (result.manifest as string).slice("sha256:".length) };
}

test("a module of the cache is judged by the digest that the manifest pins, and nobody is asked", async () => {
  plugin(`https://${registry.host}/tagger.wasm`, sha256(plain));
  assert.deepEqual(await rulesOf(), []);
  assert.equal((await rowOf()).module, null);
  keep(plain);
  assert.deepEqual(await rulesOf(), ["module-uncapped"]);
  assert.deepEqual(await rulesOf("--policy", policy), ["module-not-contained", "module-uncapped"]);
  const row = await rowOf();
  assert.deepEqual(row.module, { sha256: sha256(plain), hardened: false, contained: null });
  assert.match(row.reasons.join("; "), /no limit on how long it runs/);
  assert.equal(registry.seen.length, 0);
});

test("what lies under a digest in the cache and isn't it is no module", async () => {
  plugin("https://modules.example.com/tagger.wasm", sha256(plain));
  mkdirSync(join(cache, "sha256"), { recursive: true });
  writeFileSync(join(cache, "sha256", sha256(plain)), hardened);
  assert.deepEqual(await rulesOf(), []);
});

test("a hardened module that keeps the policy is of less risk than one of which nothing is known", async () => {
  plugin("https://modules.example.com/tagger.wasm", keep(hardened));
  assert.deepEqual(await rulesOf("--policy", policy), []);
  const kept = await rowOf("--policy", policy);
  assert.deepEqual(kept.module, { sha256: sha256(hardened), hardened: true, contained: true });
  assert.equal(kept.risk, "low", kept.reasons.join("; "));
  assert.equal((await rowOf()).risk, "high");
  plugin("https://modules.example.com/tagger.wasm", keep(plain));
  const open = await rowOf("--policy", policy);
  assert.equal(open.module.contained, false);
  assert.match(open.reasons.join("; "), /doesn't keep the policy/);
});

test("an image whose manifest was pulled before is judged from the cache alone", async () => {
  const { ref, manifest: digest } = await pushed(plain, "pulled");
  await run("pull", ref, "-o", join(scratch, "out.wasm"), "--plain-http");
  registry.seen.length = 0;
  plugin(ref, digest);
  assert.deepEqual(await rulesOf(), ["module-uncapped"]);
  assert.equal((await rowOf()).module.sha256, sha256(plain));
  plugin(`${ref}@sha256:${digest}`, null);
  assert.deepEqual(await rulesOf(), ["module-uncapped"]);
  assert.equal(registry.seen.length, 0);
});

test("with --fetch a registry is asked, by the digest where one is pinned and by the tag where none is", async () => {
  const { ref, manifest: digest } = await pushed(plain, "fetched");
  plugin(ref, digest);
  assert.deepEqual(await rulesOf(), []);
  assert.equal(registry.seen.length, 0);
  assert.deepEqual(await rulesOf("--fetch", "--plain-http"), ["module-uncapped"]);
  assert.ok(registry.seen.some(({ path }) => path.endsWith(`/manifests/sha256:${digest}`)));
  plugin(ref, null);
  assert.deepEqual(await rulesOf("--fetch", "--plain-http"), ["digest-missing", "module-uncapped"]);
  assert.equal((await rowOf("--fetch", "--plain-http")).module.sha256, sha256(plain));
});

test("with --fetch the digest of the file, where the manifest's is compared, is told from a wrong one", async () => {
  const { ref } = await pushed(plain, "mistaken");
  plugin(ref, sha256(plain));
  assert.deepEqual(await rulesOf("--fetch", "--plain-http"), [
    "module-uncapped",
    "digest-of-other",
  ]);
  plugin(ref, sha256(hardened));
  assert.deepEqual(await rulesOf("--fetch", "--plain-http"), ["fetch-failed"]);
});

test("what can't be fetched is said at its place, and the rest is judged", async () => {
  plugin(`oci://${registry.host}/team/nothing:v1`, "ab".repeat(32));
  const { exit, result } = await run("lint", manifest, "--fetch", "--plain-http");
  assert.equal(exit, 1);
  const [first] = result.findings;
  assert.deepEqual([first.rule, first.line, first.column], ["fetch-failed", 6, 8]);
  const { problems, module } = await rowOf("--fetch", "--plain-http");
  assert.equal(module, null);
  assert.match(problems[0], /^module of tagger \(/);
  // Without TLS nobody is asked who wasn't allowed.
  registry.seen.length = 0;
  plugin(`http://${registry.host}/a.wasm`, null);
  assert.ok((await rulesOf("--fetch")).includes("fetch-failed"));
  assert.equal(registry.seen.length, 0);
});
