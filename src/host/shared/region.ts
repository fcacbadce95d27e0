// One block of memory that the threads of a process share: a lock, a few words with fixed places, and a heap from
// which records of any size are taken and given back. The heap is a binary buddy system: what is freed joins its
// neighbour again, so that no order of sizes, however hostile, eats it up for ever.
//
//   words | tables | heap: block = tag, then the owner's words and bytes; a free one = tag, next, previous
//
// The invariant: everything but single atomic numbers is read and written under the lock, and no guest code runs
// there. A thread that ended while it held the lock leaves the region spoiled: from then on it refuses everything.
import { randomFillSync } from "node:crypto";
import { threadId } from "node:worker_threads";
import { caps } from "../caps.ts";

/** Places of single words, then of tables, as indices of 32-bit words. */
export const WORD = {
  lock: 0,
  owner: 1,
  spoiled: 2,
  cas: 3,
  listeners: 4,
  namespaces: 5,
  queues: 6,
  metrics: 7,
  seed: 8,
  taken: 9,
  freeLists: 16,
  queueTable: 64,
  metricTable: 2048,
  dataTable: 8192,
} as const;

/** Entries of the tables. */
export const TABLE = { queues: 1024, metrics: 4096, data: 65_536 } as const;

const HEAP = 512 * 1024;
const SMALLEST = 6;
const USED = 0x100;
/** Milliseconds after which the holder of the lock counts as gone: nothing under it takes one. */
const GONE = 10_000;

const orderFor = (size: number): number => Math.max(SMALLEST, 32 - Math.clz32(size - 1));

/** What a thread is called as the holder of the lock: a number above 0 that no other thread has. */
export const ownerOf = (thread: number): number => thread + 1;

export class SharedRegion {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly numbers: BigUint64Array;
  readonly buffer: SharedArrayBuffer;
  readonly #owner: number;
  readonly #top: number;

  /** `owner`: this thread. */
  constructor(buffer: SharedArrayBuffer, owner: number = ownerOf(threadId)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.numbers = new BigUint64Array(buffer, 0, buffer.byteLength >>> 3);
    this.#owner = owner;
    this.#top = Math.log2(buffer.byteLength - HEAP);
  }

  /** Memory for a region with a heap of 2 to the power of `order` bytes, 20 to 30; made by one thread. */
  static allocate(order = Math.log2(caps.sharedBytes)): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(HEAP + 2 ** order);
    const region = new SharedRegion(buffer);
    region.#push(HEAP, order);
    randomFillSync(region.bytes, WORD.seed * 4, 4);
    return buffer;
  }

  /** Runs `work` alone; `refused` where the region is spoiled. */
  locked<T>(refused: T, work: () => T): T {
    if (!this.#acquire()) return refused;
    try {
      return work();
    } finally {
      this.#release();
    }
  }

  /** Bytes that can be taken in all. */
  get size(): number {
    return 2 ** this.#top;
  }

  /** Bytes of the blocks that are taken. Under the lock. */
  get taken(): number {
    return this.words[WORD.taken]!;
  }

  get spoiled(): boolean {
    return Atomics.load(this.words, WORD.spoiled) !== 0;
  }

  /** Says that a thread has ended: if it held the lock, the region is spoiled, and nobody waits for it. */
  abandoned(owner: number): void {
    if (Atomics.load(this.words, WORD.owner) !== owner) return;
    Atomics.store(this.words, WORD.spoiled, 1);
    this.#release();
  }

  #acquire(): boolean {
    const { words } = this;
    if (Atomics.compareExchange(words, WORD.lock, 0, 1) !== 0) {
      // 2: somebody waits, and has to be woken.
      while (Atomics.exchange(words, WORD.lock, 2) !== 0) {
        const holder = Atomics.load(words, WORD.owner);
        const woken = Atomics.wait(words, WORD.lock, 2, GONE);
        if (woken === "timed-out" && holder !== 0) this.abandoned(holder);
      }
    }
    Atomics.store(words, WORD.owner, this.#owner);
    if (!this.spoiled) return true;
    this.#release();
    return false;
  }

  #release(): void {
    Atomics.store(this.words, WORD.owner, 0);
    if (Atomics.exchange(this.words, WORD.lock, 0) === 2) Atomics.notify(this.words, WORD.lock, 1);
  }

  /** The byte address of a record of that many bytes, tag included; 0 where there is no room. Under the lock. */
  take(size: number): number {
    const order = orderFor(size);
    if (size > 2 ** this.#top || order > this.#top) return 0;
    let found = order;
    while (found <= this.#top && this.#head(found) === 0) found++;
    if (found > this.#top) return 0;
    const at = this.#head(found);
    this.#unlink(at, found);
    for (; found > order; found--) this.#push(at + 2 ** (found - 1), found - 1);
    this.words[at >>> 2] = order | USED;
    this.words[WORD.taken]! += 2 ** order;
    return at;
  }

  /** Bytes of the block that a record of that many bytes takes. */
  blockFor(size: number): number {
    return 2 ** orderFor(size);
  }

  /** Bytes of the block of a record. Under the lock. */
  blockOf(at: number): number {
    return 2 ** (this.words[at >>> 2]! & ~USED);
  }

  /** Whether a record could have that many bytes where it is. Under the lock. */
  fits(at: number, size: number): boolean {
    const order = this.words[at >>> 2]! & ~USED;
    return size <= 2 ** order && size > 2 ** (order - 2);
  }

  /** Gives a record back. Under the lock. */
  give(at: number): void {
    let block = at;
    let order = this.words[at >>> 2]! & ~USED;
    this.words[WORD.taken]! -= 2 ** order;
    for (; order < this.#top; order++) {
      const buddy = ((block - HEAP) ^ (2 ** order)) + HEAP;
      if (this.words[buddy >>> 2] !== order) break;
      this.#unlink(buddy, order);
      block = Math.min(block, buddy);
    }
    this.#push(block, order);
  }

  #head(order: number): number {
    return this.words[WORD.freeLists + order]!;
  }

  #push(at: number, order: number): void {
    const { words } = this;
    const next = this.#head(order);
    words[at >>> 2] = order;
    words[(at >>> 2) + 1] = next;
    words[(at >>> 2) + 2] = 0;
    if (next !== 0) words[(next >>> 2) + 2] = at;
    words[WORD.freeLists + order] = at;
  }

  #unlink(at: number, order: number): void {
    const { words } = this;
    const next = words[(at >>> 2) + 1]!;
    const previous = words[(at >>> 2) + 2]!;
    if (previous === 0) words[WORD.freeLists + order] = next;
    else words[(previous >>> 2) + 1] = next;
    if (next !== 0) words[(next >>> 2) + 2] = previous;
  }

  /** Whether the bytes from `at` on are these. */
  holds(at: number, bytes: Uint8Array): boolean {
    for (let i = 0; i < bytes.length; i++) if (this.bytes[at + i] !== bytes[i]) return false;
    return true;
  }

  /** A copy in memory of this thread's own. */
  copy(at: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    copy.set(this.bytes.subarray(at, at + length));
    return copy;
  }

  /** Where a name belongs in a table. The seed is secret: no guest can make names meet in one slot. */
  hash(space: number, name: Uint8Array): number {
    let hash = 0x811c9dc5 ^ this.words[WORD.seed]!;
    hash = Math.imul(hash ^ space, 0x01000193);
    for (let i = 0; i < name.length; i++) {
      hash = Math.imul(hash ^ name[i]!, 0x01000193);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }
}
