// What every integer instruction computes, by its name. i64 works on bigints throughout: slow and plain.
import { trap } from "./value.ts";

type I32Op = (a: number, b: number) => number;
type I64Op = (a: bigint, b: bigint) => bigint;

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
const bool = (value: boolean): number => (value ? 1 : 0);

function popcnt(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}

const high = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));
const low = (value: bigint): number => Number(BigInt.asIntN(32, value));
const ctz32 = (value: number): number => (value === 0 ? 32 : 31 - Math.clz32(value & -value));

function rotl64(a: bigint, b: bigint): bigint {
  const by = b & 63n;
  return wrap((unsigned(a) << by) | (unsigned(a) >> (64n - by)));
}

export const i32Binary: Readonly<Record<string, I32Op>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
  div_s: (a, b) => {
    if (b === 0) trap("divide-by-zero");
    if (a === -0x80000000 && b === -1) trap("number");
    return (a / b) | 0;
  },
  div_u: (a, b) => (b === 0 ? trap("divide-by-zero") : Math.floor((a >>> 0) / (b >>> 0)) | 0),
  rem_s: (a, b) => (b === 0 ? trap("divide-by-zero") : (a % b) | 0),
  rem_u: (a, b) => (b === 0 ? trap("divide-by-zero") : ((a >>> 0) % (b >>> 0)) | 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shr_s: (a, b) => a >> b,
  shr_u: (a, b) => (a >>> b) | 0,
  rotl: (a, b) => (a << b) | (a >>> (-b & 31)),
  rotr: (a, b) => (a >>> b) | (a << (-b & 31)),
  eq: (a, b) => bool(a === b),
  ne: (a, b) => bool(a !== b),
  lt_s: (a, b) => bool(a < b),
  lt_u: (a, b) => bool(a >>> 0 < b >>> 0),
  gt_s: (a, b) => bool(a > b),
  gt_u: (a, b) => bool(a >>> 0 > b >>> 0),
  le_s: (a, b) => bool(a <= b),
  le_u: (a, b) => bool(a >>> 0 <= b >>> 0),
  ge_s: (a, b) => bool(a >= b),
  ge_u: (a, b) => bool(a >>> 0 >= b >>> 0),
};

export const i32Unary: Readonly<Record<string, (a: number) => number>> = {
  eqz: (a) => bool(a === 0),
  clz: (a) => Math.clz32(a),
  ctz: ctz32,
  popcnt,
  extend8_s: (a) => (a << 24) >> 24,
  extend16_s: (a) => (a << 16) >> 16,
};

export const i64Binary: Readonly<Record<string, I64Op>> = {
  add: (a, b) => wrap(a + b),
  sub: (a, b) => wrap(a - b),
  mul: (a, b) => wrap(a * b),
  div_s: (a, b) => {
    if (b === 0n) trap("divide-by-zero");
    if (a === -(1n << 63n) && b === -1n) trap("number");
    return a / b;
  },
  div_u: (a, b) => (b === 0n ? trap("divide-by-zero") : wrap(unsigned(a) / unsigned(b))),
  rem_s: (a, b) => (b === 0n ? trap("divide-by-zero") : a % b),
  rem_u: (a, b) => (b === 0n ? trap("divide-by-zero") : wrap(unsigned(a) % unsigned(b))),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => wrap(a << (b & 63n)),
  shr_s: (a, b) => a >> (b & 63n),
  shr_u: (a, b) => wrap(unsigned(a) >> (b & 63n)),
  rotl: rotl64,
  rotr: (a, b) => rotl64(a, 64n - (b & 63n)),
};

export const i64Compare: Readonly<Record<string, (a: bigint, b: bigint) => number>> = {
  eq: (a, b) => bool(a === b),
  ne: (a, b) => bool(a !== b),
  lt_s: (a, b) => bool(a < b),
  lt_u: (a, b) => bool(unsigned(a) < unsigned(b)),
  gt_s: (a, b) => bool(a > b),
  gt_u: (a, b) => bool(unsigned(a) > unsigned(b)),
  le_s: (a, b) => bool(a <= b),
  le_u: (a, b) => bool(unsigned(a) <= unsigned(b)),
  ge_s: (a, b) => bool(a >= b),
  ge_u: (a, b) => bool(unsigned(a) >= unsigned(b)),
};

export const i64Unary: Readonly<Record<string, (a: bigint) => bigint>> = {
  clz: (a) => BigInt(high(a) === 0 ? 32 + Math.clz32(low(a)) : Math.clz32(high(a))),
  ctz: (a) => BigInt(low(a) === 0 ? 32 + ctz32(high(a)) : ctz32(low(a))),
  popcnt: (a) => BigInt(popcnt(low(a)) + popcnt(high(a))),
  extend8_s: (a) => BigInt.asIntN(8, a),
  extend16_s: (a) => BigInt.asIntN(16, a),
  extend32_s: (a) => BigInt.asIntN(32, a),
};
