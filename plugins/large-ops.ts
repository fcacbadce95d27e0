// The instructions that generated bodies are made of: codes by name and by stack effect, all read from the
// table of opcodes, and how often compilers use which. No logic but look-up.
import { F64, I32, I64 } from "../src/spec/binary.ts";
import { opcodes } from "../src/spec/opcodes.ts";

/** The value types used, by the letters of the opcode table. */
export type Letter = "i" | "I" | "F";

export const valueTypeOf: Readonly<Record<Letter, number>> = { i: I32, I: I64, F: F64 };

type OpcodeName = (typeof opcodes)[number]["name"];

const codes = new Map<string, number>(opcodes.map((row) => [row.name, row.code]));

function code(name: OpcodeName): number {
  return codes.get(name)!;
}

/** Codes of all plain instructions with a stack effect, e.g. `ii:i`; the table decides. */
export const bySig = new Map<string, number[]>();
for (const row of opcodes) {
  if (row.imm !== "none" || !/^[iIF]+:[iIF]$/.test(row.sig)) continue;
  bySig.set(row.sig, [...(bySig.get(row.sig) ?? []), row.code]);
}

// biome-ignore format: a table
export const op = {
  block: code("block"), loop: code("loop"), if: code("if"), else: code("else"), end: code("end"),
  br: code("br"), brIf: code("br_if"), brTable: code("br_table"), return: code("return"),
  call: code("call"), callIndirect: code("call_indirect"), drop: code("drop"), select: code("select"),
  get: code("local.get"), set: code("local.set"), tee: code("local.tee"),
  globalGet: code("global.get"), globalSet: code("global.set"),
  i32: code("i32.const"), i64: code("i64.const"), f64: code("f64.const"),
  add: code("i32.add"), sub: code("i32.sub"), and: code("i32.and"),
  copy: code("memory.copy"), fill: code("memory.fill"),
};

/** What compilers use most, by type. */
export const common: Readonly<Record<Letter, readonly number[]>> = {
  i: [op.add, op.add, op.sub, op.and, code("i32.shl"), code("i32.or"), code("i32.mul")],
  I: [code("i64.add"), code("i64.sub"), code("i64.and"), code("i64.shl"), code("i64.or")],
  F: [code("f64.add"), code("f64.mul"), code("f64.sub")],
};

export const loads: Readonly<Record<Letter, readonly [number, number][]>> = {
  i: [
    [code("i32.load"), 2],
    [code("i32.load"), 2],
    [code("i32.load8_u"), 0],
    [code("i32.load16_u"), 1],
  ],
  I: [
    [code("i64.load"), 3],
    [code("i64.load32_u"), 2],
  ],
  F: [[code("f64.load"), 3]],
};

export const stores: Readonly<Record<Letter, readonly [number, number][]>> = {
  i: [
    [code("i32.store"), 2],
    [code("i32.store"), 2],
    [code("i32.store8"), 0],
  ],
  I: [[code("i64.store"), 3]],
  F: [[code("f64.store"), 3]],
};
