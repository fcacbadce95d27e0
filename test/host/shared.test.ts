// Shared data, queues and metrics: the same answers from the store of one thread and from shared memory, exact
// across threads, bounded against hostile sizes, and never a lock that nobody gives back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { caps } from "../../src/host/caps.ts";
import { atMost } from "../../src/host/fair.ts";
import { createServices, type HostServices, sharedServices } from "../../src/host/services.ts";
import { RegionData } from "../../src/host/shared/data.ts";
import { RegionQueues } from "../../src/host/shared/queues.ts";
import { SharedRegion, WORD } from "../../src/host/shared/region.ts";
import type { QueueListener } from "../../src/host/shared-queues.ts";
import { STATUS } from "../../src/spec/status.ts";
import { call, load, noteFunctions, quiet, run, texts } from "./guest.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const shared = (memory = SharedRegion.allocate(), notify = () => {}): HostServices =>
  sharedServices({ memory, notify });

function listener(): QueueListener & { readonly said: string[] } {
  const said: string[] = [];
  return {
    said,
    queueReady: (context, queue) => said.push(`ready ${context} ${queue}`),
    queueWaiting: () => said.push("waiting"),
  };
}

for (const [kind, make] of [
  ["of one thread", createServices],
  ["in shared memory", shared],
] as const) {
  test(`data ${kind}: a new key whatever its cas, a known one only with the right cas or none`, () => {
    const { data } = make();
    assert.equal(data.get("a", "k"), undefined);
    assert.equal(data.set("a", "k", bytes("one"), 77), STATUS.ok);
    const first = data.get("a", "k")!;
    assert.equal(Buffer.from(first.value).toString(), "one");
    assert.equal(data.set("a", "k", bytes("two"), first.cas + 1), STATUS.casMismatch);
    assert.equal(data.set("a", "k", bytes("two"), first.cas), STATUS.ok);
    assert.equal(data.set("a", "k", bytes("three"), first.cas), STATUS.casMismatch);
    assert.equal(data.set("a", "k", bytes("four"), 0), STATUS.ok);
    assert.equal(Buffer.from(data.get("a", "k")!.value).toString(), "four");
    assert.equal(data.get("b", "k"), undefined);
    assert.equal(data.set("a", "", bytes(""), 0), STATUS.ok);
    assert.equal(data.get("a", "")!.value.length, 0);
  });

  test(`queues ${kind}: first in, first out; found by name; told once for each item; put back in front`, () => {
    const { queues } = make();
    const one = listener();
    const id = queues.register("a", "q", one, 5);
    assert.ok(id > 0);
    assert.equal(queues.register("a", "q", one, 5), id);
    assert.notEqual(queues.register("b", "q", one, 6), id);
    assert.deepEqual([queues.resolve("a", "q"), queues.resolve("a", "x")], [id, 0]);
    assert.equal(queues.enqueue("a", 99, bytes("x")), STATUS.notFound);
    assert.equal(queues.dequeue(99).status, STATUS.notFound);
    assert.equal(queues.dequeue(id).status, STATUS.empty);
    queues.enqueue("a", id, bytes("one"));
    queues.enqueue("a", id, bytes("two"));
    assert.deepEqual([queues.waiting, one.said], [true, ["waiting"]]);
    assert.deepEqual(
      queues.takeNotices(1).map(({ context, queue }) => [context, queue]),
      [[5, id]],
    );
    assert.equal(queues.takeNotices(9).length, 1);
    assert.equal(queues.waiting, false);
    const first = queues.dequeue(id);
    queues.restore(id, first);
    const all = [queues.dequeue(id), queues.dequeue(id)].map(({ item }) =>
      Buffer.from(item!).toString(),
    );
    assert.deepEqual([all, queues.dequeue(id).status], [["one", "two"], STATUS.empty]);
  });

  test(`metrics ${kind}: one by name and type, 64 bits, histograms count and sum`, () => {
    const { metrics } = make();
    const counter = metrics.declare("a", 0, "n")!;
    counter.add(2n ** 63n);
    counter.add(2n ** 63n + 1n);
    assert.equal(metrics.value("n"), 1n);
    const gauge = metrics.declare("a", 1, "g")!;
    gauge.set(3n);
    gauge.add(-5n);
    assert.equal(gauge.value, 2n ** 64n - 2n);
    const sizes = metrics.declare("a", 2, "s")!;
    sizes.observe(4n);
    sizes.observe(5n);
    assert.deepEqual([sizes.value, sizes.sum], [2n, 9n]);
    assert.equal(metrics.declare("a", 0, "s")!.value, 0n);
    assert.equal(metrics.declare("a", 0, "n"), counter);
    assert.equal(metrics.all().length, 4);
  });

  test(`metrics ${kind}: a name is each namespace's own, and everybody's where that is asked for`, () => {
    const { metrics } = make();
    metrics.declare("a", 0, "n")!.add(5n);
    const other = metrics.declare("b", 0, "n")!;
    assert.equal(other.value, 0n);
    other.add(2n);
    assert.equal(metrics.declare("a", 0, "n")!.value, 5n);
    assert.equal(metrics.value("n"), 7n);
    const all = metrics.declare("a", 0, "n", true)!;
    all.add(1n);
    assert.equal(metrics.declare("b", 0, "n", true), all);
    assert.deepEqual(
      metrics
        .all()
        .map(({ value }) => value)
        .sort(),
      [1n, 2n, 5n],
    );
  });

  test(`${kind}: what twenty namespaces take as much of as they can leaves another one what it needs`, () => {
    const { data, queues, metrics } = make();
    const fill = (name: string): void => {
      const own = queues.register(name, "q", listener(), 1);
      for (let i = 0; queues.register(name, `q${i}`, listener(), 1) > 0; i++);
      for (let i = 0; metrics.declare(name, 0, `${name} ${i}`) !== null; i++);
      const small = new Uint8Array(300_000);
      for (let i = 0; data.set(name, `k${i}`, small, 0) === STATUS.ok; i++);
      for (const size of [300_000, 10]) {
        const item = new Uint8Array(size);
        // Whatever queue is theirs, and whatever id is guessed.
        for (const id of [own, own + 1]) while (queues.enqueue(name, id, item) === STATUS.ok);
      }
    };
    for (let i = 0; i < 20; i++) fill(`hostile ${i}`);
    const id = queues.register("b", "q", listener(), 1);
    assert.ok(id > 0, "a queue");
    for (let i = 0; i < 5; i++) assert.ok(queues.register("b", `q${i}`, listener(), 1) > 0);
    for (let i = 0; i < 100; i++) assert.ok(metrics.declare("b", 0, `b ${i}`), `metric ${i}`);
    for (let i = 0; i < 10; i++) {
      assert.equal(queues.enqueue("b", id, new Uint8Array(60_000)), STATUS.ok);
      assert.equal(data.set("b", `k${i}`, new Uint8Array(60_000), 0), STATUS.ok);
    }
  });

  test(`${kind}: what another namespace sends fills half of a queue, and counts against the sender`, () => {
    const { queues } = make();
    const id = queues.register("b", "q", listener(), 1);
    let sent = 0;
    while (queues.enqueue("a", id, bytes("x")) === STATUS.ok) sent++;
    assert.equal(sent, caps.queueItems / 2);
    assert.equal(queues.enqueue("b", id, bytes("mine")), STATUS.ok);
    for (let i = 0; i < sent; i++) queues.dequeue(id);
    assert.equal(Buffer.from(queues.dequeue(id).item!).toString(), "mine");

    const others = [0, 1, 2, 3, 4, 5, 6, 7].map((i) =>
      queues.register("b", `q${i}`, listener(), 1),
    );
    const large = new Uint8Array(caps.queueBytes / 4 - 16);
    const fits = others.filter((other) => queues.enqueue("a", other, large) === STATUS.ok).length;
    const again = others.filter((other) => queues.enqueue("a", other, large) === STATUS.ok).length;
    const held = (fits + again) * large.length;
    assert.ok(
      held <= atMost(caps.sharedBytes) && held > atMost(caps.sharedBytes) - 2 * large.length,
    );
    const taken = queues.dequeue(others[0]!);
    queues.restore(others[0]!, taken);
    assert.equal(queues.enqueue("a", others[7]!, large), STATUS.internalFailure, "still a's");
    assert.equal(queues.enqueue("b", others[7]!, large), STATUS.ok, "none of it was b's");
  });

  test(`${kind}: values and queues stop at their caps, and what is overwritten is free again`, () => {
    const { data, queues } = make();
    const half = new Uint8Array(300_000);
    for (let i = 0; i < 500; i++) assert.equal(data.set("a", "k", half, 0), STATUS.ok);
    const large = new Uint8Array(caps.sharedDataBytes);
    assert.equal(data.set("a", "large", large, 0), STATUS.internalFailure);
    assert.equal(data.get("a", "large"), undefined);
    assert.equal(data.get("a", "k")!.value.length, half.length);
    const id = queues.register("a", "q", listener(), 1);
    assert.equal(
      queues.enqueue("a", id, new Uint8Array(caps.queueBytes + 1)),
      STATUS.internalFailure,
    );
    let count = 0;
    while (queues.enqueue("a", id, bytes("x")) === STATUS.ok) count++;
    assert.ok(count <= caps.queueItems && count > 1000, String(count));
    for (let i = 0; i < count; i++) assert.equal(queues.dequeue(id).status, STATUS.ok);
    assert.equal(queues.enqueue("a", id, bytes("x")), STATUS.ok);
  });
}

