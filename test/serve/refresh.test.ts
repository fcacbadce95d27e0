// How what is served changes: a new content that is good takes the place, one that is bad changes nothing; what is pinned is
// read once; what the store behind has lost or spoilt is made again and never given out.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { fail } from "../../src/errors/failure.ts";
import { type Digest, digestOf } from "../../src/net/digest.ts";
import { serializeManifest } from "../../src/net/manifest.ts";
import type { StoredManifest } from "../../src/net/store.ts";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import { storeDepot } from "../../src/serve/depot.ts";
import { make } from "../../src/serve/make.ts";
import { MakeThread } from "../../src/serve/make-thread.ts";
import { signArtifact, signLegacy } from "../../src/signing/sign.ts";
import { mediaTypes } from "../../src/spec/oci.ts";
import { sha256 } from "../../src/util/digest.ts";
import { codeOf } from "../oci/remote.ts";
import { author, byKey, CREATED } from "../supply/world.ts";
import { ask, errorOf, memoryDepot, plugin, policy, serve, source } from "./server.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-serve-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const pathOf = (module: Uint8Array): string =>
  `/modules/${sha256(contain(module, policy("auth")).bytes)}.wasm`;
const [first, second] = [plugin(1024), plugin(2048)];
const unreadable = (): never =>
  fail("registry-busy", { host: "h", status: 503, what: "x", tries: 5 });

