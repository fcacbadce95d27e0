// Threads come and go: none takes a listening socket with it, and one that ends by itself gets a successor.
import assert from "node:assert/strict";
import { fstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";
import { copiesOf } from "../../src/gateway/control/copies.ts";
import { bindAll } from "../../src/gateway/control/sockets.ts";
import { until, withGateway } from "./in-process.ts";
import { ask } from "./lab.ts";

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

/** How many descriptors each file of this process has that has more than one. */
function shared(): number[] {
  const counts = new Map<number, number>();
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      const { ino } = fstatSync(Number(fd));
      counts.set(ino, (counts.get(ino) ?? 0) + 1);
    } catch {}
  }
  return [...counts.values()].filter((count) => count > 1).sort();
}

const linux = process.platform === "linux";

test("a successor that ends before it listens leaves no descriptor behind", { skip: !linux }, () =>
  withGateway(async ({ gateway, port, workers, failures }) => {
    const before = shared();
    let ended = 0;
    const end = (worker: Worker): void => {
      if (ended === 2) return;
      ended++;
      worker.once("online", () => void worker.terminate());
    };
    process.on("worker", end);
    try {
      await workers[0]!.terminate();
      await until("three more", () => workers.length === 5 && gateway.threads.length === 2);
      await until("it listens", () => shared().join() === before.join(), [shared().join()]);
      assert.equal(ended, 2);
    } finally {
      process.off("worker", end);
    }
    assert.deepEqual(await statuses(port, 20), Array(20).fill(200));
    assert.deepEqual(failures, []);
  }),
);

test("where no process can be started, a successor is tried for again and again; the others go on", () =>
  withGateway(async ({ gateway, port, workers, logged, failures }) => {
    const { execPath } = process;
    process.execPath = join(tmpdir(), "no-such-program");
    try {
      await workers[0]!.terminate();
      await until("two tries", () => logged.some((text) => text.includes("again in 500 ms")));
      assert.match(logged.join("\n"), /no successor: error\[gateway-copies\]: .*ENOENT/);
      assert.equal(gateway.threads.length, 1);
      assert.deepEqual(await statuses(port, 10), Array(10).fill(200));
    } finally {
      process.execPath = execPath;
    }
    await until("a successor", () => gateway.threads.length === 2);
    await workers[1]!.terminate();
    assert.deepEqual(await statuses(port, 20), Array(20).fill(200));
    assert.deepEqual(failures, []);
  }));
