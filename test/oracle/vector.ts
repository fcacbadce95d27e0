// SIMD instructions that only compute: each lane is taken out as the scalar that it is, worked on by the
// scalar's own function, and put back. Integers lanes are signed bigints here, float lanes their bits.
import { type Compute, scalar } from "./scalar.ts";
import { fromF32, fromF64, type Value } from "./value.ts";

const view = (value: Value): DataView => {
  const bytes = value as Uint8Array;
  return new DataView(bytes.buffer, bytes.byteOffset, 16);
};

/** The lanes of a vector as signed integers of `bits` bits. */
export function lanesOf(value: Value, bits: number): bigint[] {
  const from = view(value);
  return Array.from({ length: 128 / bits }, (_, i) => {
    switch (bits) {
      case 8:
        return BigInt(from.getInt8(i));
      case 16:
        return BigInt(from.getInt16(2 * i, true));
      case 32:
        return BigInt(from.getInt32(4 * i, true));
      default:
        return from.getBigInt64(8 * i, true);
    }
  });
}

/** A vector of lanes of `bits` bits each, cut to size; missing lanes are zero. */
export function packed(lanes: readonly bigint[], bits: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const step = bits / 8;
  lanes.forEach((lane, i) => {
    for (let k = 0; k < step; k++) bytes[i * step + k] = Number((lane >> BigInt(8 * k)) & 255n);
  });
  return bytes;
}

const unsigned = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);
const flag = (value: boolean): bigint => (value ? -1n : 0n);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

function clamp(value: bigint, bits: number, signed: boolean): bigint {
  const top = 1n << BigInt(bits);
  return signed ? least(most(value, -top / 2n), top / 2n - 1n) : least(most(value, 0n), top - 1n);
}

type Lane2 = (a: bigint, b: bigint, bits: number) => bigint;

const signedLanes: Readonly<Record<string, Lane2>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  eq: (a, b) => flag(a === b),
  ne: (a, b) => flag(a !== b),
  lt: (a, b) => flag(a < b),
  gt: (a, b) => flag(a > b),
  le: (a, b) => flag(a <= b),
  ge: (a, b) => flag(a >= b),
  min: least,
  max: most,
};

/** `add`, `min_s`, `lt_u`, `add_sat_s`, `avgr_u`, `q15mulr_sat_s`. */
function integerBinary(verb: string): Lane2 | undefined {
  const match = /^([a-z0-9]+?)(_sat)?(?:_([su]))?$/.exec(verb);
  const [, name, sat, sign] = match ?? [];
  if (name === "avgr") return (a, b, bits) => (unsigned(a, bits) + unsigned(b, bits) + 1n) >> 1n;
  if (name === "q15mulr") return (a, b, bits) => clamp((a * b + 0x4000n) >> 15n, bits, true);
  const lane = name === undefined ? undefined : signedLanes[name];
  if (lane === undefined) return undefined;
  const inner: Lane2 =
    sign === "u" ? (a, b, bits) => lane(unsigned(a, bits), unsigned(b, bits), bits) : lane;
  return sat ? (a, b, bits) => clamp(inner(a, b, bits), bits, sign === "s") : inner;
}

const integerUnary: Readonly<Record<string, (a: bigint, bits: number) => bigint>> = {
  abs: (a) => (a < 0n ? -a : a),
  neg: (a) => -a,
  popcnt: (a, bits) =>
    BigInt([...unsigned(a, bits).toString(2)].filter((one) => one === "1").length),
};

const shifts: Readonly<Record<string, (a: bigint, by: bigint, bits: number) => bigint>> = {
  shl: (a, by) => a << by,
  shr_s: (a, by) => a >> by,
  shr_u: (a, by, bits) => unsigned(a, bits) >> by,
};

