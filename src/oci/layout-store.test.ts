// A folder as a Store: what is written is read, by every name that it has; what somebody changed is refused.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Failure } from "../errors/failure.ts";
import { type Digest, digestOf, hexOf } from "../net/digest.ts";
import { type Manifest, serializeManifest } from "../net/manifest.ts";
import { EMPTY_JSON, mediaTypes } from "../spec/oci.ts";
import { buildArtifact, type WrittenLayout } from "./build-artifact.ts";
import { copyArtifact } from "./copy-artifact.ts";
import { LayoutStore } from "./layout-store.ts";
import { readArtifact } from "./read-artifact.ts";
import { writeRuntimeConfig } from "./runtime-config.ts";
import { writeArtifact } from "./write-artifact.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-layout-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const fresh = (): string => join(scratch, `layout-${folders++}`);

const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 3, 1, 0x61, 0x62);
const layouts: readonly WrittenLayout[] = ["image", "artifact", "docker", "cncf"];

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return "none";
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.code;
  }
}

async function pushed(folder: string, layout: WrittenLayout, tag = "v1"): Promise<Digest> {
  const built = buildArtifact({ module, layout });
  return (await writeArtifact(new LayoutStore(folder), built, tag)).digest;
}

/** All files of a folder with their bytes. */
function snapshot(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));
  return Object.fromEntries(
    files.map((file) => [file.slice(folder.length), readFileSync(file, "base64")] as const).sort(),
  );
}

test("every layout that is written is read again, under the name and the digest", async () => {
  for (const layout of layouts) {
    const folder = fresh();
    const digest = await pushed(folder, layout);
    const store = new LayoutStore(folder);
    for (const target of ["v1", digest, await store.onlyTarget()]) {
      const pulled = await readArtifact(store, target, "a test");
      assert.equal(pulled.layout, layout);
      assert.deepEqual(Uint8Array.from(pulled.module), module);
      assert.equal(pulled.manifest, digest);
      assert.equal(pulled.digest, digestOf(module));
      assert.equal(pulled.runtimeConfig, null);
    }
  }
});

test("the same pushes give the same bytes, in whatever order", async () => {
  const [one, other] = [fresh(), fresh()];
  for (const layout of layouts) await pushed(one, layout, layout);
  for (const layout of [...layouts].reverse()) await pushed(other, layout, layout);
  await pushed(other, "image", "image");
  assert.deepEqual(snapshot(one), snapshot(other));
});

test("a runtime configuration travels in both of the hub's variants", async () => {
  const runtimeConfig = writeRuntimeConfig({ abiVersions: ["0.2.1"], rootIds: ["auth", "log"] });
  for (const layout of ["image", "artifact"] as const) {
    const store = new LayoutStore(fresh());
    await writeArtifact(store, buildArtifact({ module, layout, runtimeConfig }), "v1");
    const pulled = await readArtifact(store, "v1", "a test");
    assert.deepEqual(pulled.runtimeConfig, {
      type: "envoy_proxy",
      abiVersions: ["0.2.1"],
      rootIds: ["auth", "log"],
    });
  }
});

test("a tag that moves leaves what its old digest names", async () => {
  const folder = fresh();
  const old = await pushed(folder, "image");
  const now = await pushed(folder, "artifact");
  assert.notEqual(old, now);
  const store = new LayoutStore(folder);
  assert.equal((await store.getManifest("v1"))!.descriptor.digest, now);
  assert.equal((await store.getManifest(old))!.descriptor.digest, old);
  assert.deepEqual(await store.listTags(), ["v1"]);
  assert.equal(await store.onlyTarget(), now);
});

test("a referrer is found by its subject, by its own artifact type, and copied along", async () => {
  const folder = fresh();
  const subject = await pushed(folder, "image");
  const store = new LayoutStore(folder);
  const config = await store.putBlob(new TextEncoder().encode(EMPTY_JSON), mediaTypes.ociEmpty);
  const stored = (await store.getManifest(subject))!;
  const manifest = (artifactType: string, tag: string): Uint8Array => {
    const document: Manifest = {
      kind: "manifest",
      mediaType: mediaTypes.ociManifest,
      artifactType,
      config,
      layers: [],
      subject: stored.descriptor,
      annotations: { tag },
    };
    return serializeManifest(document);
  };
  for (const [type, tag] of [
    ["application/vnd.a", "1"],
    ["application/vnd.b", "2"],
    ["application/vnd.a", "3"],
  ] as const) {
    await store.putManifest(manifest(type, tag), mediaTypes.ociManifest);
  }
  assert.equal((await store.listReferrers(subject)).length, 3);
  const some = await store.listReferrers(subject, "application/vnd.a");
  assert.deepEqual(some.map((one) => one.annotations?.tag).sort(), ["1", "3"]);
  assert.deepEqual(await store.listReferrers(digestOf(module)), []);
  // A referrer is no artifact that a reference without a tag could mean.
  assert.equal(await store.onlyTarget(), subject);

  const copy = new LayoutStore(fresh());
  const done = await copyArtifact(store, copy, "v1", "v2");
  assert.deepEqual([done.descriptor.digest, done.referrers], [subject, 3]);
  assert.equal((await copy.listReferrers(subject)).length, 3);
  assert.equal((await readArtifact(copy, "v2", "a")).manifest, subject);
});

