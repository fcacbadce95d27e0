// Cells and new versions of the configuration: a cell goes with its plugin, and one that hangs keeps nobody from a new
// version for long.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";
import { PATIENCE } from "../../src/gateway/control/times.ts";
import { until, withGateway } from "./in-process.ts";
import { ask, pluginYaml, upstream, wasm } from "./lab.ts";

const alive = (workers: readonly Worker[]): number =>
  workers.filter(({ threadId }) => threadId !== -1).length;

test("a cell whose plugin is in no version any more ends after its last request; a plugin that comes back gets a new one", async () => {
  const waiting: ServerResponse[] = [];
  const answer = (): void => {
    for (const response of waiting.splice(0)) response.end("slow");
  };
  const slow = await upstream((_, response) => void waiting.push(response));
  const clusters = { backend: slow.port };
  const plugins = [{ name: "tag", file: wasm("header-tag") }];
  const lastRequests = { ...PATIENCE.lastRequests, sent: 50 };
  try {
    await withGateway(
      async ({ gateway, port, workers, write, logged }) => {
        write({ clusters, plugins });
        await until("a cell", () => gateway.cells.has("tag"), logged);
        const [, , cell] = workers;
        const asked = ask(port, "/");
        await until("it is in flight", () => waiting.length === 1, logged);
        write({ clusters });
        await until("no cell", () => gateway.cells.size === 0, logged);
        await new Promise((done) => setTimeout(done, 300));
        assert.notEqual(cell!.threadId, -1, "it answers a request");
        answer();
        assert.equal((await asked).body, "slow");
        await until("its end", () => alive(workers) === 2, logged);
        write({ clusters, plugins });
        await until("a cell again", () => gateway.cells.has("tag"), logged);
        const again = ask(port, "/");
        await until("it gets there", () => waiting.length === 1, logged);
        const reports = await gateway.reports();
        const inCell = reports.find(({ thread }) => thread.cell !== null);
        assert.equal(inCell?.report?.requestsActive, 1);
        answer();
        assert.equal((await again).status, 200);
      },
      { unsafe: true, patience: { lastRequests } },
    );
  } finally {
    slow.server.closeAllConnections();
    slow.server.close();
  }
});

const tenant = (name: string, plugin: string) => ({
  match: { prefix: `/${name}` },
  route: { cluster: "backend" },
  typed_per_filter_config: {
    "envoy.filters.http.wasm": {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.PluginConfig",
      ...pluginYaml({ name, file: wasm(plugin), vmId: name }),
    },
  },
});

test("a cell that hangs is ended by the next version, which the others have then", () => {
  const base = { name: "base", file: wasm("header-tag") };
  const routes = [tenant("hangs", "loop-request")];
  return withGateway(
    async ({ gateway, port, workers, write, logged }) => {
      const [first] = workers;
      const hung = gateway.cells.get("hangs")!;
      void ask(port, "/hangs").catch(() => null);
      await until("it hangs", () => hung.pulse().step === "request_headers", logged);
      const direct = { status: 200, body: { inline_string: "two" } };
      write({
        plugins: [base],
        routes: [...routes, { match: { prefix: "/two" }, direct_response: direct }],
      });
      await until("a new version", () => gateway.lastReload?.taken === true, logged);
      await until("it serves", async () => (await ask(port, "/two")).body === "two", logged);
      await until("a new cell", () => gateway.cells.get("hangs") !== undefined, logged);
      assert.notEqual(gateway.cells.get("hangs"), hung);
      assert.notEqual(first!.threadId, -1);
    },
    { unsafe: true, parts: { plugins: [base], routes }, patience: { stageAsShipped: 1_000 } },
  );
});
