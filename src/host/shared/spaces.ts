// The namespaces of a shared region and what each of them holds of it: every record is somebody's, and nobody holds
// more than its share. The invariant: what is held is counted in whole blocks, and given back as it was taken; all of
// it happens under the lock.
//
//   namespace: tag | next | bytes of shared data | bytes held | queues | metrics | name length | name …
import { mayHave } from "../fair.ts";
import { type SharedRegion, WORD } from "./region.ts";

const NAMESPACE = 28;
/** Places of a namespace's words. */
const NEXT = 1;
const DATA = 2;
const HELD = 3;
const LENGTH = 6;
/** What is counted by number, with the word of the sum over all namespaces. */
const COUNTED = {
  queues: { at: 4, all: WORD.queues },
  metrics: { at: 5, all: WORD.metrics },
} as const;

export class Spaces {
  readonly #region: SharedRegion;

  constructor(region: SharedRegion) {
    this.#region = region;
  }

  /** The address of a namespace's record, made where there is none; 0 where there is no room. */
  at(name: Uint8Array, make: boolean): number {
    const region = this.#region;
    const { words } = region;
    for (let at = words[WORD.namespaces]!; at !== 0; at = words[(at >>> 2) + NEXT]!) {
      const same = words[(at >>> 2) + LENGTH] === name.length;
      if (same && region.holds(at + NAMESPACE, name)) return at;
    }
    if (!make) return 0;
    const at = region.take(NAMESPACE + name.length);
    if (at === 0) return 0;
    const word = at >>> 2;
    words.fill(0, word + DATA, word + LENGTH);
    words[word + NEXT] = words[WORD.namespaces]!;
    words[word + HELD] = region.blockOf(at);
    words[word + LENGTH] = name.length;
    region.bytes.set(name, at + NAMESPACE);
    words[WORD.namespaces] = at;
    return at;
  }

  /**
   * The address of a record of that many bytes for a namespace, 0 where it has no room left. `instead` is a record
   * of its own that it will give back for it.
   */
  take(space: number, size: number, instead = 0): number {
    const region = this.#region;
    const word = (space >>> 2) + HELD;
    const freed = instead === 0 ? 0 : region.blockOf(instead);
    const block = region.blockFor(size);
    const has = region.words[word]! - freed + block;
    if (!mayHave(has, region.taken - freed + block, region.size)) return 0;
    const at = region.take(size);
    if (at !== 0) region.words[word]! += block;
    return at;
  }

  /** Takes a record whatever the namespace holds: it has just been given back. */
  retake(space: number, size: number): number {
    const region = this.#region;
    const at = region.take(size);
    if (at !== 0) region.words[(space >>> 2) + HELD]! += region.blockOf(at);
    return at;
  }

  give(space: number, at: number): void {
    const region = this.#region;
    region.words[(space >>> 2) + HELD]! -= region.blockOf(at);
    region.give(at);
  }

  /** Counts one more of something of which there may be `all`; false where the namespace has too many. */
  count(space: number, what: keyof typeof COUNTED, all: number): boolean {
    const { words } = this.#region;
    const { at, all: sum } = COUNTED[what];
    const word = (space >>> 2) + at;
    if (words[sum]! >= all || !mayHave(words[word]! + 1, words[sum]! + 1, all)) return false;
    words[word]!++;
    words[sum]!++;
    return true;
  }

  /** Takes a count back. */
  discount(space: number, what: keyof typeof COUNTED): void {
    const { words } = this.#region;
    const { at, all } = COUNTED[what];
    words[(space >>> 2) + at]!--;
    words[all]!--;
  }

  /** Bytes of keys and values, with what each pair costs. */
  dataBytes(space: number): number {
    return this.#region.words[(space >>> 2) + DATA]!;
  }

  setDataBytes(space: number, bytes: number): void {
    this.#region.words[(space >>> 2) + DATA] = bytes;
  }
}