test("what is changed on disk is refused at reading, and healed by pushing again", async () => {
  for (const layout of layouts) {
    const folder = fresh();
    const digest = await pushed(folder, layout);
    const blobs = join(folder, "blobs", "sha256");
    for (const name of readdirSync(blobs)) {
      const file = join(blobs, name);
      const good = readFileSync(file);
      const bad = Uint8Array.from(good);
      bad[bad.length - 1]! ^= 1;
      writeFileSync(file, bad);
      const read = (): Promise<unknown> => readArtifact(new LayoutStore(folder), digest, "a");
      assert.equal(await codeOf(read()), "digest-mismatch", `${layout} ${name}`);
      writeFileSync(file, good.subarray(1));
      assert.equal(await codeOf(read()), "blob-size", `${layout} ${name}`);
      rmSync(file);
      assert.equal(await codeOf(read()), "blob-missing", `${layout} ${name}`);
      await pushed(folder, layout);
      assert.deepEqual(readFileSync(file), good);
    }
  }
});

test("what a killed process left half written is removed by a later one, when it is old", async () => {
  const folder = fresh();
  await pushed(folder, "image");
  const blobs = join(folder, "blobs", "sha256");
  const [fresh1, old] = ["a", "b"].map((one) => join(blobs, `.${one.repeat(64)}.00ff.tmp`));
  for (const file of [fresh1!, old!]) writeFileSync(file, "half");
  const yesterday = Date.now() / 1000 - 86_400;
  utimesSync(old!, yesterday, yesterday);
  await pushed(folder, "cncf", "v2");
  assert.deepEqual([existsSync(fresh1!), existsSync(old!)], [true, false]);
});

test("what is no layout is said to be none", async () => {
  const store = new LayoutStore(fresh());
  assert.equal(await codeOf(store.getManifest("v1")), "layout-none");
  const folder = fresh();
  await pushed(folder, "image");
  assert.equal(await new LayoutStore(folder).getManifest("v9"), null);
  const other = new LayoutStore(folder);
  assert.equal(await codeOf(readArtifact(other, "v9", "a")), "manifest-missing");
  await pushed(folder, "cncf", "v2");
  assert.equal(await codeOf(other.onlyTarget()), "manifest-ambiguous");
  const index = join(folder, "index.json");
  const cases: Readonly<Record<string, string>> = {
    '{"schemaVersion":2,"manifests":[],"manifests":[]}': "json-duplicate-key",
    '{"schemaVersion":1,"manifests":[]}': "manifest-malformed",
    '{"schemaVersion":2,"manifests":{}}': "manifest-malformed",
    '{"schemaVersion":2,"manifests":[],"layers":[]}': "manifest-malformed",
    '{"schemaVersion":2,"mediaType":"application/x","manifests":[]}': "manifest-type",
    '{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"sha256:1","size":1}]}':
      "digest-malformed",
    "{": "manifest-malformed",
  };
  for (const [text, code] of Object.entries(cases)) {
    writeFileSync(index, text);
    assert.equal(await codeOf(other.getManifest("v1")), code, text);
  }
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}');
  assert.equal(await codeOf(other.getManifest("v1")), "layout-none");
});

test("pushes at the same time lose nothing of each other", async () => {
  const folder = fresh();
  const tags = Array.from({ length: 12 }, (_, i) => `t${i}`);
  await Promise.all(tags.map((tag) => pushed(folder, "image", tag)));
  assert.deepEqual(await new LayoutStore(folder).listTags(), [...tags].sort());
});

test("a lock whose holder is dead is taken over; one whose holder lives is waited for", async () => {
  const folder = fresh();
  await pushed(folder, "image");
  const { hostname } = await import("node:os");
  const lock = join(folder, "index.json.lock");
  // The largest process id that Linux gives out, plus one.
  writeFileSync(lock, `${hostname()} 4194305 00ff\n`);
  await pushed(folder, "cncf", "v2");
  writeFileSync(lock, `${hostname()} ${process.pid} 00ff\n`);
  const store = new LayoutStore(folder, { lockMs: 60 });
  const manifest = (await store.getManifest("v1"))!;
  const { mediaType, digest } = manifest.descriptor;
  assert.equal(await codeOf(store.putManifest(manifest.bytes, mediaType, "v3")), "layout-locked");
  assert.equal(readFileSync(lock, "utf8").includes("00ff"), true, digest);
  assert.equal(hexOf(digest).length, 64);
});
