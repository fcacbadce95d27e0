// Shared data for all threads of a process: the same answers as the store of one thread (../shared-data.ts), with
// compare-and-swap exact across threads, since each operation holds the region's lock.
//
//   record: tag | next | hash | namespace | cas | key length | value length | key … value …
import { STATUS } from "../../spec/status.ts";
import { caps } from "../caps.ts";
import { type DataStore, type SharedEntry, sizeOf } from "../shared-data.ts";
import { type SharedRegion, TABLE, WORD } from "./region.ts";
import { Spaces } from "./spaces.ts";

const RECORD = 28;

export class RegionData implements DataStore {
  readonly #region: SharedRegion;
  readonly #spaces: Spaces;

  constructor(region: SharedRegion) {
    this.#region = region;
    this.#spaces = new Spaces(region);
  }

  get(namespace: string, key: string): SharedEntry | undefined {
    const region = this.#region;
    const name = Buffer.from(namespace, "utf8");
    const bytes = Buffer.from(key, "latin1");
    return region.locked<SharedEntry | undefined>(undefined, () => {
      const space = this.#spaces.at(name, false);
      const at = space === 0 ? 0 : this.#find(space, region.hash(space, bytes), bytes);
      if (at === 0) return undefined;
      const word = at >>> 2;
      const length = region.words[word + 6]!;
      const value = region.copy(at + RECORD + bytes.length, length);
      return { value, cas: region.words[word + 4]! >>> 0 };
    });
  }

  set(namespace: string, key: string, value: Uint8Array, cas: number): number {
    const region = this.#region;
    const name = Buffer.from(namespace, "utf8");
    const bytes = Buffer.from(key, "latin1");
    if (sizeOf(bytes, value) > caps.sharedDataBytes) return STATUS.internalFailure;
    return region.locked<number>(STATUS.internalFailure, () => {
      const space = this.#spaces.at(name, true);
      return space === 0 ? STATUS.internalFailure : this.#write(space, bytes, value, cas);
    });
  }

  /** Gives back all that a namespace has written: nobody of it is there any more. */
  drop(namespace: string): void {
    const region = this.#region;
    const { words } = region;
    const name = Buffer.from(namespace, "utf8");
    region.locked(undefined, () => {
      const space = this.#spaces.at(name, false);
      if (space === 0 || this.#spaces.dataBytes(space) === 0) return;
      for (let slot = WORD.dataTable; slot < WORD.dataTable + TABLE.data; slot++) {
        for (let at = words[slot]!; at !== 0; ) {
          const word = at >>> 2;
          const next = words[word + 1]!;
          if (words[word + 3] === space) this.#remove(space, at, words[word + 2]! >>> 0);
          at = next;
        }
      }
      this.#spaces.setDataBytes(space, 0);
    });
  }

  #write(space: number, key: Uint8Array, value: Uint8Array, cas: number): number {
    const region = this.#region;
    const spaces = this.#spaces;
    const { words } = region;
    const hash = region.hash(space, key);
    const old = this.#find(space, hash, key);
    if (old > 0 && cas !== 0 && cas !== words[(old >>> 2) + 4]! >>> 0) return STATUS.casMismatch;
    const freed = old === 0 ? 0 : sizeOf(key, { length: words[(old >>> 2) + 6]! });
    const bytes = spaces.dataBytes(space) - freed + sizeOf(key, value);
    if (bytes > caps.sharedDataBytes) return STATUS.internalFailure;
    const size = RECORD + key.length + value.length;
    const stays = old !== 0 && region.fits(old, size);
    const at = stays ? old : spaces.take(space, size, old);
    if (at === 0) return STATUS.internalFailure;
    if (!stays) {
      if (old !== 0) this.#remove(space, old, hash);
      this.#link(at, hash, space, key);
    }
    words[(at >>> 2) + 4] = this.#nextCas();
    words[(at >>> 2) + 6] = value.length;
    region.bytes.set(value, at + RECORD + key.length);
    spaces.setDataBytes(space, bytes);
    return STATUS.ok;
  }

  #link(at: number, hash: number, space: number, key: Uint8Array): void {
    const { words, bytes } = this.#region;
    const slot = WORD.dataTable + (hash % TABLE.data);
    const word = at >>> 2;
    words[word + 1] = words[slot]!;
    words[word + 2] = hash | 0;
    words[word + 3] = space;
    words[word + 5] = key.length;
    bytes.set(key, at + RECORD);
    words[slot] = at;
  }

  #nextCas(): number {
    const { words } = this.#region;
    const next = (words[WORD.cas]! + 1) | 0;
    words[WORD.cas] = next === 0 ? 1 : next;
    return words[WORD.cas]!;
  }

  /** 0 where there is none. */
  #find(space: number, hash: number, key: Uint8Array): number {
    const { words } = this.#region;
    for (
      let at = words[WORD.dataTable + (hash % TABLE.data)]!;
      at !== 0;
      at = words[(at >>> 2) + 1]!
    ) {
      const word = at >>> 2;
      const same = words[word + 2] === (hash | 0) && words[word + 3] === space;
      if (same && words[word + 5] === key.length && this.#region.holds(at + RECORD, key)) return at;
    }
    return 0;
  }

  #remove(space: number, at: number, hash: number): void {
    const { words } = this.#region;
    let link = WORD.dataTable + (hash % TABLE.data);
    while (words[link] !== at) link = (words[link]! >>> 2) + 1;
    words[link] = words[(at >>> 2) + 1]!;
    this.#spaces.give(space, at);
  }
}
