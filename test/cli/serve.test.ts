// `glovebox serve` on the command line: what it prints is what `push` prints, and what is wrong with policies, sources and
// flags is one line with a code before anything listens.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import { API_VERSION, KIND } from "../../src/policy/schema.ts";
import { generateKeyPair, readPrivateKey } from "../../src/signing/private-key.ts";
import { signArtifact } from "../../src/signing/sign.ts";
import { sha256 } from "../../src/util/digest.ts";
import { plugin } from "../serve/server.ts";
import { byKey, CREATED } from "../supply/world.ts";
import { glovebox } from "./glovebox.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-cli-serve-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
// The cache is in the home of whoever runs the tests; here that is a folder of ours.
process.env.HOME = scratch;
const file = (name: string): string => join(scratch, name);
const shipped = plugin(1024);
writeFileSync(file("plugin.wasm"), shipped);

function policy(name: string, source: object | null, called = name): string {
  const spec = { role: "logging", ...(source && { source }) };
  const document = { apiVersion: API_VERSION, kind: KIND, metadata: { name: called }, spec };
  writeFileSync(file(`${name}.yaml`), JSON.stringify(document));
  return file(`${name}.yaml`);
}

const good = policy("auth", { url: file("plugin.wasm"), sha256: sha256(shipped) });

async function codeOf(...args: string[]): Promise<readonly [string | undefined, number, string]> {
  const { exit, err } = await glovebox("serve", "--plain-http", ...args);
  assert.equal(err.trim().split("\n").length, 1, err);
  return [/^error\[([\w-]+)\]/.exec(err)?.[1], exit, err];
}

test("--check prints the digests that `push` gives, for every consumer", async () => {
  const base = ["--url", "https://modules.example.com:8443"];
  const checked = await glovebox("serve", "-p", good, "--check", "--json", ...base);
  assert.equal(checked.exit, 0, checked.err);
  const [served] = JSON.parse(checked.out).result.plugins;
  const hardened = file("hardened.wasm");
  assert.equal((await glovebox("harden", file("plugin.wasm"), "-p", good, "-o", hardened)).exit, 0);
  for (const consumer of ["istio", "envoy-gateway", "cncf"]) {
    const args = ["push", hardened, `oci-layout:${file("layout")}:v1`, "--for", consumer, "--json"];
    const pushed = JSON.parse((await glovebox(...args)).out).result;
    const ref = `oci://modules.example.com:8443/auth:${consumer}@${pushed.manifest}`;
    assert.deepEqual([served.oci[consumer], served.sha256], [ref, pushed.module]);
  }
  assert.equal(served.oci.latest.slice(-64), served.oci.istio.slice(-64));
  assert.equal(served.url, `https://modules.example.com:8443/modules/${served.sha256}.wasm`);
  const other = await glovebox("serve", "-p", good, "--check", "--for", "cncf", ...base);
  assert.ok(other.out.includes(served.oci.cncf.replace(":cncf@", ":latest@")), other.out);
});

test("policies that can't be served are refused by code", async () => {
  const none = policy("none", null);
  const twice = policy("twice", { url: file("plugin.wasm") }, "auth");
  const upper = policy("upper", { url: file("plugin.wasm") }, "Auth");
  const gone = policy("gone", { url: file("gone.wasm") });
  const pinned = policy("pinned", { url: file("plugin.wasm"), sha256: "0".repeat(64) });
  const manifest = `sha256:${"0".repeat(64)}`;
  const artifact = policy("artifact", { url: file("plugin.wasm"), manifest });
  const cases: readonly [readonly string[], string, number][] = [
    [[], "cli-usage", 2],
    [["-p", none], "serve-no-source", 3],
    [["-p", good, "-p", twice], "serve-twice", 3],
    [["-p", upper], "serve-name", 3],
    [["-p", gone], "file-unreadable", 3],
    [["-p", pinned], "contain-pin", 1],
    [["-p", artifact], "source-manifest", 1],
    [["-p", good, "--lock", file("none.lock")], "file-unreadable", 3],
  ];
  for (const [args, code, exit] of cases) {
    assert.deepEqual((await codeOf(...args)).slice(0, 2), [code, exit], args.join(" "));
  }
});

test("a policy's signers and a reference's digest are held against the source", async () => {
  const keys = generateKeyPair("", (length) => new Uint8Array(length).fill(7));
  writeFileSync(file("author.pub"), keys.public);
  const layout = `oci-layout:${file("signed")}`;
  const pushed = await glovebox("push", file("plugin.wasm"), `${layout}:v1`, "--json");
  const { manifest } = JSON.parse(pushed.out).result;
  const signed = policy("signed", { url: `${layout}:v1`, signedBy: [{ publicKey: "author.pub" }] });
  const [code, exit] = await codeOf("-p", signed, "--check");
  assert.deepEqual([code, exit], ["signature-missing", 1]);
  const store = new LayoutStore(file("signed"));
  const { descriptor } = (await store.getManifest("v1"))!;
  const signer = readPrivateKey(keys.private, "", "author.key");
  await signArtifact(store, descriptor, {}, byKey(signer), CREATED);
  const now = await glovebox("serve", "-p", signed, "--check", "--json");
  assert.equal(now.exit, 0, now.err);
  const pinned = policy("pinned", { url: `${layout}@${manifest}` });
  assert.equal((await glovebox("serve", "-p", pinned, "--check")).exit, 0);
  const wrong = policy("wrong", { url: `${layout}@sha256:${"0".repeat(64)}` });
  assert.deepEqual((await codeOf("-p", wrong, "--check"))[0], "manifest-missing");
});

test("flags that say nothing sensible are usage errors before anything is read", async () => {
  const missing = ["-p", file("missing.yaml")];
  const cases: readonly (readonly string[])[] = [
    ["--listen", "here"],
    ["--listen", "127.0.0.1:70000"],
    ["--refresh", "5"],
    ["--refresh", "0s"],
    ["--refresh", "999999d"],
    ["--tls-cert", "a.pem"],
    ["--url", "https://modules.example.com/path"],
    ["--url", "ftp://modules.example.com"],
    ["--url", "https://me:secret@modules.example.com"],
    ["--for", "everybody"],
  ];
  for (const args of cases) {
    const [code, exit, said] = await codeOf(...missing, ...args);
    assert.deepEqual([code, exit], ["cli-usage", 2], args.join(" "));
    assert.ok(!said.includes("secret"), said);
  }
  const stores = [
    "oci-layout:store:v1",
    "oci://h.example/a:v1",
    `oci://h.example/a@sha256:${"0".repeat(64)}`,
  ];
  for (const store of stores) {
    assert.deepEqual((await codeOf("-p", good, "--store", store)).slice(0, 2), ["cli-usage", 2]);
  }
  const plain = await glovebox("serve", "-p", good);
  assert.deepEqual([plain.exit, /\[([\w-]+)\]/.exec(plain.err)?.[1]], [2, "serve-plain"]);
});
