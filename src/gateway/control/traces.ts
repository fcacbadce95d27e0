// The traces that were ordered: the last ones, and what of the last order is still to come. The order goes to every
// thread; one that is made meanwhile gets what is left of it.
import type { RequestTrace } from "../chain/trace.ts";
import type { ThreadHandle } from "./thread-handle.ts";

/** Traces that are kept. */
const KEPT = 200;

export type ThreadTrace = RequestTrace & { readonly thread: number };

export class Traces {
  /** Oldest first. */
  readonly list: ThreadTrace[] = [];
  #left = 0;

  /** Traces the next requests of each of these threads. */
  order(requests: number, threads: readonly ThreadHandle[]): void {
    this.#left = requests;
    for (const one of threads) one.send({ kind: "trace", requests });
  }

  /** A thread has been made. */
  join(thread: ThreadHandle): void {
    if (this.#left > 0) thread.send({ kind: "trace", requests: this.#left });
  }

  add(thread: number, trace: RequestTrace): void {
    this.list.push({ thread, ...trace });
    if (this.list.length > KEPT) this.list.shift();
    if (trace.callbacks.length > 0) this.#left--;
  }
}