/** Lanes of one half, or all, taken as signed or unsigned. */
function widened(value: Value, bits: number, sign: string, half?: string): bigint[] {
  const all = lanesOf(value, bits).map((lane) => (sign === "u" ? unsigned(lane, bits) : lane));
  if (half === undefined) return all;
  return half === "low" ? all.slice(0, all.length / 2) : all.slice(all.length / 2);
}

const pairs = (lanes: readonly bigint[]): bigint[] =>
  Array.from({ length: lanes.length / 2 }, (_, i) => lanes[2 * i]! + lanes[2 * i + 1]!);

/** Instructions whose operands have lanes of another width than the result. */
function reshaping(bits: number, verb: string): Compute | undefined {
  const match =
    /^(narrow|extend|extmul|extadd_pairwise|dot)_(?:(low|high)_)?i(\d+)x\d+_([su])$/.exec(verb);
  if (match === null) return undefined;
  const [, what, half, size, sign] = match as unknown as [
    string,
    string,
    string | undefined,
    string,
    string,
  ];
  const from = Number(size);
  const lanes = (a: Value) => widened(a, from, sign, half);
  const products = (a: Value, b: Value) => {
    const right = lanes(b);
    return lanes(a).map((lane, i) => lane * right[i]!);
  };
  switch (what) {
    case "narrow":
      return (a, b) => {
        const all = [...lanesOf(a, from), ...lanesOf(b, from)];
        return packed(
          all.map((lane) => clamp(lane, bits, sign === "s")),
          bits,
        );
      };
    case "extend":
      return (a) => packed(lanes(a), bits);
    case "extmul":
      return (a, b) => packed(products(a, b), bits);
    case "dot":
      return (a, b) => packed(pairs(products(a, b)), bits);
    default:
      return (a) => packed(pairs(lanes(a)), bits);
  }
}

function integerShape(bits: number, verb: string): Compute | undefined {
  const reshaped = reshaping(bits, verb);
  if (reshaped) return reshaped;
  const [one, two, shift] = [integerUnary[verb], integerBinary(verb), shifts[verb]];
  if (one)
    return (a) =>
      packed(
        lanesOf(a, bits).map((lane) => one(lane, bits)),
        bits,
      );
  if (shift) {
    return (a, by) => {
      const places = BigInt((by as number) & (bits - 1));
      return packed(
        lanesOf(a, bits).map((lane) => shift(lane, places, bits)),
        bits,
      );
    };
  }
  if (verb === "all_true") return (a) => (lanesOf(a, bits).every((lane) => lane !== 0n) ? 1 : 0);
  if (verb === "bitmask") {
    return (a) => lanesOf(a, bits).reduce((mask, lane, i) => mask | (lane < 0n ? 1 << i : 0), 0);
  }
  if (two === undefined) return undefined;
  return (a, b) => {
    const right = lanesOf(b, bits);
    return packed(
      lanesOf(a, bits).map((lane, i) => two(lane, right[i]!, bits)),
      bits,
    );
  };
}

const NO_LANES = new Uint8Array();

/** A lane as the scalar instructions take it, and back. */
const asScalar = (lane: bigint, bits: number): Value => (bits === 32 ? Number(lane) : lane);
const asLane = (value: Value): bigint => BigInt(value as number | bigint);
const numberOf = (lane: bigint, bits: number) =>
  bits === 32 ? fromF32(Number(lane)) : fromF64(lane);

function floatShape(bits: number, verb: string): Compute | undefined {
  const isTest = /^(eq|ne|lt|gt|le|ge)$/.test(verb);
  const inner = scalar(`f${bits}.${verb}`);
  const each: Lane2 | undefined =
    verb === "pmin"
      ? (a, b) => (numberOf(b, bits) < numberOf(a, bits) ? b : a)
      : verb === "pmax"
        ? (a, b) => (numberOf(a, bits) < numberOf(b, bits) ? b : a)
        : inner &&
          ((a, b) => {
            const result = asLane(inner(asScalar(a, bits), asScalar(b, bits), null, NO_LANES));
            return isTest ? -result : result;
          });
  if (each === undefined) return undefined;
  return (a, b) => {
    const left = lanesOf(a, bits);
    // Unary instructions leave the second operand out.
    const right = b === null ? left : lanesOf(b, bits);
    return packed(
      left.map((lane, i) => each(lane, right[i]!, bits)),
      bits,
    );
  };
}

