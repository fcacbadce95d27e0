// Values of the counting interpreter, and what can go wrong. Floats are kept as their bit patterns, so that a
// NaN's payload survives loads, stores and moves: f32 as a signed 32-bit number, f64 as a signed 64-bit bigint.
// i32 is a signed number, i64 a signed bigint, v128 sixteen bytes (never changed in place), a function
// reference its index, or null.
import { F64, FUNCREF, I64, V128 } from "../../src/spec/binary.ts";

export type Value = number | bigint | Uint8Array | null;

/** Kinds of trap, as coarse as engines agree on them. */
export type TrapKind =
  | "unreachable"
  | "divide-by-zero"
  | "number" // a quotient or a truncated float that the type cannot hold
  | "memory"
  | "table"
  | "callee" // call_indirect of nothing, or of another type
  | "stack";

export class Trap extends Error {
  readonly kind: TrapKind;

  constructor(kind: TrapKind) {
    super(kind);
    this.kind = kind;
  }
}

export function trap(kind: TrapKind): never {
  throw new Trap(kind);
}

/** The value that locals of a type begin with. */
export function zero(type: number): Value {
  if (type === I64 || type === F64) return 0n;
  if (type === V128) return new Uint8Array(16);
  return type === FUNCREF ? null : 0;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The number that f32 bits stand for. */
export function fromF32(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

/** The bits of a number rounded to f32; every NaN becomes the canonical one. */
export function toF32(value: number): number {
  if (Number.isNaN(value)) return 0x7fc00000;
  scratch.setFloat32(0, value);
  return scratch.getInt32(0);
}

/** The number that f64 bits stand for. */
export function fromF64(bits: bigint): number {
  scratch.setBigInt64(0, bits);
  return scratch.getFloat64(0);
}

/** The bits of a number; every NaN becomes the canonical one. */
export function toF64(value: number): bigint {
  if (Number.isNaN(value)) return 0x7ff8000000000000n;
  scratch.setFloat64(0, value);
  return scratch.getBigInt64(0);
}
