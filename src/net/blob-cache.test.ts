// The cache: what it gives out has the digest that was asked for, whoever else writes there, and it stays small.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createBlobCache, pruneCache } from "./blob-cache.ts";
import { digestOf, hexOf } from "./digest.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-blobs-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

const blob = (text: string): Uint8Array => new TextEncoder().encode(text);

function fresh(limit = 1_000) {
  const folder = join(scratch, `cache-${folders++}`);
  let time = 1_700_000_000_000;
  const now = (): number => (time += 1000);
  return { folder, limit, now, cache: createBlobCache({ folder, limit, now }) };
}

test("what was put is got, and nothing else", async () => {
  const { cache } = fresh();
  await cache.put(blob("a"));
  assert.deepEqual(Uint8Array.from((await cache.get(digestOf(blob("a")), 10))!), blob("a"));
  assert.equal(await cache.get(digestOf(blob("b")), 10), null);
  assert.equal(await cache.get(digestOf(blob("a")), 0), null, "more than the caller wants");
});

test("a planted or damaged entry is a miss, and is removed", async () => {
  const { cache, folder } = fresh();
  const digest = digestOf(blob("good"));
  await cache.put(blob("good"));
  for (const bad of ["evil", "", "goo", "good\n"]) {
    writeFileSync(join(folder, "sha256", hexOf(digest)), bad);
    assert.equal(await cache.get(digest, 100), null, JSON.stringify(bad));
    assert.deepEqual(readdirSync(join(folder, "sha256")), []);
  }
  mkdirSync(join(folder, "sha256", hexOf(digest)));
  assert.equal(await cache.get(digest, 100), null);
});

test("what was not used for longest goes first, and too large an entry is not kept at all", async () => {
  const { cache } = fresh(30);
  const [a, b, c] = [blob("a".repeat(10)), blob("b".repeat(10)), blob("c".repeat(10))];
  for (const one of [a, b, c]) await cache.put(one);
  assert.notEqual(await cache.get(digestOf(a), 100), null);
  await cache.put(blob("d".repeat(10)));
  assert.notEqual(await cache.get(digestOf(a), 100), null);
  assert.equal(await cache.get(digestOf(b), 100), null);
  await cache.put(blob("e".repeat(31)));
  assert.notEqual(await cache.get(digestOf(c), 100), null);
});

test("pruning takes what killed processes left, and leaves what isn't ours", async () => {
  const { cache, folder, now } = fresh();
  await cache.put(blob("a"));
  const name = "0".repeat(64);
  writeFileSync(join(folder, "sha256", `.${name}.0123456789ab.tmp`), "half");
  writeFileSync(join(folder, "letter.txt"), "mine");
  writeFileSync(join(folder, "plugin.wasm"), "mine too");
  const later = (): number => Date.now() + 7_200_000;
  const kept = await pruneCache({ folder, limit: 100, now });
  assert.deepEqual([kept.removed, kept.kept], [0, 1], "a fresh temporary file may be in use");
  const pruned = await pruneCache({ folder, limit: 0, now: later });
  assert.equal(pruned.removed, 2);
  assert.deepEqual(readdirSync(folder).sort(), ["letter.txt", "plugin.wasm", "sha256"]);
});

test("many writers and readers at once never see half an entry", async () => {
  const { folder, now } = fresh();
  const caches = Array.from({ length: 4 }, () => createBlobCache({ folder, limit: 1e9, now }));
  const bytes = new Uint8Array(200_000).map((_, i) => i);
  const digest = digestOf(bytes);
  await caches[0]!.put(bytes);
  const work = caches.flatMap((cache, i) =>
    Array.from({ length: 10 }, async () => {
      if (i % 2 === 0) return cache.put(bytes);
      assert.equal((await cache.get(digest, 1e9))?.length, bytes.length);
    }),
  );
  await Promise.all(work);
});

test("a folder that can't be used keeps nothing and fails nothing", async () => {
  const file = join(scratch, "a-file");
  writeFileSync(file, "x");
  const cache = createBlobCache({ folder: file, limit: 100, now: () => 0 });
  await cache.put(blob("a"));
  assert.equal(await cache.get(digestOf(blob("a")), 10), null);
});
