// Serving threads that load their code while nobody knows yet what they are for: at the start that is most of their
// time to come up, and most of what the control thread does meanwhile needs a processor of its own too. The
// invariant: one that is taken is like a new one; one that was lost before is never given out.
import { Worker } from "node:worker_threads";
import type { ThreadPlace } from "../worker/messages.ts";

const entry = new URL("../worker/main.js", import.meta.url);

function begun(workerData: ThreadPlace): Worker {
  return new Worker(entry, { workerData });
}

export class SpareThreads {
  readonly #idle = new Set<Worker>();

  /** Begins so many. */
  constructor(count: number) {
    for (let i = 0; i < count; i++) {
      const worker = begun({ cell: false });
      this.#idle.add(worker);
      // Whoever needs a thread makes one, and hears why it can't be made.
      worker.once("error", () => this.#idle.delete(worker));
      worker.once("exit", () => this.#idle.delete(worker));
    }
  }

  /** One that waits for its start; a new one where none is left, and for each cell. */
  take(cell: boolean): Worker {
    if (cell) return begun({ cell });
    for (const worker of this.#idle) {
      this.#idle.delete(worker);
      worker.removeAllListeners();
      return worker;
    }
    return begun({ cell });
  }

  /** Ends those that nobody has taken. */
  async end(): Promise<void> {
    const all = [...this.#idle];
    this.#idle.clear();
    await Promise.all(all.map((one) => one.terminate()));
  }
}
