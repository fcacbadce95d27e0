// Decodes a function body into a list of instructions, each with its price: the interpreter's own reading of
// the opcode table and of the page on costs (docs/containment.md), shared with nobody.
import { BLOCK_EMPTY, V128 } from "../../src/spec/binary.ts";
import type { CostTable } from "../../src/spec/costs.ts";
import { type Opcode, opcodeRow } from "../../src/spec/opcodes.ts";
import { type FuncType, funcImports, funcTypeIndex, type Module } from "../../src/wasm/module.ts";

export interface Instruction {
  readonly code: number;
  readonly name: string;
  /** Units that executing it costs, arity included. */
  readonly cost: number;
  /** Indices, label, or memory offset, in the order of the binary. */
  readonly a: number;
  readonly b: number;
  /** A constant's value. */
  readonly value: number | bigint;
  /** Bytes of a vector or of lanes. */
  readonly bytes: Uint8Array;
  /** Targets of a br_table, the default last. */
  readonly labels: readonly number[];
  /** Values that a construct takes and gives. */
  readonly params: number;
  readonly results: number;
  /** Of a construct: where its `end` is, and where its `else`, or -1. */
  end: number;
  else: number;
  /** Operands of an instruction that only computes. */
  readonly operands: number;
}

export interface Body {
  readonly type: FuncType;
  /** Types of the declared locals. */
  readonly locals: readonly number[];
  readonly code: readonly Instruction[];
  /** Units that entering costs. */
  readonly entry: number;
}

class Bytes {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  u8(): number {
    return this.#bytes[this.at++]!;
  }

  u32(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  }

  signed(): bigint {
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.u8();
      value |= BigInt(byte & 127) << shift;
      shift += 7n;
      if (byte < 128) return (byte & 64) === 0 ? value : value - (1n << shift);
    }
  }

  raw(size: number): Uint8Array {
    this.at += size;
    return this.#bytes.slice(this.at - size, this.at);
  }
}

interface Open {
  readonly at: number;
  /** Values that a branch to it carries. */
  readonly arity: number;
}

/** Immediates as they come; what an instruction lacks stays at its neutral value. */
interface Immediates {
  a: number;
  b: number;
  value: number | bigint;
  bytes: Uint8Array;
  labels: number[];
}

const NOTHING = new Uint8Array();

function immediates(row: Opcode, from: Bytes): Immediates {
  const got: Immediates = { a: 0, b: 0, value: 0, bytes: NOTHING, labels: [] };
  switch (row.imm) {
    case "block":
      got.a = Number(from.signed());
      break;
    case "labels":
      for (let left = from.u32() + 1; left > 0; left--) got.labels.push(from.u32());
      break;
    case "types":
      from.raw(from.u32());
      break;
    case "i32":
      got.value = Number(from.signed());
      break;
    case "i64":
      got.value = from.signed();
      break;
    case "f32":
      got.value = new DataView(from.raw(4).buffer).getInt32(0, true);
      break;
    case "f64":
      got.value = new DataView(from.raw(8).buffer).getBigInt64(0, true);
      break;
    case "v128":
    case "shuffle":
      got.bytes = from.raw(16);
      break;
    case "lane":
      got.bytes = from.raw(1);
      break;
    case "memarg":
    case "memarg-lane":
      from.u32();
      got.a = from.u32();
      if (row.imm === "memarg-lane") got.bytes = from.raw(1);
      break;
    case "reftype":
      from.u8();
      break;
    case "none":
      break;
    default:
      got.a = from.u32();
      if (/^(indirect|data-memory|memory-memory|elem-table|table-table)$/.test(row.imm))
        got.b = from.u32();
  }
  return got;
}

/** Parameters and results of a block type as the binary has it. */
function blockSignature(module: Module, type: number): { params: number; results: number } {
  if (type >= 0) {
    const { params, results } = module.types[type]!;
    return { params: params.length, results: results.length };
  }
  return { params: 0, results: (type & 0x7f) === BLOCK_EMPTY ? 0 : 1 };
}

/** Reads bodies of one module; prices by one table. */
export class BodyReader {
  readonly #module: Module;
  readonly #costs: CostTable;
  readonly #imports: ReturnType<typeof funcImports>;

  constructor(module: Module, costs: CostTable) {
    this.#module = module;
    this.#costs = costs;
    this.#imports = funcImports(module);
  }

  #typeOf(func: number): FuncType {
    return this.#module.types[funcTypeIndex(this.#module, this.#imports, func)]!;
  }

  #locals(from: Bytes): { locals: number[]; entry: number } {
    const locals: number[] = [];
    for (let groups = from.u32(); groups > 0; groups--) {
      const count = from.u32();
      const type = from.u8();
      for (let i = 0; i < count; i++) locals.push(type);
    }
    const slots = locals.reduce((sum, type) => sum + (type === V128 ? 2 : 1), 0);
    return { locals, entry: Math.ceil(slots / this.#costs.localsPerUnit) };
  }

  /** What arity or parameters add to the flat price. */
  #added(row: Opcode, got: Immediates, open: readonly Open[], type: FuncType): number {
    switch (row.name) {
      case "call":
        return this.#typeOf(got.a).params.length;
      case "call_indirect":
        return this.#module.types[got.a]!.params.length;
      case "return":
        return type.results.length;
      case "br":
      case "br_if":
        return open.at(-1 - got.a)!.arity;
      case "br_table":
        return open.at(-1 - got.labels.at(-1)!)!.arity;
      default:
        return 0;
    }
  }

  /** The body of the defined function number `i`. */
  read(i: number): Body {
    const { bodies, types, funcs } = this.#module;
    const type = types[funcs[i]!]!;
    const from = new Bytes(bodies.code, bodies.start[i]!);
    const { locals, entry } = this.#locals(from);
    const code: Instruction[] = [];
    const open: Open[] = [{ at: -1, arity: type.results.length }];
    while (from.at < bodies.end[i]!) {
      let number = from.u8();
      if (number === 0xfc || number === 0xfd)
        number = (number === 0xfc ? 0x100 : 0x200) + from.u32();
      const row = opcodeRow(number);
      if (row === undefined) throw new Error(`no opcode 0x${number.toString(16)}`);
      const got = immediates(row, from);
      const cost = this.#costs.flat[number]! + this.#added(row, got, open, type);
      const signature =
        row.imm === "block" ? blockSignature(this.#module, got.a) : { params: 0, results: 0 };
      const operands = row.sig === "*" ? 0 : row.sig.indexOf(":");
      code.push({
        ...got,
        ...signature,
        code: number,
        name: row.name,
        cost,
        operands,
        end: -1,
        else: -1,
      });
      if (row.imm === "block") {
        open.push({
          at: code.length - 1,
          arity: row.name === "loop" ? signature.params : signature.results,
        });
      } else if (row.name === "else") code[open.at(-1)!.at]!.else = code.length - 1;
      else if (row.name === "end") {
        const { at } = open.pop()!;
        if (at < 0) continue;
        code[at]!.end = code.length - 1;
        const { else: other } = code[at]!;
        if (other >= 0) code[other]!.end = code.length - 1;
      }
    }
    return { type, locals, code, entry };
  }
}