test("blocks of shared memory never overlap and all of it comes back, for any order of sizes", () => {
  const region = new SharedRegion(SharedRegion.allocate(20));
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  const taken = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    if (random(2) === 0 || taken.size === 0) {
      const size = 12 + random(2 ** random(17));
      const at = region.take(size);
      if (at === 0) continue;
      for (const [other, length] of taken) {
        if (i % 50 === 0) assert.ok(at + size <= other || other + length <= at);
      }
      region.bytes.fill(i & 0xff, at + 4, at + size);
      taken.set(at, size);
    } else {
      const at = [...taken.keys()][random(taken.size)]!;
      region.give(at);
      taken.delete(at);
    }
  }
  for (const at of taken.keys()) region.give(at);
  const whole = region.take(2 ** 20);
  assert.ok(whole > 0);
  assert.deepEqual([region.take(12), region.take(2 ** 21)], [0, 0]);
});

test("four threads count with compare-and-swap, enqueue and measure: nothing is lost, nothing is mixed up", async () => {
  const memory = SharedRegion.allocate(26);
  let woken = 0;
  const { data, queues, metrics } = shared(memory, () => woken++);
  const heard = listener();
  const queue = queues.register("space", "queue", heard, 1);
  data.set("space", "counter", bytes("0"), 0);
  const rounds = 1000;
  const mismatches = await Promise.all(
    [1, 2, 3, 4].map(
      () =>
        new Promise<number>((resolve, reject) => {
          const worker = new Worker(new URL("./shared-worker.js", import.meta.url), {
            workerData: { memory, rounds },
          });
          worker.once("message", (message: { mismatches: number }) => resolve(message.mismatches));
          worker.once("error", reject);
        }),
    ),
  );
  assert.equal(Buffer.from(data.get("space", "counter")!.value).toString(), "4000");
  assert.deepEqual([metrics.value("count"), metrics.value("sizes")], [4000n, 4000n]);
  assert.equal(metrics.declare("space", 2, "sizes")!.sum, BigInt((4 * rounds * (rounds - 1)) / 2));
  const last = new Map<string, number>();
  for (let i = 0; i < 4 * rounds; i++) {
    const [thread, n] = Buffer.from(queues.dequeue(queue).item!).toString().split(" ");
    assert.equal(Number(n), (last.get(thread!) ?? -1) + 1, "in order for each thread");
    last.set(thread!, Number(n));
  }
  assert.equal(queues.dequeue(queue).status, STATUS.empty);
  let told = 0;
  for (let n = queues.takeNotices(256).length; n > 0; n = queues.takeNotices(256).length) told += n;
  assert.equal(told, 4 * rounds);
  assert.ok(mismatches.every((n) => n >= 0));
  assert.equal(woken, 0);
});

