// A function body of a hardened module as instructions that know where they lie: what mutations are cut from.
// It reads encodings only; what is a template, and what a mutation means, is for others.
import { opcodeRow } from "../../src/spec/opcodes.ts";
import { InstructionReader } from "../../src/wasm/instruction.ts";

export interface Instruction {
  readonly name: string;
  readonly code: number;
  /** Offsets from the start of the body: of the instruction, and of what follows it. */
  readonly at: number;
  readonly end: number;
  /** First and second immediate, where they are indices, labels or a block type. */
  readonly a: number;
  readonly b: number;
  /** A constant's value, of i32.const and i64.const. */
  readonly value: bigint;
}

export interface Body {
  readonly bytes: Uint8Array;
  /** Types of the declared locals, and how many groups they stand in. */
  readonly locals: readonly number[];
  readonly groups: number;
  readonly code: readonly Instruction[];
}

function signedAt(bytes: Uint8Array, from: number): bigint {
  let value = 0n;
  for (let at = from, shift = 0n; ; at++) {
    const byte = bytes[at]!;
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte < 128) return (byte & 64) === 0 ? value : value - (1n << shift);
  }
}

class Reader extends InstructionReader {
  read(bytes: Uint8Array): Body {
    this.bytes = bytes;
    this.pos = 0;
    this.end = bytes.length;
    const locals: number[] = [];
    const groups = this.u32();
    for (let left = groups; left > 0; left--) {
      const count = this.u32();
      const type = this.byte();
      for (let i = 0; i < count; i++) locals.push(type);
    }
    const code: Instruction[] = [];
    while (this.pos < this.end) {
      const dense = this.decode();
      const row = opcodeRow(dense)!;
      const constant = row.imm === "i32" || row.imm === "i64";
      code.push({
        name: row.name,
        code: dense,
        at: this.at,
        end: this.pos,
        a: this.a,
        b: this.b,
        value: constant ? signedAt(bytes, this.operands) : 0n,
      });
    }
    return { bytes, locals, groups, code };
  }
}

const reader = new Reader();

/** Reads a body (without its size). Throws a Failure where the bytes are not instructions. */
export function readBody(bytes: Uint8Array): Body {
  return reader.read(bytes);
}
