// A header or trailer map: names in lower case, order kept, repeated names allowed except for pseudo-headers.
// Names and values are byte strings (one character a byte, as on the wire), in one flat list of name, value,
// name, value. The invariant: no name or value holds NUL, CR, LF or what is no byte, whoever put it
// there, so that no serialiser can be made to write a line of its own (beyond a byte, it would cut one to a LF).
import { caps } from "./caps.ts";

export type Pair = readonly [name: string, value: string];

const forbidden = /[\0\r\n\u0100-\uffff]/;
const COLON = 0x3a;
/** `#bytes` has to be counted before it is used. */
const UNCOUNTED = -1;

/** Whether a byte string may stand in a header. */
export function isHeaderText(text: string): boolean {
  return !forbidden.test(text);
}

/** Names that may stand in a header, as they came, with their lower case; few and short, as strangers send them. */
const names = new Map<string, string>();
const NAMES = 2000;
const NAME_LENGTH = 64;

/** A name in lower case; null where it may not stand in a header. */
function keyOf(name: string): string | null {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (!isHeaderText(name)) return null;
  const key = name.toLowerCase();
  if (names.size < NAMES && name.length <= NAME_LENGTH) names.set(name, key);
  return key;
}

export class HeaderMap {
  #list: string[];
  #bytes: number;

  constructor(list: string[] = []) {
    this.#list = list;
    this.#bytes = UNCOUNTED;
  }

  /** Builds a map from pairs; those that may not stand in a header are left out. */
  static from(pairs: Iterable<Pair>): HeaderMap {
    const map = new HeaderMap();
    for (const [name, value] of pairs) map.add(name, value);
    return map;
  }

  /**
   * Takes over a list of name, value, name, value as HTTP parsers give it, without copying: the caller doesn't
   * use it again. Names are brought to lower case in place. The parser must have refused NUL, CR and LF, as
   * Node's do; a pseudo-header must not come twice.
   */
  static fromRaw(list: string[]): HeaderMap {
    for (let i = 0; i < list.length; i += 2) list[i] = list[i]!.toLowerCase();
    return new HeaderMap(list);
  }

  /** A map of its own with the same pairs. */
  copy(): HeaderMap {
    return new HeaderMap(this.#list.slice());
  }

  get size(): number {
    return this.#list.length >>> 1;
  }

  /** Bytes of all names and values. */
  get bytes(): number {
    if (this.#bytes === UNCOUNTED) {
      let sum = 0;
      for (let i = 0; i < this.#list.length; i++) sum += this.#list[i]!.length;
      this.#bytes = sum;
    }
    return this.#bytes;
  }

  /** The first value of a name in lower case. */
  get(name: string): string | undefined {
    const at = this.#find(name);
    return at < 0 ? undefined : this.#list[at + 1];
  }

  /** All values of a name in lower case. */
  all(name: string): string[] {
    return this.#list.filter((_, i) => i % 2 === 1 && this.#list[i - 1] === name);
  }

  /**
   * Appends; false where the text is not allowed in a header or the map is full. A pseudo-header that is
   * there already is joined, as `join` does.
   */
  add(name: string, value: string): boolean {
    const key = keyOf(name);
    if (key === null || !this.#fits(key.length, value, 0)) return false;
    if (key.charCodeAt(0) === COLON && this.#find(key) >= 0) return this.join(key, value);
    this.#list.push(key, value);
    this.#bytes += key.length + value.length;
    return true;
  }

  /** As `add`; where the name is there already, its value grows by a comma and this one. */
  join(name: string, value: string): boolean {
    const key = keyOf(name);
    if (key === null) return false;
    const at = this.#find(key);
    if (at < 0) return this.add(key, value);
    // The comma is one byte more.
    if (!this.#fits(0, value, -1)) return false;
    this.#put(at, `${this.#list[at + 1]!},${value}`);
    return true;
  }

  /** Leaves exactly one pair of that name, at the place of the first; false as for `add`. */
  set(name: string, value: string): boolean {
    const key = keyOf(name);
    if (key === null) return false;
    const at = this.#find(key);
    if (at < 0) return this.add(key, value);
    if (!this.#fits(0, value, this.#list[at + 1]!.length)) return false;
    this.#put(at, value);
    for (let i = this.#list.length - 2; i > at; i -= 2) if (this.#list[i] === key) this.#drop(i);
    return true;
  }

  remove(name: string): void {
    const key = keyOf(name);
    for (let i = this.#list.length - 2; i >= 0; i -= 2) if (this.#list[i] === key) this.#drop(i);
  }

  /** Takes all pairs of another map instead of its own. */
  assign(other: HeaderMap): void {
    this.#list = other.#list.slice();
    this.#bytes = other.#bytes;
  }

  pairs(): Pair[] {
    const pairs: Pair[] = [];
    for (let i = 0; i < this.#list.length; i += 2) pairs.push([this.#list[i]!, this.#list[i + 1]!]);
    return pairs;
  }

  nameAt(index: number): string {
    return this.#list[index * 2]!;
  }

  valueAt(index: number): string {
    return this.#list[index * 2 + 1]!;
  }

  /** The place of a name in the list, or -1. */
  #find(name: string): number {
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) return i;
    return -1;
  }

  /** `nameLength`: 0 where a value is put in the place of another. */
  #fits(nameLength: number, value: string, freed: number): boolean {
    if (this.bytes - freed + nameLength + value.length > caps.headerMapBytes) return false;
    if (nameLength > 0 && this.size >= caps.headerMapCount) return false;
    return isHeaderText(value);
  }

  /** The caller has counted: `#fits` was asked. */
  #put(at: number, value: string): void {
    this.#bytes += value.length - this.#list[at + 1]!.length;
    this.#list[at + 1] = value;
  }

  #drop(at: number): void {
    if (this.#bytes !== UNCOUNTED) {
      this.#bytes -= this.#list[at]!.length + this.#list[at + 1]!.length;
    }
    this.#list.splice(at, 2);
  }
}
