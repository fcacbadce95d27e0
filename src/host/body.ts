// Bytes of a body that are held back: they grow at the end, are replaced or prepended by the plugin, and are
// read as one piece. Knows nothing of streams.

const EMPTY = new Uint8Array(0);

export class BodyBuffer {
  #bytes: Uint8Array = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view, valid until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Copies the content and forgets it. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    this.clear();
    return bytes;
  }

  append(data: Uint8Array): void {
    const needed = this.#length + data.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.view());
      this.#bytes = grown;
    }
    this.#bytes.set(data, this.#length);
    this.#length = needed;
  }

  prepend(data: Uint8Array): void {
    const old = this.take();
    this.append(data);
    this.append(old);
  }

  replace(data: Uint8Array): void {
    this.clear();
    this.append(data);
  }

  clear(): void {
    this.#bytes = EMPTY;
    this.#length = 0;
  }
}
