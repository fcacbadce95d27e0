// The registry client against a registry that keeps to the protocol, and against ones that don't.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Digest, digestOf } from "../../src/net/digest.ts";
import { type Manifest, serializeManifest } from "../../src/net/manifest.ts";
import { fallbackTag } from "../../src/net/store.ts";
import { buildArtifact, type WrittenLayout } from "../../src/oci/build-artifact.ts";
import { copyArtifact } from "../../src/oci/copy-artifact.ts";
import { readArtifact } from "../../src/oci/read-artifact.ts";
import { RegistrySession } from "../../src/oci/registry-session.ts";
import { RegistryStore } from "../../src/oci/registry-store.ts";
import { openRegistry } from "../../src/oci/remote.ts";
import type { UploadMemory } from "../../src/oci/upload.ts";
import { writeArtifact } from "../../src/oci/write-artifact.ts";
import { EMPTY_JSON, mediaTypes } from "../../src/spec/oci.ts";
import { FakeRegistry, type Reply, type Seen } from "./fake-registry.ts";
import { codeOf, type TestOptions, testRemote } from "./remote.ts";

const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 3, 1, 0x61, 0x62);
const registry = await FakeRegistry.start();
after(() => registry.stop());

const storeOf = (repository: string, options: TestOptions = {}, from = registry): RegistryStore =>
  openRegistry({ registry: from.host, repository }, testRemote(options));

async function pushed(store: RegistryStore, layout: WrittenLayout = "image", tag = "v1") {
  return (await writeArtifact(store, buildArtifact({ module, layout }), tag)).digest;
}

/** A referrer of a subject; the annotation tells it from others. */
async function refer(store: RegistryStore, subject: Digest, which: string): Promise<void> {
  const config = await store.putBlob(new TextEncoder().encode(EMPTY_JSON), mediaTypes.ociEmpty);
  const stored = (await store.getManifest(subject))!;
  const manifest: Manifest = {
    kind: "manifest",
    mediaType: mediaTypes.ociManifest,
    artifactType: `application/vnd.test.${which}`,
    config,
    layers: [],
    subject: stored.descriptor,
    annotations: { which },
  };
  await store.putManifest(serializeManifest(manifest), mediaTypes.ociManifest);
}

const names = async (store: RegistryStore, subject: Digest, type?: string) =>
  (await store.listReferrers(subject, type)).map((one) => one.annotations?.which).sort();

/** Answers in the registry's place for one test only. */
async function lying<T>(
  intercept: FakeRegistry["intercept"],
  action: () => Promise<T>,
): Promise<T> {
  registry.intercept = intercept;
  try {
    return await action();
  } finally {
    registry.intercept = () => undefined;
  }
}

test("what is pushed is pulled, in every layout, and not sent twice", async () => {
  for (const layout of ["image", "artifact", "docker", "cncf"] as const) {
    const store = storeOf(`layouts/${layout}`);
    const digest = await pushed(store, layout);
    for (const target of ["v1", digest]) {
      const pulled = await readArtifact(store, target, "a test");
      assert.deepEqual(Uint8Array.from(pulled.module), module);
      assert.deepEqual([pulled.layout, pulled.manifest], [layout, digest]);
    }
    const before = registry.seen.length;
    await pushed(store, layout);
    const again = registry.seen.slice(before).map((one) => one.method);
    assert.deepEqual(
      again.filter((one) => one === "POST"),
      [],
    );
    assert.deepEqual(await store.listTags(), ["v1"]);
  }
  assert.equal(await storeOf("layouts/image").getManifest("v2"), null);
  assert.equal(await codeOf(readArtifact(storeOf("nothing/here"), "v1", "a")), "manifest-missing");
});

test("referrers are found by the API", async () => {
  const store = storeOf("referrers/api");
  const subject = await pushed(store);
  await refer(store, subject, "a");
  await refer(store, subject, "b");
  assert.deepEqual(await names(store, subject), ["a", "b"]);
  assert.deepEqual(await names(store, subject, "application/vnd.test.b"), ["b"]);
  assert.equal(await store.getManifest(fallbackTag(subject)), null);
});

test("without the API the fallback tag lists them, and others' entries stay", async () => {
  const old = await FakeRegistry.start({ referrers: false });
  try {
    const store = storeOf("referrers/tag", {}, old);
    const subject = await pushed(store);
    for (const which of ["a", "b", "c"]) await refer(store, subject, which);
    await refer(store, subject, "b");
    assert.deepEqual(await names(store, subject), ["a", "b", "c"]);
    assert.deepEqual(await store.listTags(), [fallbackTag(subject), "v1"]);
  } finally {
    await old.stop();
  }
});

