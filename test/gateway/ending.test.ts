// What ends while something begins: nothing that is not up yet outlives the gateway, and nobody waits for an answer of
// a thread that is gone. The threads are stand-ins but where the handle itself is what is tested.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cells } from "../../src/gateway/control/cells.ts";
import { SpareThreads } from "../../src/gateway/control/spare-threads.ts";
import { ThreadHandle } from "../../src/gateway/control/thread-handle.ts";
import { PATIENCE } from "../../src/gateway/control/times.ts";
import { Workers } from "../../src/gateway/control/workers.ts";
import type { Version } from "../../src/gateway/worker/messages.ts";
import { SharedRegion } from "../../src/host/shared/region.ts";

const version = { number: 1, cells: {} } as unknown as Version;

test("nobody waits for an answer of a thread that has ended", async () => {
  const thread = new ThreadHandle({
    worker: new SpareThreads(1).take(false),
    thread: 1,
    cell: null,
    shared: SharedRegion.allocate(20),
    spans: false,
    record: null,
    event: () => {},
    ended: () => {},
    gone: () => {},
  });
  await thread.terminate();
  await assert.rejects(thread.stage(version, 500), /it has ended/);
  await assert.rejects(thread.commit(1, 500), /it has ended/);
  assert.equal(await thread.report(500), null);
});

/** A thread that never comes up; what waits for it fails when it is ended. */
function silent(ended: number[], number = 1): ThreadHandle {
  let end = (_: Error): void => {};
  const never = new Promise<void>((_, reject) => {
    end = reject;
  });
  never.catch(() => {});
  return {
    number,
    up: () => never,
    pulse: () => ({ step: "none" }),
    terminate: async () => {
      ended.push(number);
      end(new Error("ended"));
    },
  } as unknown as ThreadHandle;
}

function cellsOf(parts: {
  thread: () => ThreadHandle;
  over: () => boolean;
  said: string[];
}): Cells {
  return new Cells({
    share: 0.25,
    unsafe: false,
    patience: PATIENCE,
    thread: parts.thread,
    version: () => version,
    over: parts.over,
    tell: () => {},
    made: () => {},
    gone: () => {},
    report: () => {},
    say: (_, text) => void parts.said.push(text),
  });
}

test("a cell that is being made when the gateway ends, ends with it, and nothing is said of it", async () => {
  const ended: number[] = [];
  const said: string[] = [];
  let over = false;
  let begun = (): void => {};
  const begins = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const thread = (): ThreadHandle => {
    begun();
    return silent(ended, 7);
  };
  const cells = cellsOf({ thread, over: () => over, said });
  const making = cells.make("a", "it is a test");
  await begins;
  over = true;
  await cells.close();
  assert.equal(ended[0], 7);
  await making;
  assert.equal(cells.threads.size, 0);
  assert.deepEqual(said, []);
});

test("no cell is begun where the gateway ends while its folder is made", async () => {
  let over = false;
  let threads = 0;
  const thread = (): ThreadHandle => {
    threads++;
    return silent([]);
  };
  const cells = cellsOf({ thread, over: () => over, said: [] });
  const making = cells.make("a", "it is a test");
  over = true;
  await Promise.race([making, new Promise((resolve) => setTimeout(resolve, 1_000))]);
  assert.equal(threads, 0);
});

test("a thread that ends before all of them listen ends the start: it gets no successor", async () => {
  const committed: number[] = [];
  const fatal: string[] = [];
  let queued = 0;
  let made = 0;
  const workers = new Workers({
    patience: PATIENCE,
    thread: () => {
      const number = ++made;
      return {
        number,
        up: async () => {},
        commit: async () => void committed.push(number),
      } as unknown as ThreadHandle;
    },
    version: () => version,
    over: () => false,
    wall: () => 0,
    queue: () => void queued++,
    replaced: () => {},
    lost: () => {},
    say: () => {},
    fatal: (error) => void fatal.push(error.message),
  });
  await workers.start([], 2);
  workers.ended(workers.threads[0]!, "a test's whim");
  await assert.rejects(workers.listen(1), /thread 1 ended.*a test's whim/);
  assert.equal(queued, 0);
  assert.equal(fatal.length, 1);
  assert.deepEqual(committed, [2]);
});
