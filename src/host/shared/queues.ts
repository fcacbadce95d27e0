// Shared queues for all threads of a process. Who registered last is told, in its own thread: a thread counts what
// waits for it when it polls, and is woken through `notify` when something begins to wait for another thread. An item
// counts against the namespace that sent it.
//
//   queue: tag | namespace | first | last | items | bytes | listener | context | notices | name length | name …
//   item:  tag | next | length | namespace | bytes …
import { STATUS } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import {
  type Dequeued,
  hasRoom,
  type QueueListener,
  type QueueNotice,
  type QueueStore,
} from "../shared-queues.ts";
import { type SharedRegion, WORD } from "./region.ts";
import { Spaces } from "./spaces.ts";

const QUEUE = 40;
const ITEM = 16;
const NONE: Dequeued = { status: STATUS.internalFailure, item: null, sender: 0 };

interface Local {
  readonly listener: QueueListener;
  readonly context: number;
  /** Unique in the process: says whether this is still who is told. */
  readonly key: number;
}

export class RegionQueues implements QueueStore {
  readonly #region: SharedRegion;
  readonly #spaces: Spaces;
  readonly #notify: () => void;
  readonly #local = new Map<number, Local>();

  /** `notify`: something waits for a queue of another thread, which should poll its plugins. */
  constructor(region: SharedRegion, notify: () => void) {
    this.#region = region;
    this.#spaces = new Spaces(region);
    this.#notify = notify;
  }

  register(namespace: string, name: string, listener: QueueListener, context: number): number {
    const region = this.#region;
    const { words } = region;
    const key = Atomics.add(words, WORD.listeners, 1) + 1;
    const space = Buffer.from(namespace, "utf8");
    const bytes = Buffer.from(name, "latin1");
    const id = region.locked(0, () => {
      const owner = this.#spaces.at(space, true);
      if (owner === 0) return 0;
      const known = this.#find(owner, bytes);
      const number = known === 0 ? this.#make(owner, bytes) : known;
      if (number === 0) return 0;
      const word = this.#word(number);
      words[word + 6] = key;
      words[word + 7] = context;
      return number;
    });
    if (id !== 0) this.#local.set(id, { listener, context, key });
    return id;
  }

