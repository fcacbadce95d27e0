// Queues that plugins of any namespace may find by name. Ids are global and guessable, as in the reference
// host. Who hears of new items is the plugin that registered last; it is told by a later poll, never from
// inside the call that enqueued.
import { STATUS } from "../spec/status.ts";
import { caps } from "./caps.ts";

export interface QueueListener {
  queueReady(context: number, queue: number): void;
  /** Something begins to wait: a poll will have notices. */
  queueWaiting(): void;
}

/** What was taken from a queue, or the status that says why nothing was. */
export interface Dequeued {
  readonly status: number;
  readonly item: Uint8Array | null;
}

/** Where queues are kept: by one thread here, by all threads of a process in shared/queues.ts. */
export interface QueueStore {
  /** The queue's id, or 0 where there are too many; what is queued already stays. */
  register(namespace: string, name: string, listener: QueueListener, context: number): number;
  /** 0 where there is no such queue. */
  resolve(namespace: string, name: string): number;
  /** Answers a status. */
  enqueue(id: number, item: Uint8Array): number;
  dequeue(id: number): Dequeued;
  /** Puts back in front what `dequeue` gave. */
  restore(id: number, item: Uint8Array): void;
  /** Whether `takeNotices` would give some. */
  readonly waiting: boolean;
  /** Notices that have not been delivered, at most `most`; they are taken off. */
  takeNotices(most: number): QueueNotice[];
}

interface Queue {
  readonly items: Uint8Array[];
  bytes: number;
  listener: QueueListener;
  context: number;
}

export interface QueueNotice {
  readonly listener: QueueListener;
  readonly context: number;
  readonly queue: number;
}

export class SharedQueues implements QueueStore {
  readonly #ids = new Map<string, number>();
  readonly #queues = new Map<number, Queue>();
  #notices: QueueNotice[] = [];

  register(namespace: string, name: string, listener: QueueListener, context: number): number {
    const key = JSON.stringify([namespace, name]);
    const known = this.#ids.get(key);
    if (known !== undefined) {
      const queue = this.#queues.get(known)!;
      queue.listener = listener;
      queue.context = context;
      return known;
    }
    if (this.#ids.size >= caps.queues) return 0;
    const id = this.#ids.size + 1;
    this.#ids.set(key, id);
    this.#queues.set(id, { items: [], bytes: 0, listener, context });
    return id;
  }

  resolve(namespace: string, name: string): number {
    return this.#ids.get(JSON.stringify([namespace, name])) ?? 0;
  }

  enqueue(id: number, item: Uint8Array): number {
    const queue = this.#queues.get(id);
    if (queue === undefined) return STATUS.notFound;
    if (queue.items.length >= caps.queueItems || queue.bytes + item.length > caps.queueBytes) {
      return STATUS.internalFailure;
    }
    queue.items.push(item);
    queue.bytes += item.length;
    this.#notices.push({ listener: queue.listener, context: queue.context, queue: id });
    if (this.#notices.length === 1) queue.listener.queueWaiting();
    return STATUS.ok;
  }

  dequeue(id: number): Dequeued {
    const queue = this.#queues.get(id);
    if (queue === undefined) return { status: STATUS.notFound, item: null };
    const item = queue.items.shift();
    if (item === undefined) return { status: STATUS.empty, item: null };
    queue.bytes -= item.length;
    return { status: STATUS.ok, item };
  }

  restore(id: number, item: Uint8Array): void {
    const queue = this.#queues.get(id);
    if (queue === undefined) return;
    queue.items.unshift(item);
    queue.bytes += item.length;
  }

  get waiting(): boolean {
    return this.#notices.length > 0;
  }

  takeNotices(most: number): QueueNotice[] {
    const taken = this.#notices.slice(0, most);
    this.#notices = this.#notices.slice(most);
    return taken;
  }
}