test("a new content takes the old one's place, and the old one stays for those who pin it", async () => {
  const content = { now: first };
  const { server, port, lines } = await serve([source("auth", content)]);
  try {
    const before = await ask(port, "/v2/auth/manifests/latest");
    content.now = second;
    await server.refresh();
    const now = await ask(port, "/v2/auth/manifests/latest");
    assert.notEqual(now.headers["docker-content-digest"], before.headers["docker-content-digest"]);
    for (const module of [first, second]) {
      assert.equal((await ask(port, pathOf(module))).status, 200);
    }
    const old = await ask(port, `/v2/auth/manifests/${before.headers["docker-content-digest"]}`);
    assert.deepEqual(old.body, before.body);
    const told = lines.filter(({ event }) => event === "new");
    assert.deepEqual([told.length, told[0]!.plugin], [1, "auth"]);
    const page = (await ask(port, "/metrics")).body.toString();
    assert.match(page, /_refreshes_total\{plugin="auth",result="new"\} 1\n/);
    assert.equal(page.match(/_plugin_info\{/g)!.length, 1);
    for (const constant of [3, 4, 5, 6]) {
      content.now = plugin(constant * 1024);
      await server.refresh();
    }
    assert.equal((await ask(port, pathOf(first))).status, 404, "not for ever");
    assert.equal((await ask(port, pathOf(second))).status, 200);
  } finally {
    await server.stop();
  }
});

test("what can't be read, decoded or contained is refused, and the old one stays", async () => {
  const content: { now: Uint8Array | (() => never) } = { now: first };
  const { server, port, lines, maker } = await serve([source("auth", content)]);
  try {
    const bad = [unreadable, new Uint8Array(8), Uint8Array.from(first).fill(0xff, 40, 60)];
    for (const one of bad) {
      content.now = one;
      await server.refresh();
      assert.equal((await ask(port, pathOf(first))).status, 200);
      assert.equal((await ask(port, "/readyz")).status, 200);
    }
    const told = lines.filter(({ event }) => event === "refused");
    assert.equal(told.length, bad.length);
    assert.equal(told[0]!.code, "registry-busy");
    assert.equal(told[0]!.serving, pathOf(first).slice("/modules/".length, -".wasm".length));
    content.now = first;
    const made = maker.made;
    await server.refresh();
    assert.equal(maker.made, made, "the same content isn't made again");
  } finally {
    await server.stop();
  }
});

test("a bad plugin at start is that plugin's failure, and nothing listens", async () => {
  const bad = source("log", { now: new Uint8Array(8) });
  assert.equal(await codeOf(serve([source("auth", { now: first }), bad])), "wasm-not-wasm");
});

test("what is pinned is read once", async () => {
  const pinned = source("auth", { now: first }, true);
  const loose = source("log", { now: second });
  const { server } = await serve([pinned, loose]);
  await server.refresh();
  await server.refresh();
  assert.deepEqual([pinned.opened, loose.opened], [1, 3]);
  await server.stop();
});

test("a module that was hardened before is served as it is, under its own policy only", async () => {
  const hardened = contain(first, policy("auth")).bytes;
  const { server, port } = await serve([source("auth", { now: hardened })]);
  assert.deepEqual(
    Uint8Array.from((await ask(port, pathOf(first))).body),
    Uint8Array.from(hardened),
  );
  await server.stop();
  const other = contain(first, { ...policy("auth"), limits: wide() }).bytes;
  const loosened = source("auth", { now: other });
  assert.equal(await codeOf(serve([loosened])), "serve-not-contained");
});

const wide = () => ({ ...policy("auth").limits, memoryPages: 2_000 });

test("what the store behind has lost or spoilt is made again, and never given out", async () => {
  const depot = memoryDepot();
  const { server, port, lines } = await serve([source("auth", { now: first })], {
    depot,
    memory: 0,
  });
  try {
    const good = (await ask(port, pathOf(first))).body;
    const digest = digestOf(good);
    for (const spoil of [
      () => depot.kept.clear(),
      () => depot.kept.set(digest, Uint8Array.from(good).fill(1, 20, 21)),
      () => depot.kept.set(digest, good.subarray(0, 100)),
    ]) {
      spoil();
      const got = await ask(port, pathOf(first));
      assert.deepEqual([got.status, digestOf(got.body)], [200, digest]);
    }
    assert.ok(lines.some(({ event }) => event === "remake"));
  } finally {
    await server.stop();
  }
});

test("where it can't be made again the answer is 503, and no byte of it", async () => {
  const content: { now: Uint8Array | (() => never) } = { now: first };
  const depot = memoryDepot();
  const { server, port, lines } = await serve([source("auth", content)], { depot, memory: 0 });
  depot.kept.clear();
  content.now = unreadable;
  const lost = await ask(port, pathOf(first));
  assert.deepEqual([lost.status, errorOf(lost)], [503, "UNAVAILABLE"]);
  assert.equal(lost.headers["retry-after"], "5");
  content.now = second;
  assert.equal((await ask(port, pathOf(first))).status, 503, "the source has other content by now");
  assert.ok(lines.some((one) => String(one.message).includes("serve-lost")));
  await server.stop();
});

test("what a store says is attached counts only where it says so itself", async () => {
  const config = { mediaType: mediaTypes.ociEmpty, digest: digestOf(Buffer.from("{}")), size: 2 };
  const about = (subject: Digest): StoredManifest => {
    const bytes = serializeManifest({
      kind: "manifest",
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [],
      subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 1 },
    });
    const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: 1 };
    return { bytes, descriptor: { ...descriptor, size: bytes.length } };
  };
  const other = about(digestOf(Buffer.from("another artifact")));
  const depot = {
    ...memoryDepot(),
    referrers: async (_plugin: string, digest: Digest) => [other, about(digest)],
  };
  const { server, port } = await serve([source("auth", { now: first })], { depot });
  try {
    const latest = await ask(port, "/v2/auth/manifests/latest");
    const digest = latest.headers["docker-content-digest"] as Digest;
    const listed = await ask(port, `/v2/auth/referrers/${digest}`);
    const digests = JSON.parse(listed.body.toString()).manifests.map(
      (one: { digest: string }) => one.digest,
    );
    assert.deepEqual(digests, [about(digest).descriptor.digest]);
    assert.equal((await ask(port, `/v2/auth/manifests/${digests[0]}`)).status, 200);
    const foreign = await ask(port, `/v2/auth/manifests/${other.descriptor.digest}`);
    assert.equal(foreign.status, 404);
  } finally {
    await server.stop();
  }
});

