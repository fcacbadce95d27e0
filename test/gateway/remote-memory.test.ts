// Remote modules that can't be fetched: not asked for again and again, and counted under Envoy's names.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { noCache } from "../../src/gateway/plugins/cache.ts";
import { loadCode, type RemoteStat } from "../../src/gateway/plugins/load-code.ts";
import { RemoteMemory } from "../../src/gateway/plugins/remote-memory.ts";
import type { PluginConfig } from "../../src/mesh/envoy/lab-config.ts";
import { sha256 } from "../../src/util/digest.ts";

const at = { line: 1, column: 1 };

test("what couldn't be fetched isn't asked for within ten seconds, then it is; another address is asked at once", async () => {
  const bytes = Buffer.from("module");
  let asked = 0;
  let good = false;
  const server = createServer((_request, response) => {
    asked++;
    response.statusCode = good ? 200 : 503;
    response.end(good ? bytes : "");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  let now = 1000;
  const memory = new RemoteMemory(() => now);
  const counted: RemoteStat[] = [];
  const load = async (path: string): Promise<string> => {
    const code = {
      kind: "remote",
      uri: `http://127.0.0.1:${port}/${path}`,
      cluster: "",
      timeout: 5000,
      sha256: sha256(bytes),
      retries: 0,
      backoff: { base: 1, max: 1 },
      at,
    } as const;
    const plugin = { name: "p", code } as unknown as PluginConfig;
    const source = { clusters: [], cache: noCache, random: () => 0, memory };
    return loadCode(plugin, { ...source, count: (stat) => void counted.push(stat) }).then(
      (found) => Buffer.from(found).toString(),
      (error: Error) => error.message,
    );
  };
  try {
    assert.match(await load("p.wasm"), /503/);
    good = true;
    now += 9_999;
    assert.match(await load("p.wasm"), /failed 10\.0 s ago, and is tried again after 10\.0 s/);
    assert.deepEqual([asked, memory.entries], [1, 1]);
    assert.equal(await load("other.wasm"), "module");
    now += 1;
    assert.equal(await load("p.wasm"), "module");
    assert.equal(asked, 3);
    assert.deepEqual(counted, [
      "remoteCacheMisses",
      "remoteFetchFailures",
      "remoteCacheNegativeHits",
      "remoteCacheMisses",
      "remoteFetchSuccesses",
      "remoteCacheMisses",
      "remoteFetchSuccesses",
    ]);
    assert.equal(memory.entries, 2);
    now += 24 * 3_600_000 + 1;
    await load("third.wasm");
    assert.equal(memory.entries, 1, "what nobody has used for a day is forgotten");
  } finally {
    server.close();
  }
});
