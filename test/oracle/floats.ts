// What float instructions compute, on JavaScript numbers: f32 results are rounded by the caller, which is
// exact for one operation on f32 operands. Sign operations work on bits instead, as they must keep NaNs.
export type Binary = (a: number, b: number) => number;
export type Unary = (a: number) => number;

/** To the nearest integer, ties to the even one, the sign of zero kept. */
function nearest(value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 52) return value;
  const down = Math.floor(value);
  const rest = value - down;
  const up = rest > 0.5 || (rest === 0.5 && down % 2 !== 0);
  const result = up ? down + 1 : down;
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
}

export const floatBinary: Readonly<Record<string, Binary>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
};

export const floatCompare: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  ge: (a, b) => a >= b,
};

export const floatUnary: Readonly<Record<string, Unary>> = {
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest,
  sqrt: Math.sqrt,
};

/** A 64-bit integer as the number whose rounding to f32 is that of the integer itself. */
export function oddlyRounded(value: bigint): number {
  const size = value < 0n ? -value : value;
  if (size < 1n << 53n) return Number(value);
  // 53 significant bits, the last one standing for all that was cut off.
  const cut = (size >> 11n) | ((size & 2047n) === 0n ? 0n : 1n);
  return Number(cut) * 2048 * (value < 0n ? -1 : 1);
}

/** Truncates towards zero; null where the integer type cannot hold the result, or for NaN. */
export function truncated(value: number, bits: 32 | 64, signed: boolean): bigint | null {
  if (Number.isNaN(value)) return null;
  const whole = Math.trunc(value);
  const from = signed ? -(2 ** (bits - 1)) : 0;
  const below = signed ? 2 ** (bits - 1) : 2 ** bits;
  return whole >= from && whole < below ? BigInt(whole) : null;
}

/** Truncates, and answers the nearest bound where that fails; 0 for NaN. */
export function saturated(value: number, bits: 32 | 64, signed: boolean): bigint {
  const exact = truncated(value, bits, signed);
  if (exact !== null) return exact;
  if (Number.isNaN(value)) return 0n;
  const width = BigInt(bits);
  if (value < 0) return signed ? -(1n << (width - 1n)) : 0n;
  return signed ? (1n << (width - 1n)) - 1n : (1n << width) - 1n;
}