test("a list of referrers that another writes at the same time loses nobody's entry", async () => {
  const old = await FakeRegistry.start({ referrers: false });
  try {
    const store = storeOf("referrers/race", {}, old);
    const subject = await pushed(store);
    await refer(store, subject, "theirs");
    const tag = `referrers/race ${fallbackTag(subject)}`;
    const theirs = old.tags.get(tag)!;
    // Another client that read before our write and writes after it: ours is gone again.
    let overwritten = 0;
    old.intercept = ({ method, path }: Seen) => {
      if (method === "GET" && path.endsWith(fallbackTag(subject)) && overwritten < 2) {
        const now = old.tags.get(tag)!;
        if (now !== theirs) {
          old.tags.set(tag, theirs);
          overwritten++;
        }
      }
      return undefined;
    };
    await refer(store, subject, "ours");
    assert.equal(overwritten, 2);
    assert.deepEqual(await names(store, subject), ["ours", "theirs"]);
    // One that never stops is an error, not a signature that nobody finds.
    old.intercept = ({ method, path }: Seen) => {
      if (method === "GET" && path.endsWith(fallbackTag(subject))) old.tags.set(tag, theirs);
      return undefined;
    };
    assert.equal(await codeOf(refer(store, subject, "late")), "registry-lost-update");
  } finally {
    await old.stop();
  }
});

test("what a registry says of a referrer is looked up in the referrer", async () => {
  const store = storeOf("lies/claims");
  const subject = await pushed(store);
  const other = await pushed(store, "cncf", "v2");
  await refer(store, subject, "mine");
  const mine = (await store.listReferrers(subject))[0]!;
  const entries = [
    { ...mine, artifactType: "application/vnd.test.other", annotations: { which: "forged" } },
    { mediaType: mediaTypes.ociManifest, digest: other, size: 1 },
  ];
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: entries,
  });
  const found = await lying(
    ({ path }) =>
      path.includes("/referrers/")
        ? { status: 200, headers: { "content-type": mediaTypes.ociIndex }, body }
        : undefined,
    () => names(store, subject, "application/vnd.test.mine"),
  );
  assert.deepEqual(found, ["mine"]);
});

test("a blob is mounted from another repository without being sent", async () => {
  const from = storeOf("mount/from");
  const digest = await pushed(from);
  const to = storeOf("mount/to");
  const before = registry.seen.length;
  const mount = ({ digest: blob }: { digest: Digest }) => to.mountBlob(blob, "mount/from");
  await copyArtifact(from, to, "v1", "v2", { mount });
  assert.equal((await readArtifact(to, "v2", "a")).manifest, digest);
  const sent = registry.seen.slice(before).filter((one) => /PUT|PATCH/.test(one.method));
  assert.deepEqual(
    sent.map((one) => one.path.split("/").at(-2)),
    ["manifests"],
  );
});

const big = new Uint8Array(1000).map((_, i) => i);

function chunked(repository: string, memory?: UploadMemory): RegistryStore {
  const remote = testRemote();
  const session = new RegistrySession({ ...remote, registry: registry.host, repository });
  return new RegistryStore({ session, repository, chunk: 300, ...(memory && { memory }) });
}

test("a large blob goes in pieces, and one that breaks off is gone on with", async () => {
  let broken = 0;
  const start = registry.seen.length;
  await lying(
    ({ method }) => (method === "PATCH" && ++broken === 2 ? "break" : undefined),
    () => chunked("upload/pieces").putBlob(big, "application/x"),
  );
  const patches = registry.seen.slice(start).filter((one) => one.method === "PATCH");
  assert.deepEqual(
    patches.map((one) => one.headers["content-range"]),
    ["0-299", "300-599", "300-599", "600-899", "900-999"],
  );
  assert.deepEqual(registry.blobs.get(`upload/pieces ${digestOf(big)}`), Buffer.from(big));
});

