// Decodes one instruction of a function body after another into the fields of one object, which is reused. It
// checks encodings and the opcode allow-list; what the instructions mean together is the walker's matter.
import { fail } from "../errors/failure.ts";
import { BLOCK_EMPTY, EXTERNREF, FUNCREF, valueTypes } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import { type Immediate, OPCODE_SPACE, opcodes, refusedFeature } from "../spec/opcodes.ts";

const immediates: readonly Immediate[] = [
  "none",
  "block",
  "label",
  "func",
  "local",
  "global",
  "table",
  "data",
  "elem",
  "labels",
  "indirect",
  "types",
  "memarg",
  "memory",
  "i32",
  "i64",
  "f32",
  "f64",
  "reftype",
  "data-memory",
  "memory-memory",
  "elem-table",
  "table-table",
  "v128",
  "shuffle",
  "lane",
  "memarg-lane",
];
/** Immediate kinds by dense code, as numbers in the order of `immediates`. */
const UNKNOWN = 255;
const KIND_OF = new Uint8Array(OPCODE_SPACE).fill(UNKNOWN);
for (const row of opcodes) KIND_OF[row.code] = immediates.indexOf(row.imm);
const K = Object.fromEntries(immediates.map((name, i) => [name, i])) as Record<Immediate, number>;
const K_NONE = K.none;
const K_BLOCK = K.block;
/** Kinds that are one index stand together: label, func, local, global, table, data, elem. */
const K_INDEX_FIRST = K.label;
const K_INDEX_LAST = K.elem;
const K_LABELS = K.labels;
const K_INDIRECT = K.indirect;
const K_TYPES = K.types;
const K_MEMARG = K.memarg;
const K_MEMORY = K.memory;
const K_I32 = K.i32;
const K_I64 = K.i64;
const K_F32 = K.f32;
const K_F64 = K.f64;
const K_REFTYPE = K.reftype;
const K_DATA_MEMORY = K["data-memory"];
const K_MEMORY_MEMORY = K["memory-memory"];
const K_ELEM_TABLE = K["elem-table"];
const K_TABLE_TABLE = K["table-table"];
const K_V128 = K.v128;
const K_SHUFFLE = K.shuffle;
const K_LANE = K.lane;
const K_MEMARG_LANE = K["memarg-lane"];

const isValueType = new Uint8Array(256);
for (const row of valueTypes) isValueType[row.byte] = 1;

const EMPTY = new Uint8Array(0);

export class InstructionReader {
  bytes: Uint8Array = EMPTY;
  pos = 0;
  end = 0;
  /** Function index, for messages. */
  func = 0;

  /** Offset of the current instruction, and its dense code. */
  at = 0;
  code = 0;
  /** First and second immediate: label, function, type, local, global, table, segment, block type. */
  a = 0;
  b = 0;
  /** Whether an immediate was longer than needed. */
  padded = false;
  /** Targets of `br_table`, the default last. */
  targets = new Uint32Array(64);
  targetCount = 0;

  where(): { at: "bytes"; offset: number; section: string; func: number } {
    return { at: "bytes", offset: this.at, section: "code", func: this.func };
  }

  protected checkValueType(type: number): void {
    if (isValueType[type] === 1) return;
    if (type === EXTERNREF) fail("wasm-feature", { feature: "externref" }, this.where());
    if (type >= 0x60 && type <= 0x74)
      fail("wasm-feature", { feature: "typed references" }, this.where());
    fail("wasm-malformed", { what: "a type", expected: "a value type", found: type }, this.where());
  }

  protected byte(): number {
    if (this.pos >= this.end) this.truncated();
    return this.bytes[this.pos++]!;
  }

  private truncated(): never {
    return fail("wasm-truncated", { what: "a function body" }, this.where());
  }

