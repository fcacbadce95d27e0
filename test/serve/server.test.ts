// What the module server answers: modules by digest, ranges and conditions, the registry's pull side, health, metrics;
// and the same bytes from every replica.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { digestOf } from "../../src/net/digest.ts";
import { buildArtifact } from "../../src/oci/build-artifact.ts";
import { readArtifact } from "../../src/oci/read-artifact.ts";
import { openRegistry } from "../../src/oci/remote.ts";
import { rangeOf } from "../../src/serve/answer.ts";
import { mediaTypes } from "../../src/spec/oci.ts";
import { serveMetrics } from "../../src/spec/serve.ts";
import { sha256 } from "../../src/util/digest.ts";
import { testRemote } from "../oci/remote.ts";
import { ask, errorOf, memoryDepot, plugin, policy, serve, source } from "./server.ts";

const contents = { auth: { now: plugin(1024) }, log: { now: plugin(2048) } };
const sources = () => [source("auth", contents.auth), source("log", contents.log)];
const { server, port } = await serve(sources(), { depot: memoryDepot() });
after(() => server.stop());

const hardened = contain(plugin(1024), policy("auth")).bytes;
const hex = sha256(hardened);
const path = `/modules/${hex}.wasm`;

test("a module is served by its digest, hardened under its policy", async () => {
  const { status, headers, body } = await ask(port, path);
  assert.equal(status, 200);
  assert.deepEqual(Uint8Array.from(body), Uint8Array.from(hardened));
  assert.equal(headers["content-type"], "application/wasm");
  assert.equal(headers["content-length"], String(hardened.length));
  assert.equal(headers.etag, `"sha256:${hex}"`);
  assert.match(headers["cache-control"]!, /immutable/);
  assert.equal((await ask(port, `/modules/${"0".repeat(64)}.wasm`)).status, 404);
  const shipped = sha256(contents.auth.now);
  assert.equal((await ask(port, `/modules/${shipped}.wasm`)).status, 404, "as shipped: never");
  assert.equal((await ask(port, path, {}, "POST")).status, 405);
  const head = await ask(port, path, {}, "HEAD");
  assert.deepEqual(
    [head.status, head.headers["content-length"], head.body.length],
    [200, String(hardened.length), 0],
  );
});

test("ranges give the part that was asked for, and conditions save the bytes", async () => {
  const size = hardened.length;
  const cases: readonly [string, number, number, number][] = [
    ["bytes=0-3", 206, 0, 4],
    ["bytes=4-", 206, 4, size],
    ["bytes=-8", 206, size - 8, size],
    [`bytes=0-${size + 5}`, 206, 0, size],
    [`bytes=-${size + 5}`, 206, 0, size],
    [`bytes=${size}-`, 416, 0, 0],
    ["bytes=-0", 416, 0, 0],
    ["bytes=5-2", 200, 0, size],
    ["bytes=0-1,4-5", 200, 0, size],
    ["lines=1-2", 200, 0, size],
  ];
  for (const [range, status, from, to] of cases) {
    const got = await ask(port, path, { range });
    assert.equal(got.status, status, range);
    assert.deepEqual(
      Uint8Array.from(got.body),
      Uint8Array.from(hardened.subarray(from, to)),
      range,
    );
    const said = got.headers["content-range"];
    if (status === 206) assert.equal(said, `bytes ${from}-${to - 1}/${size}`);
    if (status === 416) assert.equal(said, `bytes */${size}`);
  }
  assert.equal(rangeOf("bytes=-5", 0), false, "of nothing there is no part");
  const etag = `"sha256:${hex}"`;
  const same = await ask(port, path, { "if-none-match": `"x", W/${etag}` });
  assert.deepEqual([same.status, same.body.length], [304, 0]);
  assert.equal((await ask(port, path, { "if-none-match": '"x"' })).status, 200);
  const range = "bytes=0-3";
  assert.equal((await ask(port, path, { range, "if-range": etag })).status, 206);
  assert.equal((await ask(port, path, { range, "if-range": '"x"' })).status, 200);
});

test("every consumer's artifact is the one that `push --for` writes", async () => {
  const layouts = { istio: "image", "envoy-gateway": "image", latest: "image", cncf: "cncf" };
  for (const [tag, layout] of Object.entries(layouts) as [string, "image" | "cncf"][]) {
    const pushed = buildArtifact({ module: hardened, layout });
    const digest = digestOf(pushed.manifest);
    for (const target of [tag, digest]) {
      const got = await ask(port, `/v2/auth/manifests/${target}`);
      assert.equal(got.status, 200);
      assert.deepEqual(Uint8Array.from(got.body), Uint8Array.from(pushed.manifest));
      assert.equal(got.headers["content-type"], mediaTypes.ociManifest);
      assert.equal(got.headers["docker-content-digest"], digest);
      assert.equal(got.headers["cache-control"] === "no-cache", target === tag, "tags move");
      const head = await ask(port, `/v2/auth/manifests/${target}`, {}, "HEAD");
      assert.deepEqual([head.status, head.body.length], [200, 0]);
    }
    for (const { descriptor, bytes } of pushed.blobs) {
      const got = await ask(port, `/v2/auth/blobs/${descriptor.digest}`);
      assert.deepEqual(Uint8Array.from(got.body), Uint8Array.from(bytes));
      const encoded = `/v2/auth/blobs/${encodeURIComponent(descriptor.digest)}`;
      const part = await ask(port, encoded, { range: "bytes=1-2" });
      assert.deepEqual([...part.body], [...bytes.subarray(1, 3)]);
    }
  }
});

