// Values of scripts and of calls. A value is 16 bytes, little-endian, zero beyond its width, so that no
// conversion to a JavaScript number can change a NaN. A funcref is 1 where it is null, else 0.
import type { Value } from "./script.ts";

/** Bytes that a call's parameter or result takes in the driver's memory. */
export const SLOT = 16;

const widths: Readonly<Record<string, number>> = { i8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8 };

function put(out: Uint8Array, at: number, width: number, bits: bigint): void {
  let rest = BigInt.asUintN(width * 8, bits);
  for (let i = 0; i < width; i++) {
    out[at + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

function bitsAt(bytes: Uint8Array, at: number, width: number): bigint {
  let bits = 0n;
  for (let i = width - 1; i >= 0; i--) bits = (bits << 8n) | BigInt(bytes[at + i]!);
  return bits;
}

function lanesOf(value: Value): readonly { kind: string; text: string }[] {
  if (value.type === "v128") {
    return (value.value as readonly string[]).map((text) => ({ kind: value.lane_type!, text }));
  }
  return [{ kind: value.type, text: value.value as string }];
}

/** The 16 bytes of an argument. Throws on a type that no driver can pass. */
export function encode(value: Value): Uint8Array {
  const out = new Uint8Array(SLOT);
  if (value.type === "funcref" && value.value === "null") return out;
  lanesOf(value).forEach(({ kind, text }, i) => {
    const width = widths[kind];
    if (width === undefined) throw new Error(`no driver passes ${kind} ${text}`);
    put(out, i * width, width, BigInt(text));
  });
  return out;
}

interface Float {
  readonly width: number;
  readonly mantissa: number;
}

const floats: Readonly<Record<string, Float>> = {
  f32: { width: 4, mantissa: 23 },
  f64: { width: 8, mantissa: 52 },
};

/** canonical: only the top bit of the mantissa set; arithmetic: at least the top bit set. */
function isNan(bits: bigint, pattern: string, { width, mantissa }: Float): boolean {
  const ones = (count: number): bigint => (1n << BigInt(count)) - 1n;
  const exponent = (bits >> BigInt(mantissa)) & ones(width * 8 - 1 - mantissa);
  if (exponent !== ones(width * 8 - 1 - mantissa)) return false;
  const fraction = bits & ones(mantissa);
  const quiet = 1n << BigInt(mantissa - 1);
  return pattern === "nan:canonical" ? fraction === quiet : (fraction & quiet) !== 0n;
}

/** Whether the 16 bytes of a result are what the script expects. */
export function matches(expected: Value, bytes: Uint8Array): boolean {
  if (expected.type === "funcref") {
    const isNull = bytes[0] === 1;
    return expected.value === undefined ? !isNull : isNull === (expected.value === "null");
  }
  return lanesOf(expected).every(({ kind, text }, i) => {
    const width = widths[kind];
    if (width === undefined) throw new Error(`no driver answers ${kind} ${text}`);
    const bits = bitsAt(bytes, i * width, width);
    if (text.startsWith("nan:")) return isNan(bits, text, floats[kind]!);
    return bits === BigInt.asUintN(width * 8, BigInt(text));
  });
}
