// Verified content in memory, below a bound: what was not asked for longest goes first. Content that left is found again
// as long as an answer still holds it, so that many slow clients of one module share one copy of it.
import type { Digest } from "../net/digest.ts";

export class Memory {
  readonly #limit: number;
  /** The last one was used last. */
  readonly #kept = new Map<Digest, Uint8Array>();
  readonly #held = new Map<Digest, WeakRef<Uint8Array>>();
  #bytes = 0;

  /** Bytes that may be kept; what is larger than all of it is never kept, and with 0 nothing is found again. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(digest: Digest): Uint8Array | undefined {
    const kept = this.#kept.get(digest);
    if (kept === undefined) return this.#held.get(digest)?.deref();
    this.#kept.delete(digest);
    this.#kept.set(digest, kept);
    return kept;
  }

  /** Only for bytes that have this digest. */
  put(digest: Digest, bytes: Uint8Array): void {
    if (this.#limit === 0) return;
    this.#held.set(digest, new WeakRef(bytes));
    if (bytes.length > this.#limit) return;
    const before = this.#kept.get(digest);
    if (before !== undefined) this.#drop(digest, before);
    this.#kept.set(digest, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, content] of this.#kept) {
      if (this.#bytes <= this.#limit) break;
      this.#drop(oldest, content);
    }
    if (this.#held.size > 2 * this.#kept.size + 64) this.#sweep();
  }

  #drop(digest: Digest, bytes: Uint8Array): void {
    this.#kept.delete(digest);
    this.#bytes -= bytes.length;
  }

  #sweep(): void {
    for (const [digest, ref] of this.#held)
      if (ref.deref() === undefined) this.#held.delete(digest);
  }
}
