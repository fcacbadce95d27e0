// Queues that plugins of any namespace may find by name. Ids are global and guessable, as in the reference
// host. Who hears of new items is the plugin that registered last; it is told by a later poll, never from
// inside the call that enqueued. What other namespaces send fills half of a queue at most.
import { STATUS } from "../spec/status.ts";
import { caps } from "./caps.ts";
import { mayHave } from "./fair.ts";

export interface QueueListener {
  queueReady(context: number, queue: number): void;
  /** Something begins to wait: a poll will have notices. */
  queueWaiting(): void;
}

/** What was taken from a queue, or the status that says why nothing was. */
export interface Dequeued {
  readonly status: number;
  readonly item: Uint8Array | null;
  /** The namespace that has sent it, in the store's own terms: for `restore`. */
  readonly sender: string | number;
}

/** Whether a queue may have so many items and bytes after one more; `own`: its own namespace sends it. */
export function hasRoom(own: boolean, items: number, bytes: number): boolean {
  const part = own ? 1 : 2;
  return items <= caps.queueItems / part && bytes <= caps.queueBytes / part;
}

/** Where queues are kept: by one thread here, by all threads of a process in shared/queues.ts. */
export interface QueueStore {
  /** The queue's id, or 0 where there are too many; what is queued already stays. */
  register(namespace: string, name: string, listener: QueueListener, context: number): number;
  /** 0 where there is no such queue. */
  resolve(namespace: string, name: string): number;
  /** `namespace` is the sender's, which the item counts against. Answers a status. */
  enqueue(namespace: string, id: number, item: Uint8Array): number;
  dequeue(id: number): Dequeued;
  /** Puts back in front what `dequeue` gave. */
  restore(id: number, taken: Dequeued): void;
  /** Whether `takeNotices` would give some. */
  readonly waiting: boolean;
  /** Notices that have not been delivered, at most `most`; they are taken off. */
  takeNotices(most: number): QueueNotice[];
}

interface Item {
  readonly bytes: Uint8Array;
  readonly sender: string;
}

interface Queue {
  readonly namespace: string;
  readonly items: Item[];
  bytes: number;
  listener: QueueListener;
  context: number;
}

export interface QueueNotice {
  readonly listener: QueueListener;
  readonly context: number;
  readonly queue: number;
}

const NONE: Dequeued = { status: STATUS.notFound, item: null, sender: "" };

/** What a namespace has: queues, and bytes that it has sent and nobody has taken. */
interface Holdings {
  queues: number;
  bytes: number;
}

export class SharedQueues implements QueueStore {
  readonly #ids = new Map<string, number>();
  readonly #queues = new Map<number, Queue>();
  readonly #held = new Map<string, Holdings>();
  #bytes = 0;
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
    const held = this.#heldBy(namespace);
    const id = this.#ids.size + 1;
    if (id > caps.queues || !mayHave(held.queues + 1, id, caps.queues)) return 0;
    held.queues++;
    this.#ids.set(key, id);
    this.#queues.set(id, { namespace, items: [], bytes: 0, listener, context });
    return id;
  }

  #heldBy(namespace: string): Holdings {
    let held = this.#held.get(namespace);
    if (held === undefined) {
      held = { queues: 0, bytes: 0 };
      this.#held.set(namespace, held);
    }
    return held;
  }

  #hold(namespace: string, bytes: number): void {
    this.#heldBy(namespace).bytes += bytes;
    this.#bytes += bytes;
  }

  resolve(namespace: string, name: string): number {
    return this.#ids.get(JSON.stringify([namespace, name])) ?? 0;
  }

  enqueue(namespace: string, id: number, item: Uint8Array): number {
    const queue = this.#queues.get(id);
    if (queue === undefined) return STATUS.notFound;
    const size = item.length;
    const room = hasRoom(queue.namespace === namespace, queue.items.length + 1, queue.bytes + size);
    const held = this.#heldBy(namespace).bytes + size;
    if (!room || !mayHave(held, this.#bytes + size, caps.sharedBytes)) {
      return STATUS.internalFailure;
    }
    queue.items.push({ bytes: item, sender: namespace });
    queue.bytes += size;
    this.#hold(namespace, size);
    this.#notices.push({ listener: queue.listener, context: queue.context, queue: id });
    if (this.#notices.length === 1) queue.listener.queueWaiting();
    return STATUS.ok;
  }

  dequeue(id: number): Dequeued {
    const queue = this.#queues.get(id);
    if (queue === undefined) return NONE;
    const first = queue.items.shift();
    if (first === undefined) return { ...NONE, status: STATUS.empty };
    const { bytes: item, sender } = first;
    queue.bytes -= item.length;
    this.#hold(sender, -item.length);
    return { status: STATUS.ok, item, sender };
  }

  restore(id: number, { item, sender }: Dequeued): void {
    const queue = this.#queues.get(id);
    if (queue === undefined || item === null) return;
    queue.items.unshift({ bytes: item, sender: String(sender) });
    queue.bytes += item.length;
    this.#hold(String(sender), item.length);
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
