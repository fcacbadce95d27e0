// Bytes of a body that are held back: they grow at both ends, are replaced by the plugin, and are read as one
// piece. A single piece that only passes through is never copied: it is adopted. Growth at either end doubles
// the room there, so that a plugin can't make the host copy a large body for every byte that it adds.
// The invariant: an adopted array is read and never written. Knows nothing of streams.

const EMPTY = new Uint8Array(0);

export class BodyBuffer {
  #bytes: Uint8Array = EMPTY;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** A view, valid until the next change. */
  view(): Uint8Array {
    if (this.#start === 0 && this.#end === this.#bytes.length) return this.#bytes;
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Hands the content over, without a copy, and forgets it. */
  take(): Uint8Array {
    const bytes = this.view();
    this.clear();
    return bytes;
  }

  /** As `append`, for bytes that nobody will change any more: an empty buffer keeps them as they are. */
  adopt(data: Uint8Array): void {
    if (this.length > 0) {
      this.append(data);
      return;
    }
    this.#bytes = data;
    this.#start = 0;
    this.#end = data.length;
  }

  append(data: Uint8Array): void {
    if (this.#end + data.length > this.#bytes.length) {
      this.#move(this.#start, Math.max(data.length, this.length));
    }
    this.#bytes.set(data, this.#end);
    this.#end += data.length;
  }

  prepend(data: Uint8Array): void {
    if (data.length > this.#start) {
      this.#move(Math.max(data.length, this.length), this.#bytes.length - this.#end);
    }
    this.#start -= data.length;
    this.#bytes.set(data, this.#start);
  }

  /** Takes that many bytes away at the start; the caller knows that there are so many. */
  drop(count: number): void {
    this.#start += count;
  }

  replace(data: Uint8Array): void {
    this.clear();
    this.append(data);
  }

  clear(): void {
    this.#bytes = EMPTY;
    this.#start = 0;
    this.#end = 0;
  }

  /** The content in a new array with that much room before and after it. */
  #move(before: number, after: number): void {
    const grown = new Uint8Array(before + this.length + after);
    grown.set(this.view(), before);
    this.#end = before + this.length;
    this.#start = before;
    this.#bytes = grown;
  }
}
