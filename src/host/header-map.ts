// A header or trailer map: names in lower case, order kept, repeated names allowed except for pseudo-headers.
// Names and values are byte strings (one character a byte, as on the wire). The invariant: no name or value
// holds NUL, CR or LF, whoever put it there, so that no serialiser can be made to write a line of its own.
import { caps } from "./caps.ts";

export type Pair = readonly [name: string, value: string];

const forbidden = /[\0\r\n]/;

/** Whether a byte string may stand in a header. */
export function isHeaderText(text: string): boolean {
  return !forbidden.test(text);
}

export class HeaderMap {
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  #bytes = 0;

  /** Builds a map from pairs; those that may not stand in a header are left out. */
  static from(pairs: Iterable<Pair>): HeaderMap {
    const map = new HeaderMap();
    for (const [name, value] of pairs) map.add(name, value);
    return map;
  }

  get size(): number {
    return this.#names.length;
  }

  /** Bytes of all names and values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The first value of a name in lower case. */
  get(name: string): string | undefined {
    const at = this.#names.indexOf(name);
    return at < 0 ? undefined : this.#values[at];
  }

  /** All values of a name in lower case. */
  all(name: string): string[] {
    return this.#values.filter((_, i) => this.#names[i] === name);
  }

  /**
   * Appends; false where the text is not allowed in a header or the map is full. A pseudo-header that is
   * there already is joined with a comma, as the reference proxy does.
   */
  add(name: string, value: string): boolean {
    const key = name.toLowerCase();
    if (!this.#fits(key, value, 0)) return false;
    if (key.charCodeAt(0) === 0x3a) {
      const at = this.#names.indexOf(key);
      if (at >= 0) {
        const joined = `${this.#values[at]!},${value}`;
        this.#bytes += joined.length - this.#values[at]!.length;
        this.#values[at] = joined;
        return true;
      }
    }
    this.#names.push(key);
    this.#values.push(value);
    this.#bytes += key.length + value.length;
    return true;
  }

  /** Leaves exactly one pair of that name, at the place of the first; false as for `add`. */
  set(name: string, value: string): boolean {
    const key = name.toLowerCase();
    const at = this.#names.indexOf(key);
    if (at < 0) return this.add(key, value);
    const old = this.#values[at]!;
    if (!this.#fits("", value, old.length)) return false;
    this.#values[at] = value;
    this.#bytes += value.length - old.length;
    for (let i = this.#names.length - 1; i > at; i--) if (this.#names[i] === key) this.#drop(i);
    return true;
  }

  remove(name: string): void {
    const key = name.toLowerCase();
    for (let i = this.#names.length - 1; i >= 0; i--) if (this.#names[i] === key) this.#drop(i);
  }

  pairs(): Pair[] {
    return this.#names.map((name, i) => [name, this.#values[i]!]);
  }

  nameAt(index: number): string {
    return this.#names[index]!;
  }

  valueAt(index: number): string {
    return this.#values[index]!;
  }

  #fits(name: string, value: string, freed: number): boolean {
    if (this.#bytes - freed + name.length + value.length > caps.headerMapBytes) return false;
    if (name.length > 0 && this.#names.length >= caps.headerMapCount) return false;
    return isHeaderText(name) && isHeaderText(value);
  }

  #drop(index: number): void {
    this.#bytes -= this.#names[index]!.length + this.#values[index]!.length;
    this.#names.splice(index, 1);
    this.#values.splice(index, 1);
  }
}
