// Threads come and go: none takes a listening socket with it, and one that ends by itself gets a successor.
import assert from "node:assert/strict";
import { fstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { copiesOf } from "../../src/gateway/control/copies.ts";
import { Gateway } from "../../src/gateway/control/gateway.ts";
import { bindAll } from "../../src/gateway/control/sockets.ts";
import { diskCache } from "../../src/gateway/plugins/cache.ts";
import { ask, bootstrap, upstream } from "./lab.ts";

test("every thread has a descriptor of its own of every listening socket, of ports and of paths", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gateway-copies-"));
  const sockets = await bindAll([
    { kind: "tcp", host: "127.0.0.1", port: 0 },
    { kind: "pipe", path: join(folder, "listener.sock") },
  ]);
  try {
    const copies = await copiesOf(sockets, 3);
    assert.equal(copies.length, 3);
    const all = copies.flat();
    assert.equal(new Set([...all, ...sockets.map(({ handle }) => handle.fd)]).size, 8);
    const inode = (fd: number): number => fstatSync(fd).ino;
    for (const own of copies) {
      assert.deepEqual(
        own.map(inode),
        sockets.map(({ handle }) => inode(handle.fd)),
      );
    }
  } finally {
    for (const one of sockets) one.close();
    rmSync(folder, { recursive: true });
  }
});

interface Running {
  readonly gateway: Gateway;
  readonly port: number;
  readonly workers: Worker[];
  readonly logged: string[];
  readonly failures: string[];
}

async function withGateway(body: (running: Running) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "gateway-threads-"));
  const configFile = join(folder, "envoy.yaml");
  const { server } = await upstream();
  const workers: Worker[] = [];
  const logged: string[] = [];
  const failures: string[] = [];
  const made = (worker: Worker): void => void workers.push(worker);
  const clusters = { backend: (server.address() as AddressInfo).port };
  writeFileSync(configFile, bootstrap({ clusters }));
  const gateway = new Gateway({
    configFile,
    policyFiles: [],
    concurrency: 2,
    unsafe: false,
    cache: diskCache(join(folder, "cache")),
    environment: {},
    random: () => 0.5,
    wall: () => 0,
    log: ({ text }) => void logged.push(text),
    cellShare: 0.25,
    otlp: null,
    record: null,
    fatal: (error) => void failures.push(error.message),
  });
  process.on("worker", made);
  try {
    await gateway.start(await gateway.check());
    const port = Number(/\d+$/.exec(gateway.listeners[0]!.address)![0]);
    await body({ gateway, port, workers, logged, failures });
  } finally {
    process.off("worker", made);
    await gateway.stop();
    server.close();
    rmSync(folder, { recursive: true });
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await sleep(20);
  assert.ok(holds(), what);
}

const statuses = (port: number, count: number): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, async () => (await ask(port, "/")).status));

test("a thread that ends by itself has a successor; the others and who connects meanwhile are served", () =>
  withGateway(async ({ gateway, port, workers, logged, failures }) => {
    assert.equal(workers.length, 2);
    await workers[0]!.terminate();
    assert.deepEqual(await statuses(port, 20), Array(20).fill(200));
    await until("a successor", () => gateway.threads.length === 2);
    // The last of the first ones: only a successor can answer now.
    await workers[1]!.terminate();
    assert.deepEqual(await statuses(port, 20), Array(20).fill(200));
    await until("both again", () => gateway.threads.length === 2);
    assert.equal(workers.length, 4);
    assert.deepEqual(
      logged.filter((text) => text.includes("a new one takes its place")).length,
      2,
      logged.join("\n"),
    );
    assert.deepEqual(failures, []);
  }));

test("threads that end again and again end the process", () =>
  withGateway(async ({ gateway, workers, failures }) => {
    for (let lost = 1; lost <= 6; lost++) {
      const count = workers.length;
      await workers.at(-1)!.terminate();
      if (lost < 6) {
        await until("a successor", () => workers.length > count && gateway.threads.length === 2);
      }
    }
    await until("the end", () => failures.length > 0);
    assert.equal(failures.length, 1);
    assert.match(failures[0]!, /^thread \d+ ended/);
  }));
