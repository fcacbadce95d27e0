// Scalar instructions that only compute, each as one function from operands to result, found by reading the
// name as the specification writes it: type, verb, and for conversions the other type and the sign.
import {
  floatBinary,
  floatCompare,
  floatUnary,
  oddlyRounded,
  saturated,
  truncated,
} from "./floats.ts";
import { i32Binary, i32Unary, i64Binary, i64Compare, i64Unary } from "./integers.ts";
import { fromF32, fromF64, toF32, toF64, trap, type Value } from "./value.ts";

/** Operands in order, then the bytes of the immediate (lanes). */
export type Compute = (a: Value, b: Value, c: Value, lanes: Uint8Array) => Value;

const number = (value: Value): number => value as number;
const big = (value: Value): bigint => value as bigint;

const SIGN32 = -0x80000000;
const SIGN64 = 1n << 63n;

const f32Bits: Readonly<Record<string, Compute>> = {
  abs: (a) => number(a) & 0x7fffffff,
  neg: (a) => number(a) ^ SIGN32,
  copysign: (a, b) => (number(a) & 0x7fffffff) | (number(b) & SIGN32),
};
const f64Bits: Readonly<Record<string, Compute>> = {
  abs: (a) => BigInt.asIntN(64, big(a) & (SIGN64 - 1n)),
  neg: (a) => BigInt.asIntN(64, big(a) ^ SIGN64),
  copysign: (a, b) => BigInt.asIntN(64, (big(a) & (SIGN64 - 1n)) | (big(b) & SIGN64)),
};

function f32(verb: string): Compute | undefined {
  const two = floatBinary[verb];
  if (two) return (a, b) => toF32(two(fromF32(number(a)), fromF32(number(b))));
  const test = floatCompare[verb];
  if (test) return (a, b) => (test(fromF32(number(a)), fromF32(number(b))) ? 1 : 0);
  const one = floatUnary[verb];
  if (one) return (a) => toF32(one(fromF32(number(a))));
  return f32Bits[verb];
}

function f64(verb: string): Compute | undefined {
  const two = floatBinary[verb];
  if (two) return (a, b) => toF64(two(fromF64(big(a)), fromF64(big(b))));
  const test = floatCompare[verb];
  if (test) return (a, b) => (test(fromF64(big(a)), fromF64(big(b))) ? 1 : 0);
  const one = floatUnary[verb];
  if (one) return (a) => toF64(one(fromF64(big(a))));
  return f64Bits[verb];
}

const asInteger = (value: bigint, bits: 32 | 64): Value =>
  bits === 32 ? Number(BigInt.asIntN(32, value)) : BigInt.asIntN(64, value);

/** `i32.trunc_f64_s`, `i64.trunc_sat_f32_u`, `f32.convert_i64_u` and the like. */
function conversion(to: string, verb: string): Compute | undefined {
  const match = /^(trunc|trunc_sat|convert)_([if])(32|64)_([su])$/.exec(verb);
  if (match === null) return undefined;
  const [, what, , size, sign] = match;
  const signed = sign === "s";
  if (what === "convert") {
    const integer = (a: Value): bigint => {
      const value = BigInt(a as number | bigint);
      return signed ? value : BigInt.asUintN(Number(size), value);
    };
    if (to === "f32") return (a) => toF32(oddlyRounded(integer(a)));
    return (a) => toF64(Number(integer(a)));
  }
  const bits = to === "i32" ? 32 : 64;
  const float = (a: Value): number => (size === "32" ? fromF32(number(a)) : fromF64(big(a)));
  if (what === "trunc_sat") return (a) => asInteger(saturated(float(a), bits, signed), bits);
  return (a) => asInteger(truncated(float(a), bits, signed) ?? trap("number"), bits);
}

const others: Readonly<Record<string, Compute>> = {
  "i32.wrap_i64": (a) => Number(BigInt.asIntN(32, big(a))),
  "i64.extend_i32_s": (a) => BigInt(number(a)),
  "i64.extend_i32_u": (a) => BigInt(number(a) >>> 0),
  "f32.demote_f64": (a) => toF32(fromF64(big(a))),
  "f64.promote_f32": (a) => toF64(fromF32(number(a))),
  "i32.reinterpret_f32": (a) => a,
  "i64.reinterpret_f64": (a) => a,
  "f32.reinterpret_i32": (a) => a,
  "f64.reinterpret_i64": (a) => a,
  "ref.is_null": (a) => (a === null ? 1 : 0),
};

/** The function of a scalar instruction; undefined for a name that is none. */
export function scalar(name: string): Compute | undefined {
  if (others[name]) return others[name];
  const [type, verb] = name.split(".") as [string, string | undefined];
  if (verb === undefined) return undefined;
  const found = conversion(type, verb);
  if (found) return found;
  switch (type) {
    case "i32": {
      const [one, two] = [i32Unary[verb], i32Binary[verb]];
      if (one) return (a) => one(number(a));
      return two && ((a, b) => two(number(a), number(b)));
    }
    case "i64": {
      if (verb === "eqz") return (a) => (big(a) === 0n ? 1 : 0);
      const [one, two] = [i64Unary[verb], i64Binary[verb] ?? i64Compare[verb]];
      if (one) return (a) => one(big(a));
      return two && ((a, b) => two(big(a), big(b)));
    }
    case "f32":
      return f32(verb);
    case "f64":
      return f64(verb);
    default:
      return undefined;
  }
}