/** `i32x4.trunc_sat_f64x2_s_zero`, `f64x2.convert_low_i32x4_u`, `f32x4.demote_f64x2_zero` and their kin. */
function conversion(type: string, bits: number, verb: string): Compute | undefined {
  const match = /^(trunc_sat|convert|demote|promote)_(?:low_)?([if])(\d+)x\d+(_[su])?/.exec(verb);
  if (match === null) return undefined;
  const [, what, other, size, sign = ""] = match as unknown as string[];
  const inner = scalar(`${type}${bits}.${what}_${other}${size}${sign}`)!;
  const from = Number(size);
  const count = 128 / Math.max(from, bits);
  return (a) => {
    const lanes = lanesOf(a, from).slice(0, count);
    return packed(
      lanes.map((lane) => asLane(inner(asScalar(lane, from), null, null, NO_LANES))),
      bits,
    );
  };
}

const all =
  (f: (a: bigint, b: bigint, c: bigint) => bigint): Compute =>
  (a, b, c) => {
    const [x, y, z] = [a, b ?? a, c ?? a].map((value) => lanesOf(value, 64)) as [
      bigint[],
      bigint[],
      bigint[],
    ];
    return packed(
      x.map((lane, i) => f(lane, y[i]!, z[i]!)),
      64,
    );
  };

const whole: Readonly<Record<string, Compute>> = {
  "v128.not": all((a) => ~a),
  "v128.and": all((a, b) => a & b),
  "v128.andnot": all((a, b) => a & ~b),
  "v128.or": all((a, b) => a | b),
  "v128.xor": all((a, b) => a ^ b),
  "v128.bitselect": all((a, b, c) => (a & c) | (b & ~c)),
  "v128.any_true": (a) => ((a as Uint8Array).some((byte) => byte !== 0) ? 1 : 0),
  "i8x16.swizzle": (a, b) => (b as Uint8Array).map((at) => (a as Uint8Array)[at] ?? 0),
  "i8x16.shuffle": (a, b, _, lanes) =>
    lanes.map((at) => (at < 16 ? (a as Uint8Array)[at]! : (b as Uint8Array)[at - 16]!)),
};

function laneAccess(type: string, bits: number, verb: string): Compute | undefined {
  const [, what, sign] = /^(splat|extract_lane|replace_lane)(?:_([su]))?$/.exec(verb) ?? [];
  const narrow = bits <= 32;
  if (what === "splat") return (a) => packed(new Array<bigint>(128 / bits).fill(asLane(a)), bits);
  if (what === "extract_lane") {
    return (a, _b, _c, lanes) => {
      const lane = lanesOf(a, bits)[lanes[0]!]!;
      const value = sign === "u" ? unsigned(lane, bits) : lane;
      return narrow ? Number(value) : value;
    };
  }
  if (what === undefined || type === "") return undefined;
  return (a, b, _c, lanes) => packed(lanesOf(a, bits).with(lanes[0]!, asLane(b)), bits);
}

/** The function of a SIMD instruction; undefined for a name that is none, or that touches memory. */
export function vector(name: string): Compute | undefined {
  if (whole[name]) return whole[name];
  const [, type, size, verb] = /^([if])(\d+)x\d+\.(\w+)$/.exec(name) ?? [];
  if (type === undefined || verb === undefined) return undefined;
  const bits = Number(size);
  return (
    laneAccess(type, bits, verb) ??
    conversion(type, bits, verb) ??
    (type === "i" ? integerShape(bits, verb) : floatShape(bits, verb))
  );
}
