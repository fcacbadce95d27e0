// Reads primitive encodings from bytes, with the place in every error. It never reads past `end`, and never
// allocates on a count's word alone.
import { fail } from "../errors/failure.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Reader {
  readonly bytes: Uint8Array;
  pos: number;
  end: number;
  /** Name of the section being read, for messages. */
  section: string;

  constructor(bytes: Uint8Array, pos = 0, end = bytes.length, section = "header") {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
    this.section = section;
  }

  where(offset = this.pos): { at: "bytes"; offset: number; section: string } {
    return { at: "bytes", offset, section: this.section };
  }

  u8(what: string): number {
    if (this.pos >= this.end) fail("wasm-truncated", { what }, this.where());
    return this.bytes[this.pos++]!;
  }

  /** An unsigned LEB128 below 2^32; longer forms than needed are read, up to five bytes. */
  u32(what: string): number {
    const start = this.pos;
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8(what);
      if (shift === 28 && byte > 0x0f) break;
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
    return fail("wasm-leb", { what, bits: 32 }, this.where(start));
  }

  /** A signed LEB128 of 32 bits. */
  s32(what: string): number {
    const start = this.pos;
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8(what);
      result |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (shift < 28) return (result << (25 - shift)) >> (25 - shift);
      // Of the fifth byte, bits 3 to 6 repeat the sign.
      const high = byte >> 3;
      if (high === 0 || high === 0x0f) return result;
      break;
    }
    return fail("wasm-leb", { what, bits: 32 }, this.where(start));
  }

  /** A signed LEB128 of up to `bits` bits. */
  s64(what: string, bits = 64): bigint {
    const start = this.pos;
    const longest = Math.ceil(bits / 7);
    let result = 0n;
    for (let i = 0; i < longest; i++) {
      const byte = this.u8(what);
      result |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) {
        const value = BigInt.asIntN(7 * (i + 1), result);
        if (BigInt.asIntN(bits, value) === value) return BigInt.asIntN(bits, value);
        break;
      }
    }
    return fail("wasm-leb", { what, bits }, this.where(start));
  }

  /** A count of entries that each take at least `least` bytes: refused before anyone allocates for it. */
  count(what: string, limit: number, least = 1): number {
    const start = this.pos;
    const found = this.u32(what);
    if (found > limit) fail("wasm-limit", { what, found, limit }, this.where(start));
    if (found * least > this.end - this.pos) fail("wasm-truncated", { what }, this.where(start));
    return found;
  }

  /** A view of the next `size` bytes. */
  view(size: number, what: string): Uint8Array {
    if (size > this.end - this.pos) fail("wasm-truncated", { what }, this.where());
    const from = this.pos;
    this.pos += size;
    return this.bytes.subarray(from, this.pos);
  }

  /** A length-prefixed UTF-8 string of at most `limit` bytes. */
  name(what: string, limit: number): string {
    const start = this.pos;
    const size = this.count(what, limit);
    const bytes = this.view(size, what);
    try {
      return decoder.decode(bytes);
    } catch {
      return fail("wasm-utf8", { what }, this.where(start));
    }
  }
}