test("our own registry client pulls from it", async () => {
  const store = openRegistry({ registry: `127.0.0.1:${port}`, repository: "auth" }, testRemote());
  for (const tag of ["latest", "cncf"]) {
    assert.equal((await readArtifact(store, tag, "it")).digest, `sha256:${hex}`);
  }
  assert.deepEqual(await store.listTags(), ["cncf", "envoy-gateway", "istio", "latest"]);
  const { descriptor } = (await store.getManifest("latest"))!;
  assert.deepEqual(await store.listReferrers(descriptor.digest), []);
});

test("the registry says what it has, in pages, and what it refuses, by code", async () => {
  const version = await ask(port, "/v2/");
  assert.equal(version.headers["docker-distribution-api-version"], "registry/2.0");
  const catalog = await ask(port, "/v2/_catalog?n=1");
  assert.deepEqual(JSON.parse(catalog.body.toString()), { repositories: ["auth"] });
  const next = /<(.*)>; rel="next"/.exec(String(catalog.headers.link))![1]!;
  const rest = await ask(port, next);
  assert.deepEqual(JSON.parse(rest.body.toString()), { repositories: ["log"] });
  assert.equal(rest.headers.link, undefined);
  const none = `sha256:${"0".repeat(64)}`;
  const cases: readonly [string, number, string, string?][] = [
    ["/v2/auth/manifests/v9", 404, "MANIFEST_UNKNOWN"],
    [`/v2/auth/manifests/${none}`, 404, "MANIFEST_UNKNOWN"],
    [`/v2/auth/blobs/${none}`, 404, "BLOB_UNKNOWN"],
    ["/v2/auth/blobs/sha256:12", 400, "DIGEST_INVALID"],
    ["/v2/auth/manifests/md5:12", 400, "DIGEST_INVALID"],
    ["/v2/other/manifests/latest", 404, "NAME_UNKNOWN"],
    ["/v2/Auth/manifests/latest", 400, "NAME_INVALID"],
    ["/v2/../auth/manifests/latest", 400, "NAME_INVALID"],
    ["/v2/auth/tags/other", 404, "NOT_FOUND"],
    ["/v2/%/x", 404, "NOT_FOUND"],
    ["/v2/auth/blobs/uploads/", 405, "UNSUPPORTED", "POST"],
    ["/v2/auth/manifests/latest", 405, "UNSUPPORTED", "PUT"],
    [`/v2/auth/blobs/${none}`, 405, "UNSUPPORTED", "DELETE"],
  ];
  for (const [asked, status, code, method] of cases) {
    const got = await ask(port, asked, {}, method);
    assert.deepEqual([got.status, errorOf(got)], [status, code], asked);
    if (status === 405) assert.equal(got.headers.allow, "GET, HEAD");
  }
  const other = JSON.parse((await ask(port, "/v2/log/manifests/latest")).body.toString());
  const foreign = await ask(port, `/v2/auth/blobs/${other.layers[0].digest}`);
  assert.equal(foreign.status, 404, "another repository's blob");
});

test("health, readiness and metrics say how it is", async () => {
  assert.equal((await ask(port, "/healthz")).status, 200);
  assert.equal((await ask(port, "/readyz")).status, 200);
  assert.equal((await ask(port, "/else")).status, 404);
  assert.equal((await ask(port, "/metrics", {}, "POST")).status, 405);
  const page = (await ask(port, "/metrics")).body.toString();
  for (const { name, type } of Object.values(serveMetrics)) {
    assert.ok(page.includes(`# TYPE ${name} ${type}\n`), name);
  }
  assert.match(page, new RegExp(`_plugin_info\\{plugin="auth",sha256="${hex}",.*\\} 1\n`));
  assert.match(page, /_requests_total\{route="module",status="206"\} [1-9]/);
  assert.match(page, /_ready 1\n/);
});

test("two servers on the same policies answer the same bytes, whatever lies behind them", async () => {
  const other = await serve(sources().reverse(), { memory: 0, depot: memoryDepot() });
  try {
    const manifest = JSON.parse((await ask(port, "/v2/auth/manifests/latest")).body.toString());
    const paths = [
      path,
      ...["latest", "istio", "envoy-gateway", "cncf"].map((tag) => `/v2/auth/manifests/${tag}`),
      `/v2/auth/blobs/${manifest.layers[0].digest}`,
      `/v2/auth/blobs/${manifest.config.digest}`,
      "/v2/auth/tags/list",
      "/v2/_catalog",
    ];
    for (const one of paths) {
      const [a, b] = [await ask(port, one), await ask(other.port, one)];
      assert.equal(a.status, 200, one);
      assert.deepEqual(a.body, b.body, one);
      const facts = ({ headers: { date, ...rest } }: typeof a) => rest;
      assert.deepEqual(facts(a), facts(b), one);
    }
  } finally {
    await other.server.stop();
  }
});