test("what a namespace has written and what waits in its queues is given back, and nothing of another one", () => {
  const region = new SharedRegion(SharedRegion.allocate(20));
  const data = new RegionData(region);
  const queues = new RegionQueues(region, () => {});
  const id = queues.register("a", "q", listener(), 1);
  const other = queues.register("b", "q", listener(), 1);
  const before = region.taken;
  for (let i = 0; i < 200; i++) data.set("a", `k${i}`, bytes(`v${i}`), 0);
  for (const one of [id, other]) for (const _ of [1, 2]) queues.enqueue("a", one, bytes("item"));
  data.set("b", "k1", bytes("kept"), 0);
  const full = region.taken;
  data.drop("a");
  queues.drop("a");
  assert.equal(data.get("a", "k7"), undefined);
  assert.equal(queues.dequeue(id).status, STATUS.empty);
  assert.equal(Buffer.from(data.get("b", "k1")!.value).toString(), "kept");
  assert.equal(queues.dequeue(other).status, STATUS.ok, "in another one's queue");
  assert.equal(queues.dequeue(other).status, STATUS.ok);
  assert.ok(full > before + 200 * 64, "something was taken");
  assert.equal(region.taken, before + region.blockFor(64), "all but the kept pair");
  assert.equal(data.set("a", "k1", bytes("again"), 0), STATUS.ok);
  assert.equal(Buffer.from(data.get("a", "k1")!.value).toString(), "again");
});

