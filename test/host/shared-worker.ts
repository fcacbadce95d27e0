// One of several threads that use the same shared memory at once, for shared.test.ts.
import { parentPort, threadId, workerData } from "node:worker_threads";
import { sharedServices } from "../../src/host/services.ts";
import { STATUS } from "../../src/spec/status.ts";

const { memory, rounds } = workerData as { memory: SharedArrayBuffer; rounds: number };
const { data, queues, metrics } = sharedServices({ memory, notify: () => {} });

const number = (bytes: Uint8Array): number => Number(Buffer.from(bytes).toString());

let mismatches = 0;
for (let i = 0; i < rounds; i++) {
  for (;;) {
    const entry = data.get("space", "counter")!;
    const next = Buffer.from(String(number(entry.value) + 1));
    const status = data.set("space", "counter", next, entry.cas);
    if (status === STATUS.ok) break;
    if (status !== STATUS.casMismatch) throw new Error(`status ${status}`);
    mismatches++;
  }
  // Sizes of all orders, so that blocks split and join while others do the same.
  data.set("space", `own ${threadId} ${i % 7}`, new Uint8Array((i * 97) % 5000).fill(threadId), 0);
  metrics.declare("space", 0, "count")!.add(1n);
  metrics.declare("space", 2, "sizes")!.observe(BigInt(i));
  queues.enqueue("space", queues.resolve("space", "queue"), Buffer.from(`${threadId} ${i}`));
}
for (let k = 0; k < Math.min(7, rounds); k++) {
  const { value } = data.get("space", `own ${threadId} ${k}`)!;
  if (value.some((byte) => byte !== threadId)) throw new Error("another thread's bytes");
}
parentPort!.postMessage({ mismatches });
