// Compares bytes in memory with bytes of the policy: in pieces of 8, 4, 2 and 1, where it is asked for without
// regard to the case of ASCII letters. Reads no further than the bytes that it compares.
import type { Asm } from "../asm.ts";

const sizes = [
  { bytes: 8, load: "i64.load", or: "i64.or", eq: "i64.eq" },
  { bytes: 4, load: "i32.load", or: "i32.or", eq: "i32.eq" },
  { bytes: 2, load: "i32.load16_u", or: "i32.or", eq: "i32.eq" },
  { bytes: 1, load: "i32.load8_u", or: "i32.or", eq: "i32.eq" },
] as const;

/** The bit in which the two cases of an ASCII letter differ. */
const CASE = 0x20;

export interface Piece {
  readonly byte: number;
  /** Compare without regard to case. */
  readonly folded: boolean;
}

const letter = (byte: number): boolean => {
  const lower = byte | CASE;
  return lower >= 0x61 && lower <= 0x7a;
};

/** The bytes of a text, all of them folded or none. */
export function bytesOf(text: string, folded: boolean): readonly Piece[] {
  return [...new TextEncoder().encode(text)].map((byte) => ({ byte, folded }));
}

function little(bytes: readonly number[]): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** Leaves 1 where the bytes at the address in `local` are these, else 0. */
export function pieces(asm: Asm, text: readonly Piece[], local = 0): Asm {
  if (text.length === 0) return asm.i32(1);
  for (let at = 0; at < text.length; ) {
    const size = sizes.find(({ bytes }) => bytes <= text.length - at)!;
    const part = text.slice(at, at + size.bytes);
    const masks = part.map(({ byte, folded }) => (folded && letter(byte) ? CASE : 0));
    const mask = little(masks);
    const value = little(part.map(({ byte }, k) => byte | masks[k]!));
    const constant = (bits: bigint) => {
      if (size.bytes === 8) asm.i64(BigInt.asIntN(64, bits));
      else asm.i32(Number(BigInt.asIntN(32, bits)));
    };
    asm.local("get", local).memory(size.load, 0, at);
    if (mask !== 0n) {
      constant(mask);
      asm.op(size.or);
    }
    constant(value);
    asm.op(size.eq);
    if (at > 0) asm.op("i32.and");
    at += size.bytes;
  }
  return asm;
}
