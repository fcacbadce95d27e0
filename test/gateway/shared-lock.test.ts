// What becomes of the memory that all threads share when one of them ends in the middle of work on it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Gateway } from "../../src/gateway/control/gateway.ts";
import { diskCache } from "../../src/gateway/plugins/cache.ts";
import { ownerOf, SharedRegion, WORD } from "../../src/host/shared/region.ts";
import { bootstrap } from "./lab.ts";

test("a thread that ends with the lock of the shared memory gives it up: the others are refused, not kept waiting", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gateway-lock-"));
  const configFile = join(folder, "envoy.yaml");
  writeFileSync(configFile, bootstrap({ clusters: { backend: 1 } }));
  const gateway = new Gateway({
    configFile,
    policyFiles: [],
    concurrency: 2,
    unsafe: false,
    cache: diskCache(join(folder, "cache")),
    environment: {},
    random: () => 0.5,
    wall: () => 0,
    log: () => {},
    cellShare: 0.25,
    otlp: null,
    record: null,
    fatal: (error) => assert.fail(error),
  });
  // Threads are numbered as they are made.
  const last = new Worker("", { eval: true }).threadId;
  try {
    await gateway.start(await gateway.check());
    const region = new SharedRegion(gateway.shared);
    const second = ownerOf(last + 2);

    Atomics.store(region.words, WORD.lock, 1);
    Atomics.store(region.words, WORD.owner, second);
    await gateway.threads[0]!.terminate();
    assert.equal(region.spoiled, false, "the lock is another thread's");
    assert.equal(Atomics.load(region.words, WORD.owner), second);

    await gateway.threads[1]!.terminate();
    assert.equal(region.spoiled, true);
    assert.equal(Atomics.load(region.words, WORD.lock), 0);
    assert.equal(
      region.locked("refused", () => "done"),
      "refused",
    );
  } finally {
    await gateway.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
