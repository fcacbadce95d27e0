// Gzip: the same bytes each time, every byte read, bombs stopped at the limit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Failure } from "../errors/failure.ts";
import { gunzip, gzip } from "./gzip.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function codeOf(bytes: Uint8Array, limit = 1000): Promise<string> {
  try {
    await gunzip(bytes, limit, "a test");
    return "none";
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.code;
  }
}

test("what is packed is unpacked, and says nothing of when and where", async () => {
  const packed = gzip(text("hello"));
  assert.deepEqual([...packed.subarray(0, 4)], [0x1f, 0x8b, 8, 0]);
  assert.deepEqual([...packed.subarray(4, 8)], [0, 0, 0, 0]);
  assert.equal(packed[9], 255);
  assert.equal(Buffer.from(await gunzip(packed, 5, "a")).toString(), "hello");
});

test("members one after the other are one file, as lazily pulled images have it", async () => {
  const both = Buffer.concat([gzipSync("ab"), gzipSync("cd")]);
  assert.equal(Buffer.from(await gunzip(both, 4, "a")).toString(), "abcd");
  assert.equal(await codeOf(both, 3), "layer-bomb");
});

test("a bomb stops at the limit, not in memory", async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const before = process.memoryUsage().rss;
  assert.equal(await codeOf(bomb, 1_000_000), "layer-bomb");
  assert.ok(process.memoryUsage().rss - before < 30_000_000);
  assert.equal(await codeOf(gzipSync("x".repeat(1001))), "layer-bomb");
  assert.equal(await codeOf(gzipSync("x".repeat(1000))), "none");
});

test("damage anywhere, cuts and what follows the end are refused", async () => {
  const good = gzip(text("some text that is packed, some text that is packed"));
  for (let i = 0; i < good.length; i++) {
    assert.equal(await codeOf(good.subarray(0, i)), "layer-gzip", `cut at ${i}`);
  }
  // The time and the operating system carry nothing that anybody reads.
  const free = new Set([4, 5, 6, 7, 8, 9]);
  for (let i = 0; i < good.length; i++) {
    if (free.has(i)) continue;
    for (let bit = 1; bit < 256; bit <<= 1) {
      const flipped = good.slice();
      flipped[i]! ^= bit;
      const code = await codeOf(flipped);
      // Header flags may stay readable (a flag "text"); then the content is the same.
      if (code === "none") {
        assert.deepEqual(
          await gunzip(flipped, 1000, "a"),
          await gunzip(good, 1000, "a"),
          `byte ${i}`,
        );
      } else assert.match(code, /^layer-/);
    }
  }
  assert.equal(await codeOf(Buffer.concat([good, text("x")])), "layer-gzip");
  assert.equal(await codeOf(text("not gzip at all, but long enough")), "layer-gzip");
});
