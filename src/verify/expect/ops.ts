// The opcode table turned into flat arrays for the walk: how an instruction is read and how it
// moves the operand stack. Derived from spec/opcodes.ts; states no fact of its own.
import { type Immediate, OPCODE_SPACE, type OpcodeName, op, opcodes } from "../../spec/opcodes.ts";

/** How the walk reads an instruction; OTHER, or outside the gate, has an effect of its own. */
export const SHAPE = { other: 0, plain: 1, local: 2, global: 3, const: 4, memarg: 5 } as const;

/** The shape by immediate; for constants the bits of the number, else the bytes at its end. */
const immediates: Partial<Record<Immediate, readonly [shape: number, extra: number]>> = {
  none: [SHAPE.plain, 0],
  local: [SHAPE.local, 0],
  global: [SHAPE.global, 0],
  i32: [SHAPE.const, 32],
  i64: [SHAPE.const, 64],
  memarg: [SHAPE.memarg, 0],
  "memarg-lane": [SHAPE.memarg, 1],
  f32: [SHAPE.plain, 4],
  f64: [SHAPE.plain, 8],
  v128: [SHAPE.plain, 16],
  shuffle: [SHAPE.plain, 16],
  lane: [SHAPE.plain, 1],
};

/** Operand effect of what has no fixed signature and no effect on control. */
const effects: Readonly<Record<string, number>> = {
  drop: -1,
  select: -2,
  "select t": -2,
  "local.get": 1,
  "local.set": -1,
  "local.tee": 0,
  "global.get": 1,
  "global.set": -1,
};

/** By dense code. */
export const shapes = new Uint8Array(OPCODE_SPACE);
export const extra = new Uint8Array(OPCODE_SPACE);
export const effect = new Int8Array(OPCODE_SPACE);

for (const { code, name, imm, sig } of opcodes) {
  const split = sig.indexOf(":");
  const moves = effects[name] ?? (split < 0 ? undefined : sig.length - 1 - 2 * split);
  const [shape, more] = immediates[imm] ?? [SHAPE.other, 0];
  shapes[code] = moves === undefined ? SHAPE.other : shape;
  extra[code] = more;
  effect[code] = moves ?? 0;
}

/** Dense codes of the instructions that checks look at one by one. */
export const OP = {
  unreachable: op("unreachable"),
  block: op("block"),
  loop: op("loop"),
  if: op("if"),
  else: op("else"),
  end: op("end"),
  br: op("br"),
  brIf: op("br_if"),
  brTable: op("br_table"),
  return: op("return"),
  call: op("call"),
  callIndirect: op("call_indirect"),
  localGet: op("local.get"),
  memoryGrow: op("memory.grow"),
  i32Const: op("i32.const"),
  i64Const: op("i64.const"),
  f32Const: op("f32.const"),
  f64Const: op("f64.const"),
  refFunc: op("ref.func"),
  refNull: op("ref.null"),
} as const;

const all = (...names: OpcodeName[]): readonly number[] => names.map(op);
/** What a bulk helper must have charged for. */
export const BULK = {
  memory: all("memory.copy", "memory.fill", "memory.init"),
  table: all("table.copy", "table.fill", "table.init", "table.grow"),
} as const;

/** First byte of the opcodes with two, and the first dense code of each kind. */
export const PREFIX = { bulk: 0xfc, vector: 0xfd } as const;
export const FIRST = { bulk: 0x100, vector: 0x200 } as const;
