// The opcode table turned into flat arrays for the walk: how an instruction is read and how it moves the
// operand stack. Derived from spec/opcodes.ts; states no fact of its own.
import { type Immediate, OPCODE_SPACE, opcodes } from "../spec/opcodes.ts";

/** How the walk reads an instruction; 0 is outside the gate, OTHER is anything with an effect of its own. */
export const SHAPE = {
  plain: 1,
  local: 2,
  global: 3,
  const: 4,
  memarg: 5,
  raw: 6,
  other: 7,
} as const;

const shapeOf: Partial<Record<Immediate, number>> = {
  none: SHAPE.plain,
  local: SHAPE.local,
  global: SHAPE.global,
  i32: SHAPE.const,
  i64: SHAPE.const,
  memarg: SHAPE.memarg,
  "memarg-lane": SHAPE.memarg,
  f32: SHAPE.raw,
  f64: SHAPE.raw,
  v128: SHAPE.raw,
  shuffle: SHAPE.raw,
  lane: SHAPE.raw,
};

/** Bytes that follow, besides LEB128 numbers; for constants the bits of the number. */
const sizes: Partial<Record<Immediate, number>> = {
  i32: 32,
  i64: 64,
  "memarg-lane": 1,
  f32: 4,
  f64: 8,
  v128: 16,
  shuffle: 16,
  lane: 1,
};

/** Operand effect of what has no fixed signature and no effect on control. */
const effects: Readonly<Record<string, number>> = {
  drop: -1,
  select: -2,
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
  const own = effects[name];
  const fixed = split >= 0 || own !== undefined;
  shapes[code] = fixed ? (shapeOf[imm] ?? SHAPE.other) : SHAPE.other;
  extra[code] = sizes[imm] ?? 0;
  effect[code] = own ?? (split < 0 ? 0 : sig.length - 1 - 2 * split);
}
