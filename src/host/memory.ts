// The guest's linear memory behind checked reads and writes: no method trusts an address or a length from
// the guest, none throws for a bad one. The invariant: the views are those of the memory's present buffer
// whenever `sync` has run since guest code last ran.
import { PAGE } from "../spec/binary.ts";
import { caps } from "./caps.ts";
import type { WasmMemory } from "./engine.ts";

/** Node's own coders for a range, quicker than `toString` with its argument checks. */
interface FastBuffer extends Buffer {
  latin1Slice(from: number, to: number): string;
  utf8Slice(from: number, to: number): string;
  latin1Write(text: string, at: number, length: number): number;
}

const NOTHING = new Uint8Array(0);

/** Strings shorter than this are written by a plain loop, which beats a call into native code. */
const SHORT_WRITE = 24;
/** The same for reading, where a longer text would be put together from pieces. */
const SHORT_READ = 10;
/** Texts up to this length are remembered by their place: plugins pass the same names again and again. */
const REMEMBERED = 32;
/** Places that are remembered; a power of two. */
const PLACES = 256;

export class GuestMemory {
  bytes: Uint8Array = NOTHING;
  #view = new DataView(NOTHING.buffer);
  #buffer = Buffer.from(NOTHING.buffer) as FastBuffer;
  #memory: WasmMemory | null = null;
  readonly #texts: string[] = new Array<string>(PLACES).fill("");

  attach(memory: WasmMemory): void {
    this.#memory = memory;
    this.refresh();
  }

  get attached(): boolean {
    return this.#memory !== null;
  }

  /** After guest code ran: growth has detached the old buffer, which then reads as empty. */
  sync(): void {
    if (this.bytes.length === 0) this.refresh();
  }

  refresh(): void {
    if (this.#memory === null) return;
    const buffer = this.#memory.buffer;
    this.bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#buffer = Buffer.from(buffer) as FastBuffer;
  }

  /** Pages of 64 KiB. */
  get pages(): number {
    this.sync();
    return this.bytes.length / PAGE;
  }

  has(ptr: number, size: number): boolean {
    return (ptr >>> 0) + (size >>> 0) <= this.bytes.length;
  }

  /** A view, not a copy: gone as soon as the guest runs. The caller has asked `has`. */
  slice(ptr: number, size: number): Uint8Array {
    const from = ptr >>> 0;
    return this.bytes.subarray(from, from + (size >>> 0));
  }

  /** A copy that outlives the call. The caller has asked `has`. */
  copy(ptr: number, size: number): Uint8Array {
    const from = ptr >>> 0;
    return this.bytes.slice(from, from + (size >>> 0));
  }

  /** One character a byte, at most `caps.textBytes`. The caller has asked `has`. */
  latin1(ptr: number, size: number): string {
    const from = ptr >>> 0;
    const length = Math.min(size >>> 0, caps.textBytes);
    if (length > REMEMBERED) return this.#buffer.latin1Slice(from, from + length);
    const place = (from ^ (length * 31)) & (PLACES - 1);
    const known = this.#texts[place]!;
    if (known.length === length && this.#holds(from, known)) return known;
    const text = this.#read(from, length);
    this.#texts[place] = text;
    return text;
  }

  #holds(from: number, text: string): boolean {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) {
      if (bytes[from + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  #read(from: number, length: number): string {
    if (length >= SHORT_READ) return this.#buffer.latin1Slice(from, from + length);
    let text = "";
    for (let i = from; i < from + length; i++) text += String.fromCharCode(this.bytes[i]!);
    return text;
  }

  /** Malformed bytes become U+FFFD. The caller has asked `has`. */
  utf8(ptr: number, size: number): string {
    const from = ptr >>> 0;
    return this.#buffer.utf8Slice(from, from + Math.min(size >>> 0, caps.textBytes));
  }

  u32(ptr: number): number {
    return this.#view.getUint32(ptr >>> 0, true);
  }

  setU32(ptr: number, value: number): void {
    this.#view.setUint32(ptr >>> 0, value, true);
  }

  setU16(ptr: number, value: number): void {
    this.#view.setUint16(ptr >>> 0, value, true);
  }

  setU64(ptr: number, value: bigint): void {
    this.#view.setBigUint64(ptr >>> 0, BigInt.asUintN(64, value), true);
  }

  /** The caller has asked `has`. */
  write(ptr: number, data: Uint8Array): void {
    this.bytes.set(data, ptr >>> 0);
  }

  /** One byte a character. The caller has asked `has`. */
  writeLatin1(ptr: number, text: string): void {
    const at = ptr >>> 0;
    if (text.length >= SHORT_WRITE) {
      this.#buffer.latin1Write(text, at, text.length);
      return;
    }
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
  }
}
