// A growing byte buffer with the encodings that WebAssembly uses. It only ever appends; LEB128 is always
// written in its shortest form.

export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacity bytes to reserve at first; the buffer doubles as needed. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  #reserve(more: number): void {
    const need = this.#length + more;
    if (need <= this.#bytes.length) return;
    const bigger = new Uint8Array(Math.max(need, Math.ceil(this.#bytes.length * 1.5)));
    bigger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bigger;
  }

  u8(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Unsigned LEB128 of a value below 2^32. */
  u32(value: number): void {
    let rest = value >>> 0;
    if (rest < 0x80) {
      this.u8(rest);
      return;
    }
    this.#reserve(5);
    const bytes = this.#bytes;
    let at = this.#length;
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  /** Signed LEB128 of an integer within ±2^53. */
  signed(value: number): void {
    let rest = value;
    for (;;) {
      const low = ((rest % 128) + 128) % 128;
      rest = (rest - low) / 128;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.u8(low);
        return;
      }
      this.u8(low | 0x80);
    }
  }

  /** Signed LEB128 of a 64-bit integer. */
  signed64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) {
        this.u8(low);
        return;
      }
      this.u8(low | 0x80);
    }
  }

  /** Raw bytes; large inputs are copied once. */
  raw(source: ArrayLike<number> & Iterable<number>): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  /** The bytes `source[from..to)`; short runs avoid the cost of a view. */
  slice(source: Uint8Array, from: number, to: number): void {
    const size = to - from;
    if (size <= 0) return;
    this.#reserve(size);
    if (size < 24) {
      const bytes = this.#bytes;
      let at = this.#length;
      for (let i = from; i < to; i++) bytes[at++] = source[i]!;
    } else {
      this.#bytes.set(source.subarray(from, to), this.#length);
    }
    this.#length += size;
  }

  /** A length-prefixed UTF-8 string. */
  name(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.u32(encoded.length);
    this.raw(encoded);
  }

  /** A length-prefixed copy of another writer's bytes. */
  sized(inner: Writer): void {
    this.u32(inner.length);
    this.raw(inner.view());
  }

  /** The bytes written so far, without a copy: valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was written; keeps the memory. */
  clear(): void {
    this.#length = 0;
  }
}

/** Number of bytes of an unsigned LEB128. */
export function u32Size(value: number): number {
  let size = 1;
  for (let rest = value >>> 7; rest !== 0; rest >>>= 7) size++;
  return size;
}
