import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlobCache } from "./blob-cache.ts";
import { digestOf } from "./digest.ts";
import { writeBehind } from "./write-behind.ts";

const bytes = Uint8Array.of(1, 2, 3);
const digest = digestOf(bytes);

/** A cache whose writes end when they are let. */
function slowCache() {
  const release: (() => void)[] = [];
  let asked = 0;
  const cache: BlobCache = {
    get: async () => {
      asked++;
      return null;
    },
    put: () => new Promise((resolve) => release.push(resolve)),
  };
  return { cache, release, asked: () => asked };
}

test("what is being written is answered from memory, within the limit that is asked for", async () => {
  const { cache, release, asked } = slowCache();
  const behind = writeBehind(cache);
  await behind.put(bytes);
  assert.equal(await behind.get(digest, 3), bytes);
  assert.equal(await behind.get(digest, 2), null);
  assert.equal(asked(), 0);
  release[0]!();
  await behind.settled();
  assert.equal(await behind.get(digest, 3), null);
  assert.equal(asked(), 1);
});

test("settled waits for every write, and nothing is written twice at once", async () => {
  const { cache, release } = slowCache();
  const behind = writeBehind(cache);
  await behind.put(bytes, digest);
  await behind.put(bytes, digest);
  await behind.put(Uint8Array.of(4));
  assert.equal(release.length, 2);
  let over = false;
  const settled = behind.settled().then(() => (over = true));
  release[0]!();
  await new Promise(setImmediate);
  assert.ok(!over);
  release[1]!();
  await settled;
});
