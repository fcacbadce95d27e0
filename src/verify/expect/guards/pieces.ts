// The comparison of bytes in memory with a constant string, in pieces of up to eight bytes; where
// letters are folded, both cases are the same. From docs/guards.md, "Matchers".
import type { OpcodeName } from "../../../spec/opcodes.ts";

/** Widths, widest first, with how such a piece is loaded. */
const loads: readonly [bytes: number, load: OpcodeName][] = [
  [8, "i64.load"],
  [4, "i32.load"],
  [2, "i32.load16_u"],
  [1, "i32.load8_u"],
];
const FOLD = 0x20;

const encoder = new TextEncoder();
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

const isLetter = (byte: number): boolean => (byte | FOLD) >= 0x61 && (byte | FOLD) <= 0x7a;

/** A little-endian number as the signed constant that a piece of this width is compared with. */
function constant(bytes: readonly number[]): bigint {
  const value = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return BigInt.asIntN(bytes.length === 8 ? 64 : 32, value);
}

/**
 * PIECES: leaves 1 where the bytes at `local` are those of `text`.
 * @param foldFrom the first byte whose letters have no case
 */
export function pieces(text: Uint8Array, foldFrom: number, local: number | string): string {
  if (text.length === 0) return "i32.const 1";
  const out: string[] = [];
  let at = 0;
  for (const [width, load] of loads) {
    for (; at + width <= text.length; at += width) {
      const type = width === 8 ? "i64" : "i32";
      const folds = (k: number): boolean => at + k >= foldFrom && isLetter(text[at + k]!);
      const own = [...text.subarray(at, at + width)];
      const mask = constant(own.map((_, k) => (folds(k) ? FOLD : 0)));
      const value = constant(own.map((byte, k) => (folds(k) ? byte | FOLD : byte)));
      out.push(`local.get ${local} ${load} 0 ${at}`);
      if (mask !== 0n) out.push(`${type}.const ${mask} ${type}.or`);
      out.push(`${type}.const ${value} ${type}.eq${at > 0 ? " i32.and" : ""}`);
    }
  }
  return out.join(" ");
}

/** Nothing is folded. */
export const EXACT = Number.POSITIVE_INFINITY;