  resolve(namespace: string, name: string): number {
    const space = Buffer.from(namespace, "utf8");
    const bytes = Buffer.from(name, "latin1");
    return this.#region.locked(0, () => {
      const owner = this.#spaces.at(space, false);
      return owner === 0 ? 0 : this.#find(owner, bytes);
    });
  }

  enqueue(namespace: string, id: number, item: Uint8Array): number {
    const region = this.#region;
    const { words } = region;
    const sender = Buffer.from(namespace, "utf8");
    let first = false;
    const status = region.locked<number>(STATUS.internalFailure, () => {
      const word = this.#word(id);
      if (word === 0) return STATUS.notFound;
      const space = this.#spaces.at(sender, true);
      const own = space === words[word + 1];
      if (space === 0 || !hasRoom(own, words[word + 4]! + 1, words[word + 5]! + item.length)) {
        return STATUS.internalFailure;
      }
      const at = this.#spaces.take(space, ITEM + item.length);
      if (at === 0) return STATUS.internalFailure;
      this.#fill(at, 0, space, item);
      const last = words[word + 3]!;
      if (last === 0) words[word + 2] = at;
      else words[(last >>> 2) + 1] = at;
      words[word + 3] = at;
      words[word + 4]!++;
      words[word + 5]! += item.length;
      first = words[word + 8] === 0;
      words[word + 8]!++;
      return STATUS.ok;
    });
    if (first) this.#wake(id);
    return status;
  }

  #wake(id: number): void {
    const local = this.#local.get(id);
    if (local !== undefined && this.#region.words[this.#word(id) + 6] === local.key) {
      local.listener.queueWaiting();
    } else this.#notify();
  }

  dequeue(id: number): Dequeued {
    const region = this.#region;
    const { words } = region;
    return region.locked<Dequeued>(NONE, () => {
      const word = this.#word(id);
      if (word === 0) return { ...NONE, status: STATUS.notFound };
      const at = words[word + 2]!;
      if (at === 0) return { ...NONE, status: STATUS.empty };
      const item = region.copy(at + ITEM, words[(at >>> 2) + 2]!);
      return { status: STATUS.ok, item, sender: this.#takeFirst(word) };
    });
  }

  /** Gives the first item back; answers who has sent it. */
  #takeFirst(word: number): number {
    const { words } = this.#region;
    const at = words[word + 2]!;
    words[word + 2] = words[(at >>> 2) + 1]!;
    if (words[word + 2] === 0) words[word + 3] = 0;
    words[word + 4]!--;
    words[word + 5]! -= words[(at >>> 2) + 2]!;
    const sender = words[(at >>> 2) + 3]!;
    this.#spaces.give(sender, at);
    return sender;
  }

  /** Gives back what waits in a namespace's queues: nobody of it is there any more. The queues keep their ids. */
  drop(namespace: string): void {
    const { words } = this.#region;
    const name = Buffer.from(namespace, "utf8");
    this.#region.locked(undefined, () => {
      const space = this.#spaces.at(name, false);
      if (space === 0) return;
      for (let id = 1; id <= words[WORD.queues]!; id++) {
        const word = this.#word(id);
        if (words[word + 1] !== space) continue;
        while (words[word + 2] !== 0) this.#takeFirst(word);
        words[word + 8] = 0;
      }
    });
  }

  restore(id: number, { item, sender }: Dequeued): void {
    const region = this.#region;
    const { words } = region;
    region.locked(undefined, () => {
      const word = this.#word(id);
      if (word === 0 || item === null) return;
      const space = Number(sender);
      const at = this.#spaces.retake(space, ITEM + item.length);
      if (at === 0) return;
      this.#fill(at, words[word + 2]!, space, item);
      if (words[word + 2] === 0) words[word + 3] = at;
      words[word + 2] = at;
      words[word + 4]!++;
      words[word + 5]! += item.length;
    });
  }

  #fill(at: number, next: number, space: number, item: Uint8Array): void {
    const { words, bytes } = this.#region;
    const word = at >>> 2;
    words[word + 1] = next;
    words[word + 2] = item.length;
    words[word + 3] = space;
    bytes.set(item, at + ITEM);
  }

  get waiting(): boolean {
    for (const id of this.#local.keys()) {
      if (Atomics.load(this.#region.words, this.#word(id) + 8) > 0) return true;
    }
    return false;
  }

  takeNotices(most: number): QueueNotice[] {
    if (!this.waiting) return [];
    const { words } = this.#region;
    return this.#region.locked<QueueNotice[]>([], () => {
      const taken: QueueNotice[] = [];
      for (const [queue, { listener, context, key }] of this.#local) {
        const word = this.#word(queue);
        if (words[word + 6] !== key) {
          // Somebody registered it after us, here or in another thread.
          this.#local.delete(queue);
          continue;
        }
        while (words[word + 8]! > 0 && taken.length < most) {
          words[word + 8]!--;
          taken.push({ listener, context, queue });
        }
      }
      return taken;
    });
  }

  /** Index of a queue's first word, 0 for an id that nobody was given. */
  #word(id: number): number {
    const { words } = this.#region;
    if (id === 0 || id > words[WORD.queues]!) return 0;
    return words[WORD.queueTable + id - 1]! >>> 2;
  }

  #find(space: number, name: Uint8Array): number {
    const { words } = this.#region;
    for (let id = 1; id <= words[WORD.queues]!; id++) {
      const word = this.#word(id);
      const same = words[word + 1] === space && words[word + 9] === name.length;
      if (same && this.#region.holds(word * 4 + QUEUE, name)) return id;
    }
    return 0;
  }

  #make(space: number, name: Uint8Array): number {
    const { words } = this.#region;
    const count = words[WORD.queues]!;
    if (!this.#spaces.count(space, "queues", caps.queues)) return 0;
    const at = this.#spaces.take(space, QUEUE + name.length);
    if (at === 0) {
      this.#spaces.discount(space, "queues");
      return 0;
    }
    const word = at >>> 2;
    words[word + 1] = space;
    for (let i = 2; i < 9; i++) words[word + i] = 0;
    words[word + 9] = name.length;
    this.#region.bytes.set(name, at + QUEUE);
    words[WORD.queueTable + count] = at;
    return count + 1;
  }
}