test("an upload that another process began is gone on with; one that the registry forgot begins again", async () => {
  const kept = new Map<string, string>();
  const memory: UploadMemory = {
    recall: async (key) => kept.get(key) ?? null,
    remember: async (key, location) => void kept.set(key, location),
    forget: async (key) => void kept.delete(key),
  };
  let patches = 0;
  // As if killed: every request fails from the third piece on.
  const dying = lying(
    ({ method }) => ((method === "PATCH" && ++patches > 2) || patches > 2 ? "break" : undefined),
    () => chunked("upload/killed", memory).putBlob(big, "application/x"),
  );
  assert.equal(await codeOf(dying), "registry-unreachable");
  assert.equal(kept.size, 1);
  const start = registry.seen.length;
  await chunked("upload/killed", memory).putBlob(big, "application/x");
  const ranges = registry.seen.slice(start).flatMap((one) => one.headers["content-range"] ?? []);
  assert.deepEqual(ranges, ["600-899", "900-999"]);
  assert.equal(kept.size, 0);

  kept.set(
    `http://${registry.host}/v2/upload/lost/ ${digestOf(big)}`,
    `http://${registry.host}/v2/upload/lost/blobs/uploads/gone`,
  );
  await chunked("upload/lost", memory).putBlob(big, "application/x");
  assert.ok(registry.blobs.has(`upload/lost ${digestOf(big)}`));
});

test("an upload that a killed process has spoilt begins again, and one that is refused twice fails", async () => {
  const place = (repository: string) => `/v2/${repository}/blobs/uploads/old`;
  const recalling = (repository: string): UploadMemory => ({
    recall: async () => `http://${registry.host}${place(repository)}`,
    remember: async () => {},
    forget: async () => {},
  });
  // It says where the upload stood before the last bytes of the killed process came in, and then takes nothing.
  const stale =
    (repository: string) =>
    ({ method, path }: Seen): Reply | undefined => {
      if (path.split("?")[0] !== place(repository)) return undefined;
      if (method === "GET")
        return { status: 204, headers: { range: "0-299", location: place(repository) } };
      return { status: method === "PATCH" ? 416 : 400 };
    };
  await lying(stale("upload/stale"), () =>
    chunked("upload/stale", recalling("upload/stale")).putBlob(big, "application/x"),
  );
  assert.deepEqual(registry.blobs.get(`upload/stale ${digestOf(big)}`), Buffer.from(big));

  const never = lying(
    (seen) =>
      stale("upload/never")(seen) ?? (seen.method === "PATCH" ? { status: 400 } : undefined),
    () => chunked("upload/never", recalling("upload/never")).putBlob(big, "application/x"),
  );
  assert.equal(await codeOf(never), "registry-status");
});

test("other bytes than the ones that are asked for are refused, wherever they are", async () => {
  const store = storeOf("lies/bytes");
  const digest = await pushed(store, "artifact");
  const other = Buffer.from("other bytes");
  const swap = (pattern: RegExp, change: (bytes: Uint8Array) => Uint8Array) =>
    lying(
      ({ method, path }) => {
        const name = pattern.exec(path)?.[1];
        if (method !== "GET" || name === undefined) return undefined;
        const key = `lies/bytes ${name}`;
        const manifest = registry.manifests.get(key);
        const type = manifest?.type ?? "application/octet-stream";
        const body = change(manifest?.bytes ?? registry.blobs.get(key)!);
        return { status: 200, headers: { "content-type": type }, body };
      },
      () => codeOf(readArtifact(store, digest, "a")),
    );
  assert.equal(await swap(/manifests\/(sha256:.*)/, () => other), "digest-mismatch");
  assert.equal(await swap(/blobs\/(sha256:.*)/, () => other), "blob-size");
  const flipped = (bytes: Uint8Array) =>
    Uint8Array.from(bytes, (byte, i) => (i === 0 ? byte ^ 1 : byte));
  assert.equal(await swap(/blobs\/(sha256:.*)/, flipped), "digest-mismatch");
  const longer = (bytes: Uint8Array) => Buffer.concat([bytes, other]);
  assert.equal(await swap(/blobs\/(sha256:.*)/, longer), "registry-too-large");
  // By tag there is no digest to compare with; the registry's own word is still one.
  const said = { "content-type": mediaTypes.ociManifest, "docker-content-digest": digestOf(other) };
  const byTag = await lying(
    ({ path }) =>
      path.endsWith("/manifests/v1")
        ? {
            status: 200,
            headers: said,
            body: registry.manifests.get(`lies/bytes ${digest}`)!.bytes,
          }
        : undefined,
    () => codeOf(readArtifact(store, "v1", "a")),
  );
  assert.equal(byTag, "digest-mismatch");
});

