// Reads the bytes of a module, value after value, and keeps what is found. The invariants: numbers
// are in their shortest LEB128 form, nothing is read past `end`, and hostile bytes end by a return:
// STOP gives up what is being read, HALT the module; neither leaves src/verify.
import type { Args, Code } from "../errors/catalogue.ts";
import { type Finding, finding } from "../errors/failure.ts";
import { valueTypes } from "../spec/binary.ts";

/** After this many findings a module is not read further. */
const ENOUGH = 100;
export const STOP = Symbol("stop");
export const HALT = Symbol("halt");

/** 1 for the bytes that are a value type inside the gate. */
export const isValueType = new Uint8Array(256);
for (const { byte } of valueTypes) isValueType[byte] = 1;

/** Keeps a byte order mark: a name that begins with one is another name. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Scanner {
  readonly bytes: Uint8Array;
  readonly findings: Finding[] = [];
  /** While true, findings are dropped: a later walk over the same bytes reports them. */
  muted = false;
  pos = 0;
  end: number;
  /** End of the section being read. */
  sectionEnd = 0;
  /** Name of the section being read and the function (or -1), for findings. */
  section = "";
  func = -1;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Records a finding at a byte of the module and goes on. */
  add(code: Code, args: Args, offset = this.pos, func = this.func, section = this.section): void {
    if (this.muted) return;
    const place = { at: "bytes", offset, section } as const;
    this.findings.push(finding(code, "error", args, func < 0 ? place : { ...place, func }));
    if (this.findings.length >= ENOUGH) throw HALT;
  }

  /** Records a finding and gives up the part that is being read. */
  stop(code: Code, args: Args, offset = this.pos): never {
    this.add(code, args, offset);
    throw STOP;
  }

  /** Runs one part of the work; false when it gave up. */
  attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (signal) {
      if (signal === STOP) return false;
      throw signal;
    }
  }

  malformed(what: string, offset = this.pos): never {
    return this.stop("verify-malformed", { what }, offset);
  }

  u8(): number {
    if (this.pos >= this.end) this.malformed("one more byte was expected here");
    return this.bytes[this.pos++]!;
  }

  /** An unsigned 32-bit number in its shortest form. */
  u32(): number {
    const start = this.pos;
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let scale = 0x80; ; scale *= 0x80) {
      const byte = this.u8();
      if (scale === 2 ** 28 && byte > 0x0f) this.malformed("a number has more than 32 bits", start);
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if (byte === 0) this.padded(start);
      return value;
    }
  }

  /** A signed number of `bits` bits in its shortest form; exact up to 53 bits, else rounded. */
  signed(bits: number): number {
    const start = this.pos;
    const first = this.u8();
    if (first < 0x80) return first < 0x40 ? first : first - 0x80;
    let before = first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (let left = bits - 7; ; left -= 7) {
      const byte = this.u8();
      if (left < 7) {
        const sign = 0x7f & ~((1 << (left - 1)) - 1);
        const top = byte & sign;
        if (byte > 0x7f || (top !== 0 && top !== sign)) {
          this.malformed(`a number has more than ${bits} bits`, start);
        }
      }
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) {
        if (byte === ((before & 0x40) === 0 ? 0 : 0x7f)) this.padded(start);
        return byte < 0x40 ? value : value - scale;
      }
      before = byte;
    }
  }

  /** The end of the number at `pos`: unsigned, or signed where `bits` are given. */
  skipNumber(pos: number, bits: number): number {
    this.pos = pos;
    void (bits > 0 ? this.signed(bits) : this.u32());
    return this.pos;
  }

  /** A count of things that take a byte each at least: no count can ask for more memory. */
  count(what: string, limit: number): number {
    const start = this.pos;
    const count = this.u32();
    this.limit(what, count, limit, start);
    if (count > this.end - this.pos) this.malformed(`${count} ${what} do not fit here`, start);
    return count;
  }

  /** Count of a vector section, which is never empty: a needless section is not canonical. */
  vector(what: string, limit: number): number {
    const count = this.count(what, limit);
    if (count === 0) this.stop("verify-canonical", { what: "an empty section" });
    return count;
  }

  /** Refuses a number above its limit. */
  limit(what: string, found: number, limit: number, offset = this.pos): void {
    if (found > limit) this.stop("verify-limits", { what, found, limit }, offset);
  }

  skip(length: number): void {
    if (length > this.end - this.pos) this.malformed(`${length} bytes do not fit here`);
    this.pos += length;
  }

  /** An index below the number of things there are. */
  index(what: string, below: number): number {
    const index = this.u32();
    if (index >= below) this.malformed(`there is no ${what} ${index}`);
    return index;
  }

  /** A value type inside the gate (A24). */
  valueType(): number {
    const byte = this.u8();
    if (isValueType[byte] === 1) return byte;
    return this.stop("verify-type", { found: `0x${byte.toString(16)}` }, this.pos - 1);
  }

  /** A name as text. */
  name(limit: number): string {
    const length = this.u32();
    this.limit("bytes of a name", length, limit);
    this.skip(length);
    return decoder.decode(this.bytes.subarray(this.pos - length, this.pos));
  }

  /** True when these bytes come next; they are then passed over. */
  eat(expected: ArrayLike<number>): boolean {
    const { bytes, pos } = this;
    if (expected.length > this.end - pos) return false;
    for (let i = 0; i < expected.length; i++) if (bytes[pos + i] !== expected[i]) return false;
    this.pos += expected.length;
    return true;
  }

  padded(start: number): never {
    this.stop("verify-canonical", { what: "a number with needless bytes" }, start);
  }
}