test("an attached manifest that lies about a size gets no answer of another length, and nothing is made again", async () => {
  const depot = memoryDepot();
  const module = contain(first, policy("auth")).bytes;
  const referrers = async (plugin: string, digest: Digest): Promise<readonly StoredManifest[]> => {
    if (plugin !== "log") return [];
    const bytes = serializeManifest({
      kind: "manifest",
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociEmpty, digest: digestOf(module), size: 1 },
      layers: [],
      subject: { mediaType: mediaTypes.ociManifest, digest, size: 1 },
    });
    const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes) };
    return [{ bytes, descriptor: { ...descriptor, size: bytes.length } }];
  };
  const sources = [source("auth", { now: first }), source("log", { now: second })];
  const { server, port, maker } = await serve(sources, { depot: { ...depot, referrers } });
  try {
    const blob = `blobs/${digestOf(module)}`;
    const lie = await ask(port, `/v2/log/${blob}`);
    assert.equal(lie.status, 503, "not one byte and a rest that the next answer begins with");
    assert.equal(Number(lie.headers["content-length"]), lie.body.length);
    assert.equal(maker.made, 2);
    assert.equal((await ask(port, `/v2/auth/${blob}`)).body.length, module.length);
  } finally {
    await server.stop();
  }
});

test("the thread that hardens gives what hardening here gives, and its failures by code", async () => {
  const thread = new MakeThread();
  const job = { bytes: first, policy: policy("auth"), shown: { manifest: null, signed: true } };
  try {
    const [made, failed] = await Promise.all([
      thread.make(job),
      codeOf(thread.make({ ...job, bytes: new Uint8Array(8) })),
    ]);
    const here = make(job);
    assert.equal(digestOf(made.module), digestOf(here.module));
    assert.deepEqual(
      made.artifacts.map(({ digest }) => digest),
      here.artifacts.map(({ digest }) => digest),
    );
    assert.equal(failed, "wasm-not-wasm");
  } finally {
    await thread.close();
  }
  assert.equal(digestOf((await thread.make(job)).module), digestOf(make(job).module), "a new one");
  await thread.close();
});

test("a store behind has what is served, and what is signed there is served too", async () => {
  const folder = join(scratch, "store");
  const store = new LayoutStore(join(folder, "auth"));
  const depot = () => storeDepot("layout", (name) => new LayoutStore(join(folder, name)));
  const { server, port } = await serve([source("auth", { now: first })], { depot: depot() });
  const subject = (await store.getManifest("istio"))!.descriptor;
  await server.stop();
  const bundle = await signArtifact(store, subject, {}, byKey(author), CREATED);
  await signLegacy(store, subject, {}, author);
  // A stranger's artifact in the same folder is nobody's business.
  const stray = await store.putBlob(Buffer.from("secret"), "text/plain");

  const again = await serve([source("auth", { now: first })], { depot: depot(), memory: 0 });
  try {
    assert.notEqual(port, again.port);
    const at = (path: string) => ask(again.port, `/v2/auth/${path}`);
    const listed = JSON.parse((await at(`referrers/${subject.digest}`)).body.toString());
    assert.deepEqual(
      listed.manifests.map((one: { digest: Digest }) => one.digest),
      [bundle.digest],
    );
    const type = encodeURIComponent(listed.manifests[0].artifactType);
    const filtered = await at(`referrers/${subject.digest}?artifactType=${type}`);
    assert.equal(filtered.headers["oci-filters-applied"], "artifactType");
    assert.equal(JSON.parse(filtered.body.toString()).manifests.length, 1);
    const none = await at(`referrers/${subject.digest}?artifactType=a/b`);
    assert.deepEqual(JSON.parse(none.body.toString()).manifests, []);

    const manifest = await at(`manifests/${bundle.digest}`);
    assert.equal(digestOf(manifest.body), bundle.digest);
    const layer = JSON.parse(manifest.body.toString()).layers[0];
    assert.equal(digestOf((await at(`blobs/${layer.digest}`)).body), layer.digest);
    const legacy = await at(`manifests/sha256-${subject.digest.slice(7)}.sig`);
    assert.equal(legacy.status, 200);
    const signed = JSON.parse(legacy.body.toString()).layers[0].digest;
    assert.equal((await at(`blobs/${signed}`)).status, 200);
    assert.equal((await at(`blobs/${stray.digest}`)).status, 404);
    assert.equal((await at("manifests/other")).status, 404);
  } finally {
    await again.server.stop();
  }
});
