// lock and update as a user types them: a tag moves, and every file that names the plugin follows, or nothing does.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { wat } from "../wat.ts";
import { command, file, resultOf } from "./command.ts";

const types: Readonly<Record<string, string>> = {
  proxy_done: "(result i32)",
  proxy_set_tick_period_milliseconds: "(param i32) (result i32)",
  proxy_get_status: "(param i32 i32 i32) (result i32)",
};

const plugin = (imports: readonly string[]): Uint8Array =>
  wat(`(module
    ${imports.map((name) => `(import "env" "${name}" (func ${types[name]}))`).join("\n")}
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0))`);

const url = `oci-layout:${file("registry")}:v1`;
const policy = file("auth.yaml");
const lock = file("glovebox.lock");
const manifest = file("plugin.yaml");
const envoy = file("envoy.yaml");

const ok = async (...args: readonly string[]) => {
  const ran = await command(args);
  assert.equal(ran.exit, 0, ran.said);
  return ran;
};

async function push(
  imports: readonly string[],
  sign = true,
): Promise<{ manifest: string; module: string }> {
  writeFileSync(file("auth.wasm"), plugin(imports));
  const pushed = await resultOf(0, "push", file("auth.wasm"), url);
  if (sign) await ok("sign", url, "--key", file("author.key"));
  return pushed;
}

const locked = () => JSON.parse(readFileSync(lock, "utf8")).plugins.auth;
const update = ["update", manifest, envoy, "-p", policy, "--lock", lock];

await ok("keys", file("author"));
const before = await push(["proxy_done"]);
writeFileSync(
  policy,
  `apiVersion: glovebox.dev/v1alpha1
kind: PluginPolicy
metadata: { name: auth }
spec:
  role: logging
  source:
    url: ${url}
    sha256: ${before.module}      # the module
    manifest: ${before.manifest}
    signedBy: [{ publicKey: author.pub }]
`,
);
writeFileSync(
  manifest,
  `# deployed by GitOps
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: auth }
spec:
  url: ${url}   # the plugin
  sha256: "${before.manifest.slice(7)}"
---
kind: WasmPlugin
spec: { url: "${url}@${before.manifest}" }
---
kind: WasmPlugin
spec: { url: "oci://elsewhere.example.com/auth:v1", sha256: "${before.manifest.slice(7)}" }
`,
);
writeFileSync(
  envoy,
  `code:
  remote:
    http_uri: { uri: "${url}", cluster: modules, timeout: 5s }
    sha256: ${before.module}
`,
);

test("lock writes what every reference stands for, the same bytes each time", async () => {
  await ok("lock", "-p", policy, "-o", lock);
  const text = readFileSync(lock, "utf8");
  assert.deepEqual(locked(), {
    url,
    manifest: before.manifest,
    sha256: before.module,
    imports: ["proxy_done"],
    callbacks: ["proxy_on_request_headers"],
  });
  await ok("lock", "-p", policy, "-o", lock);
  assert.equal(readFileSync(lock, "utf8"), text);
  assert.match((await ok(...update)).out, /^up to date/);
});

test("harden refuses other content than the lock's", async () => {
  const harden = ["harden", url, "--role", "logging", "-o", file("h.wasm"), "--lock", lock];
  const unknown = await command(harden);
  assert.match(unknown.err, /error\[lock-unknown\]/);
  await ok("harden", url, "-p", policy, "-o", file("h.wasm"), "--lock", lock);
});

test("a moved tag is proposed with what it newly calls; nothing is written before --write", async () => {
  const after = await push(["proxy_done", "proxy_set_tick_period_milliseconds"]);
  const files = [policy, manifest, envoy, lock].map((name) => readFileSync(name, "utf8"));
  const proposed = await command([...update]);
  assert.equal(proposed.exit, 1, proposed.said);
  assert.match(proposed.out, /newly imports: proxy_set_tick_period_milliseconds/);
  assert.match(proposed.out, /denied by the policy: proxy_set_tick_period_milliseconds/);
  assert.match(proposed.out, /signature {2}held/);
  assert.deepEqual(
    [policy, manifest, envoy, lock].map((name) => readFileSync(name, "utf8")),
    files,
  );
  const pinned = ["harden", url, "-p", policy, "-o", file("h.wasm"), "--lock", lock];
  assert.match((await command(pinned)).err, /error\[lock-pin\]/);

  await ok(...update, "--write");
  assert.equal(locked().manifest, after.manifest);
  const [old, now] = [before.manifest.slice(7), after.manifest.slice(7)];
  // Everything but the digests stays, comments and quotes included; a plugin from elsewhere keeps its own.
  const expected = files[1]!.split("---");
  assert.equal(
    readFileSync(manifest, "utf8"),
    [expected[0]!.replace(old, now), expected[1]!.replace(old, now), expected[2]].join("---"),
  );
  assert.equal(readFileSync(envoy, "utf8"), files[2]!.replace(before.module, after.module));
  assert.equal(
    readFileSync(policy, "utf8"),
    files[0]!.replace(before.module, after.module).replace(old, now),
  );
  assert.match((await ok(...update)).out, /^up to date/);
  await ok("harden", url, "-p", policy, "-o", file("h.wasm"), "--lock", lock);
});

test("a manifest that disagrees with the lock is one command away from agreeing", async () => {
  const good = readFileSync(manifest, "utf8");
  writeFileSync(manifest, good.replace(locked().manifest.slice(7), "0".repeat(64)));
  const found = await resultOf(1, ...update);
  assert.deepEqual(found.files[0].changes[0].was, "0".repeat(64));
  await ok(...update, "--write");
  assert.equal(readFileSync(manifest, "utf8"), good);
});

test("content that its author didn't sign is reported and never taken over", async () => {
  const kept = [policy, manifest, envoy, lock].map((name) => readFileSync(name, "utf8"));
  await push(["proxy_get_status"], false);
  const refused = await command([...update, "--write"]);
  assert.equal(refused.exit, 1, refused.said);
  assert.match(refused.out, /error\[update-unsigned\]/);
  assert.match(refused.out, /signature {2}refused/);
  assert.deepEqual(
    [policy, manifest, envoy, lock].map((name) => readFileSync(name, "utf8")),
    kept,
  );
  const relock = await command(["lock", "-p", policy, "-o", lock]);
  assert.equal(relock.exit, 1, relock.said);
});

test("locks and policies that can't be used each have their code", async () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "lock-malformed"],
    ["{}", "lock-malformed"],
    ['{"version":2,"plugins":{}}', "lock-malformed"],
    ['{"version":1,"plugins":{"auth":{}}}', "lock-malformed"],
    ['{"version":1,"version":1,"plugins":{}}', "lock-malformed"],
  ];
  for (const [text, code] of cases) {
    writeFileSync(file("bad.lock"), text);
    const ran = await command(["update", "-p", policy, "--lock", file("bad.lock")]);
    assert.equal(ran.exit, 3, ran.said);
    assert.ok(ran.err.includes(`error[${code}]`), ran.said);
  }
  writeFileSync(
    file("sourceless.yaml"),
    "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: x }\nspec: {}\n",
  );
  const sourceless = await command(["lock", "-p", file("sourceless.yaml")]);
  assert.match(sourceless.err, /error\[lock-no-source\]/);
  const twice = await command(["lock", "-p", policy, "-p", policy]);
  assert.match(twice.err, /error\[lock-twice\]/);
});