  protected u32(): number {
    const first = this.pos < this.end ? this.bytes[this.pos]! : 0x80;
    if (first < 0x80) {
      this.pos++;
      return first;
    }
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) break;
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) this.padded = true;
        return result >>> 0;
      }
    }
    return fail("wasm-leb", { what: "an immediate", bits: 32 }, this.where());
  }

  /** Steps over a signed LEB128 of `bits` bits. */
  private signed(bits: number): void {
    const bytes = this.bytes;
    const start = this.pos;
    const longest = bits === 32 ? 5 : 10;
    let pos = start;
    while (pos < this.end && bytes[pos]! >= 0x80) pos++;
    if (pos >= this.end) this.truncated();
    const last = bytes[pos]!;
    this.pos = pos + 1;
    const size = pos - start;
    if (size === 0) return;
    if (size < longest - 1) {
      const sign = bytes[pos - 1]! & 0x40;
      if ((last === 0 && sign === 0) || (last === 0x7f && sign !== 0)) this.padded = true;
      return;
    }
    this.longest(size === longest - 1, last, bits - 7 * (longest - 1), bytes[pos - 1]! & 0x40);
  }

  /** The longest form: of the last byte only `used` bits are payload, the others repeat the sign. */
  private longest(fits: boolean, last: number, used: number, sign: number): void {
    const high = last >> (used - 1);
    const ones = 0x7f >> (used - 1);
    if (!fits || (high !== 0 && high !== ones)) {
      fail("wasm-leb", { what: "a constant", bits: used === 1 ? 64 : 32 }, this.where());
    }
    if ((last === 0 && sign === 0) || (last === 0x7f && sign !== 0)) this.padded = true;
  }

  private skip(size: number): void {
    this.pos += size;
    if (this.pos > this.end) this.truncated();
  }

  /** Decodes one instruction, live or not, into the fields. The common kinds first: this is the hot loop. */
  protected decode(): number {
    const bytes = this.bytes;
    let pos = this.pos;
    this.at = pos;
    this.padded = false;
    if (pos >= this.end) this.truncated();
    const code = bytes[pos++]!;
    const kind = KIND_OF[code]!;
    if (kind === K_NONE && code < 0xfb) {
      this.pos = pos;
      this.code = code;
      return code;
    }
    if (kind === K_MEMARG) {
      const align = bytes[pos]!;
      const offset = bytes[pos + 1]!;
      if (align <= 4 && offset < 0x80) {
        this.pos = pos + 2;
        if (this.pos > this.end) this.truncated();
        this.a = align;
        this.b = offset;
        this.code = code;
        return code;
      }
    } else if (kind <= K_INDEX_LAST && kind >= K_INDEX_FIRST) {
      const index = bytes[pos]!;
      if (index < 0x80) {
        this.pos = pos + 1;
        if (this.pos > this.end) this.truncated();
        this.a = index;
        this.code = code;
        return code;
      }
    } else if (kind === K_I32 || kind === K_I64) {
      this.pos = pos;
      this.code = code;
      this.signed(kind === K_I32 ? 32 : 64);
      return code;
    }
    this.pos = pos;
    return this.decodeSlow(code);
  }

  private decodeSlow(first: number): number {
    const code = first >= 0xfb ? this.prefixed(first) : first;
    this.code = code;
    const kind = KIND_OF[code]!;
    switch (kind) {
      case K_NONE:
        break;
      case K_BLOCK:
        this.blockType();
        break;
      case K_LABELS:
        this.labels();
        break;
      case K_MEMARG:
        this.memarg();
        break;
      case K_F32:
        this.skip(4);
        break;
      case K_F64:
        this.skip(8);
        break;
      case K_INDIRECT:
      case K_ELEM_TABLE:
      case K_TABLE_TABLE:
        this.a = this.u32();
        this.b = this.u32();
        break;
      case K_MEMORY:
        this.memory();
        break;
      case K_MEMORY_MEMORY:
        this.memory();
        this.memory();
        break;
      case K_DATA_MEMORY:
        this.a = this.u32();
        this.memory();
        break;
      case K_TYPES: {
        const count = this.u32();
        if (count !== 1) {
          fail(
            "wasm-malformed",
            { what: "select", expected: "one type", found: count },
            this.where(),
          );
        }
        this.checkValueType(this.byte());
        break;
      }
      case K_REFTYPE:
        if (this.byte() !== FUNCREF) {
          fail("wasm-feature", { feature: "references other than funcref" }, this.where());
        }
        break;
      case K_V128:
      case K_SHUFFLE:
        this.skip(16);
        break;
      case K_LANE:
        this.skip(1);
        break;
      case K_MEMARG_LANE:
        this.memarg();
        this.skip(1);
        break;
      case UNKNOWN:
        this.refuse(code);
        break;
      default:
        this.a = this.u32();
    }
    return code;
  }

  private prefixed(prefix: number): number {
    if (prefix === 0xfb || prefix > 0xfd) return prefix;
    const sub = this.u32();
    if (prefix === 0xfc) return sub < 0x100 ? 0x100 + sub : 0x1ff;
    return sub < 0x200 ? 0x200 + sub : 0x3ff;
  }

  /** Offset of the current instruction's immediates, after its opcode. */
  get operands(): number {
    let at = this.at + 1;
    if (this.code < 0x100) return at;
    while (this.bytes[at]! >= 0x80) at++;
    return at + 1;
  }

  private refuse(code: number): never {
    const feature = refusedFeature(code);
    if (feature !== undefined) fail("wasm-feature", { feature }, this.where());
    const bytes = this.bytes.subarray(this.at, this.pos);
    const opcode = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    return fail("wasm-opcode", { opcode: `0x${opcode}` }, this.where());
  }

  /** Sets `a` to the type index, or to -1 − the value type, or to -1 − 0x40 for none. */
  private blockType(): void {
    const byte = this.pos < this.end ? this.bytes[this.pos]! : 0;
    if (byte === BLOCK_EMPTY || isValueType[byte] === 1) {
      this.pos++;
      this.a = -1 - byte;
    } else if (byte < 0x40 || byte >= 0x80) {
      this.positive33();
    } else {
      this.pos++;
      this.checkValueType(byte);
    }
  }

  /** A type index as a signed LEB128 of 33 bits. */
  private positive33(): void {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if ((byte & 0x40) !== 0) break;
        if (byte === 0 && shift > 0 && result < 2 ** (shift - 1)) this.padded = true;
        this.a = result;
        return;
      }
    }
    fail("wasm-leb", { what: "a block's type", bits: 33 }, this.where());
  }

  private memarg(): void {
    this.a = this.u32();
    if (this.a > 5) {
      const feature = "multiple memories";
      if (this.a >= 64) fail("wasm-feature", { feature }, this.where());
      fail(
        "wasm-malformed",
        { what: "an alignment", expected: "0 to 4", found: this.a },
        this.where(),
      );
    }
    this.b = this.u32();
  }

  private memory(): void {
    if (this.byte() !== 0) fail("wasm-feature", { feature: "multiple memories" }, this.where());
  }

  private labels(): void {
    const count = this.u32() + 1;
    if (count - 1 > limits.brTableTargets || count > this.end - this.pos) {
      const limit = limits.brTableTargets;
      fail("wasm-limit", { what: "targets of br_table", found: count - 1, limit }, this.where());
    }
    if (count > this.targets.length) this.targets = new Uint32Array(count * 2);
    this.targetCount = count;
    for (let i = 0; i < count; i++) {
      this.targets[i] = this.u32();
    }
    this.a = this.targets[count - 1]!;
  }
}