test("a thread is woken through its notifier when another one's queue has nothing waiting yet", () => {
  const memory = SharedRegion.allocate(20);
  let woken = 0;
  const here = shared(memory);
  const there = shared(memory, () => woken++);
  const heard = listener();
  const id = here.queues.register("a", "q", heard, 1);
  there.queues.enqueue("a", id, bytes("1"));
  there.queues.enqueue("a", id, bytes("2"));
  assert.deepEqual([woken, here.queues.waiting, there.queues.waiting], [1, true, false]);
  assert.equal(there.queues.takeNotices(9).length, 0);
  assert.equal(here.queues.takeNotices(9).length, 2);
  there.queues.register("a", "q", listener(), 2);
  here.queues.enqueue("a", id, bytes("3"));
  assert.equal(here.queues.takeNotices(9).length, 0);
  assert.equal(there.queues.takeNotices(9)[0]?.context, 2);
});

test("a thread that ends with the lock in its hand spoils the memory: refusals, and nobody waits for ever", () => {
  const memory = SharedRegion.allocate(20);
  const { data, queues, metrics } = shared(memory);
  data.set("a", "k", bytes("v"), 0);
  const gone = new SharedRegion(memory, 41);
  const words = new Int32Array(memory);
  words[WORD.lock] = 1;
  words[WORD.owner] = 41;
  gone.abandoned(40);
  assert.equal(words[WORD.lock], 1);
  gone.abandoned(41);
  assert.equal(data.get("a", "k"), undefined);
  assert.equal(data.set("a", "k", bytes("v"), 0), STATUS.internalFailure);
  assert.equal(queues.register("a", "q", listener(), 1), 0);
  assert.equal(metrics.declare("a", 0, "n"), null);
});

test("plugins of two threads' services meet in shared data and queues of one vm_id, and in no other's", () => {
  const memory = SharedRegion.allocate(26);
  const body = (
    phase: string,
  ): string => `${noteFunctions} (data (i32.const 0) "queue") (data (i32.const 8) "item")
    (func (export "proxy_on_configure") (param i32 i32) (result i32) ${phase} (i32.const 1))
    (func (export "proxy_on_queue_ready") (param i32 i32)
      ${call("proxy_dequeue_shared_queue", "(local.get 1)", 100, 104)} ${load(104)})`;
  const imports = [
    "proxy_log",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_enqueue_shared_queue",
    "proxy_dequeue_shared_queue",
    "proxy_set_shared_data",
    "proxy_get_shared_data",
  ];
  const make = (phase: string, vmId: string, services: HostServices) =>
    run({ imports, body: body(phase) }, { vmId, services });
  const [one, two] = [shared(memory), shared(memory)];
  const consumer = make(
    call("proxy_register_shared_queue", 0, 5, 96) + call("proxy_set_shared_data", 0, 5, 8, 4, 0),
    "ten\u00e9nt",
    one,
  );
  const found =
    call("proxy_resolve_shared_queue", 0, 0, 0, 5, 96) +
    call("proxy_get_shared_data", 0, 5, 100, 104, 108);
  const send = quiet("proxy_enqueue_shared_queue", "(i32.load (i32.const 96))", 8, 4);
  assert.deepEqual(texts(make(found + send, "ten\u00e9nt", two)), ["0", "0"]);
  assert.deepEqual(texts(make(found, "other", shared(memory))), ["1", "1"]);
  consumer.poll();
  assert.deepEqual(texts(consumer), ["0", "0", "0", "4"]);
  consumer.close();
  make(found + send, "ten\u00e9nt", two);
  consumer.poll();
  assert.equal(texts(consumer).length, 4, "an ended plugin is told nothing");
});