test("a manifest that is too large, ambiguous or none is refused", async () => {
  const store = storeOf("lies/manifest");
  const descriptor = { mediaType: "a/b", digest: digestOf(module), size: 1 };
  const good = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptor,
    layers: [],
  };
  const cases: readonly (readonly [string | Uint8Array, string, string?])[] = [
    [new Uint8Array(4 * 1024 * 1024 + 1), "registry-too-large"],
    ['{"schemaVersion":2,"layers":[],"layers":[]}', "json-duplicate-key"],
    ["<html>", "manifest-malformed"],
    [JSON.stringify({ ...good, manifests: [] }), "manifest-malformed"],
    [JSON.stringify({ ...good, layers: [{ ...descriptor, size: -1 }] }), "manifest-malformed"],
    [JSON.stringify({ ...good, config: { ...descriptor, digest: "md5:1" } }), "digest-malformed"],
    [JSON.stringify({ ...good, mediaType: mediaTypes.ociIndex }), "manifest-type"],
    [JSON.stringify(good), "manifest-type", "text/html"],
    ["[".repeat(200) + "]".repeat(200), "manifest-malformed"],
    [JSON.stringify(good), "image-unknown"],
  ];
  for (const [body, code, type = mediaTypes.ociManifest] of cases) {
    const found = await lying(
      ({ path }) =>
        path.includes("/manifests/")
          ? { status: 200, headers: { "content-type": type }, body }
          : path.includes("/blobs/")
            ? { status: 200, body: module.subarray(0, 1) }
            : undefined,
      () => codeOf(readArtifact(store, "v1", "a")),
    );
    // The configuration is read before the layers are judged, and here it is no such blob.
    const expected = code === "image-unknown" ? "digest-mismatch" : code;
    assert.equal(found, expected, String(body).slice(0, 80));
  }
});

test("answers that mean not now are waited for, as long as was asked", async () => {
  const store = (options: TestOptions) => storeOf("busy/repo", options);
  const remote = testRemote();
  const waiting = openRegistry({ registry: registry.host, repository: "busy/repo" }, remote);
  let count = 0;
  const answers = await lying(
    () => (++count <= 2 ? { status: 429, headers: { "retry-after": "7" } } : undefined),
    () => waiting.getManifest("v1"),
  );
  assert.equal(answers, null);
  assert.deepEqual(remote.slept, [7000, 7000]);
  const busy = await lying(
    () => ({ status: 503 }),
    () => codeOf(store({}).getManifest("v1")),
  );
  assert.equal(busy, "registry-busy");
  const long = testRemote();
  const never = openRegistry({ registry: registry.host, repository: "busy/repo" }, long);
  const code = await lying(
    () => ({ status: 429, headers: { "retry-after": "86400" } }),
    () => codeOf(never.getManifest("v1")),
  );
  assert.deepEqual([code, long.slept], ["registry-busy", []]);
  const said = await lying(
    () => ({ status: 429, headers: { "retry-after": "86400" } }),
    () => assert.rejects(never.getManifest("v1"), /answered 429 [^\n]* and asks to wait 86400 s/),
  );
  assert.equal(said, undefined);
  let breaks = 0;
  const broken = await lying(
    () => (++breaks <= 3 ? "break" : undefined),
    () => codeOf(store({}).getManifest("v1")),
  );
  assert.equal(broken, "none");
});

test("a list that does not end, or goes on elsewhere, is given up", async () => {
  const store = storeOf("lies/lists");
  const list = (link: string) => (seen: Seen) =>
    seen.path.includes("/tags/")
      ? { status: 200, headers: { link }, body: '{"tags":["a"]}' }
      : undefined;
  const endless = list('</v2/lies/lists/tags/list?n=1&last=a>; rel="next"');
  assert.equal(await lying(endless, () => codeOf(store.listTags())), "registry-protocol");
  const away = list('<http://127.0.0.1:1/v2/x>; rel="next"');
  assert.equal(await lying(away, () => codeOf(store.listTags())), "registry-protocol");
});

test("a registry's own words about an error are passed on, in short", async () => {
  const body = JSON.stringify({ errors: [{ code: "DENIED", message: "quota is used up" }] });
  const failing = lying(
    () => ({ status: 409, body }),
    () =>
      storeOf("quota/repo").putManifest(
        serializeManifest({ kind: "index", mediaType: mediaTypes.ociIndex, manifests: [] }),
        mediaTypes.ociIndex,
        "v1",
      ),
  );
  await assert.rejects(
    failing,
    /answered 409 to PUT \/v2\/quota\/repo\/manifests\/v1: DENIED, quota/,
  );
});
