// Threads that fail while a version is taken over: afterwards every thread that serves has one and the same version,
// and what the gateway says of it is true.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";
import type { ToThread } from "../../src/gateway/worker/messages.ts";
import { RegionData } from "../../src/host/shared/data.ts";
import { SharedRegion } from "../../src/host/shared/region.ts";
import { guest } from "../host/guest.ts";
import { type Running, until, withGateway } from "./in-process.ts";
import { ask, upstream, wasm } from "./lab.ts";

const direct = (body: string) => ({
  routes: [
    { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: body } } },
  ],
});

/** What a thread is told goes through here; false keeps it from the thread. */
function intercept(worker: Worker, hears: (message: ToThread) => boolean): void {
  const post = worker.postMessage.bind(worker);
  worker.postMessage = (message: ToThread) => {
    if (hears(message)) post(message);
  };
}

const bodies = async ({ port }: Running): Promise<string[]> => {
  const all = await Promise.all(
    Array.from({ length: 30 }, async () => (await ask(port, "/")).body),
  );
  return [...new Set(all)];
};

async function allServe(running: Running, body: string, version: number): Promise<void> {
  const { gateway, failures, logged } = running;
  await until("both threads", () => gateway.threads.length === 2, logged);
  await until("all the same", async () => (await bodies(running)).join() === body, logged);
  assert.equal(gateway.version.number, version);
  const answer = async () => (await gateway.reports()).every(({ report }) => report !== null);
  await until("both tell of themselves", answer, logged);
  assert.deepEqual(failures, []);
}

test("a thread that ends instead of using a version: the version is in use, and its successor has it", () =>
  withGateway(async (running) => {
    const { gateway, workers, write, logged } = running;
    intercept(workers[1]!, (message) => {
      if (message.kind === "commit") void workers[1]!.terminate();
      return message.kind !== "commit";
    });
    write(direct("two"));
    await until("a new version", () => gateway.lastReload !== null, logged);
    assert.equal(gateway.lastReload!.taken, true);
    assert.equal(gateway.lastReload!.version, 2);
    await allServe(running, "two", 2);
    assert.equal(workers.length, 3);
  }));

test("a thread that does not say that it uses a version is ended and replaced by one that does", () =>
  withGateway(
    async (running) => {
      const { gateway, workers, write, logged } = running;
      intercept(workers[0]!, ({ kind }) => kind !== "commit");
      write(direct("two"));
      await until("a new version", () => gateway.lastReload !== null, logged);
      assert.equal(gateway.lastReload!.taken, true);
      await allServe(running, "two", 2);
      assert.equal(workers.length, 3);
      assert.equal(workers[0]!.threadId, -1);
      assert.match(logged.join("\n"), /thread 1 ended .*no answer within 300 ms.*a new one/);
      // What follows finds all of them at one version.
      write(direct("three"));
      await until("the next", () => gateway.lastReload?.version === 3, logged);
      await allServe(running, "three", 3);
    },
    { patience: { commit: 300 } },
  ));

test("a thread that ends or hangs while it loads a version keeps the old one; with a successor it is tried again", async () => {
  for (const fails of ["ends", "hangs"]) {
    await withGateway(
      async (running) => {
        const { gateway, workers, write, logged } = running;
        intercept(workers[0]!, ({ kind }) => {
          if (kind === "stage" && fails === "ends") void workers[0]!.terminate();
          return kind !== "stage";
        });
        write(direct("two"));
        await until("it is taken", () => gateway.lastReload?.taken === true, logged);
        assert.match(logged.join("\n"), /the new version was refused and the old one stays/);
        await allServe(running, "two", gateway.version.number);
        assert.equal(workers.length, 3);
      },
      { patience: { stage: 1_000 } },
    );
  }
});

test("clusters of a refused version are not in use; the next version has its own, though they are the same", () =>
  withGateway(async (running) => {
    const { gateway, write, logged, folder } = running;
    const { server, port } = await upstream((_, response) => response.end("the new upstream"));
    try {
      const bad = join(folder, "bad.wasm");
      writeFileSync(bad, "no module");
      write({ clusters: { backend: port }, plugins: [{ name: "p", file: bad }] });
      await until("it is refused", () => gateway.lastReload?.taken === false, logged);
      // A plugin that is loaded by threads, and refused there.
      const trap = [{ name: "p", file: wasm("trap-configure") }];
      write({ clusters: { backend: port }, plugins: trap });
      await until("that too", () => logged.join().includes("proxy_on_configure trapped"), logged);
      write({ clusters: { backend: port } });
      await until("it is taken", () => gateway.lastReload?.taken === true, logged);
      assert.deepEqual(await bodies(running), ["the new upstream"]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }));

/** Writes `k` into the shared data with each request, and again when it is over. */
const writer = guest({
  imports: ["proxy_set_shared_data"],
  body: `(data (i32.const 16) "k")
    (func $write (drop (call $proxy_set_shared_data
      (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 0))))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $write) (i32.const 0))
    (func (export "proxy_on_log") (param i32) (call $write))`,
});

test("what a vm_id left is given back only when its last request is over, though its version has gone before", async () => {
  let answer: (() => void) | null = null;
  const slow = await upstream((_, response) => {
    answer = () => response.end("slow");
  });
  const file = "writer.wasm";
  try {
    await withGateway(async (running) => {
      const { gateway, port, folder, write, logged } = running;
      writeFileSync(join(folder, file), writer);
      const clusters = { backend: slow.port };
      const plugins = [{ name: "w", file: join(folder, file), vmId: "v" }];
      write({ clusters, plugins });
      await until("a plugin", () => gateway.version.plugins.length === 1, logged);
      const data = new RegionData(new SharedRegion(gateway.shared));
      const left = () => data.get("v", "k") !== undefined;
      const asked = ask(port, "/");
      await until("it has written", left, logged);
      await until("it is in flight", () => answer !== null, logged);
      write({ clusters });
      await until("without it", () => gateway.version.plugins.length === 0, logged);
      assert.ok(left(), "the request is in flight");
      answer!();
      assert.equal((await asked).body, "slow");
      await until("it is given back", () => !left(), logged);
    });
  } finally {
    slow.server.closeAllConnections();
    slow.server.close();
  }
});

test("what only a refused version has written is given back", () =>
  withGateway(async (running) => {
    const { gateway, folder, write, logged } = running;
    const data = new RegionData(new SharedRegion(gateway.shared));
    const file = join(folder, "early.wasm");
    writeFileSync(
      file,
      guest({
        imports: ["proxy_set_shared_data"],
        body: `(data (i32.const 16) "k")
          (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
            (drop (call $proxy_set_shared_data
              (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 0)))
            (i32.const 1))`,
      }),
    );
    const early = { name: "early", file, vmId: "v" };
    write({ plugins: [early] });
    await until("a good one", () => data.get("v", "k") !== undefined, logged);
    write({});
    await until("without it", () => data.get("v", "k") === undefined, logged);
    write({ plugins: [early, { name: "bad", file: wasm("trap-configure") }] });
    await until("it is refused", () => gateway.lastReload?.taken === false, logged);
    await until("it is given back", () => data.get("v", "k") === undefined, logged);
  }));
