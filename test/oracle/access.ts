// Loads and stores, by the name of the instruction: how many bytes, and how they become a value. An access
// that leaves the memory traps before a byte is written.
import { OPCODE_SPACE, opcodes } from "../../src/spec/opcodes.ts";
import { trap, type Value } from "./value.ts";
import { lanesOf, packed } from "./vector.ts";

export interface Access {
  readonly bytes: number;
  /** Reads a value; `old` and `lane` are for loads of one lane. */
  readonly load?: (from: DataView, at: number, old: Value, lane: number) => Value;
  readonly store?: (to: DataView, at: number, value: Value, lane: number) => void;
}

/** An integer of `size` bytes, as a bigint. */
function integer(from: DataView, at: number, size: number, signed: boolean): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(from.getUint8(at + i));
  return signed ? BigInt.asIntN(8 * size, value) : value;
}

function put(to: DataView, at: number, size: number, value: bigint): void {
  for (let i = 0; i < size; i++) to.setUint8(at + i, Number((value >> BigInt(8 * i)) & 255n));
}

function scalarAccess(type: string, verb: string): Access | undefined {
  const [, what, width, sign] = /^(load|store)(8|16|32)?(?:_([su]))?$/.exec(verb) ?? [];
  if (what === undefined) return undefined;
  const full = Number(type.slice(1)) / 8;
  const bytes = width === undefined ? full : Number(width) / 8;
  if (what === "store") {
    return {
      bytes,
      store: (to, at, value) => put(to, at, bytes, BigInt(value as number | bigint)),
    };
  }
  const signed = sign !== "u" || bytes === full;
  return {
    bytes,
    load: (from, at) => {
      const value = integer(from, at, bytes, signed);
      return full === 4 ? Number(BigInt.asIntN(32, value)) : value;
    },
  };
}

function vectorAccess(verb: string): Access | undefined {
  if (verb === "load" || verb === "store") {
    const load: Access["load"] = (from, at) =>
      Uint8Array.from({ length: 16 }, (_, i) => from.getUint8(at + i));
    const store: Access["store"] = (to, at, value) => {
      for (let i = 0; i < 16; i++) to.setUint8(at + i, (value as Uint8Array)[i]!);
    };
    return verb === "load" ? { bytes: 16, load } : { bytes: 16, store };
  }
  const [, what, width, form, sign] =
    /^(load|store)(8|16|32|64)(x\d|_splat|_zero|_lane)(?:_([su]))?$/.exec(verb) ?? [];
  if (what === undefined) return undefined;
  const bits = Number(width);
  const bytes = bits / 8;
  const one = (from: DataView, at: number) => integer(from, at, bytes, true);
  switch (form) {
    case "_splat":
      return {
        bytes,
        load: (from, at) => packed(new Array<bigint>(16 / bytes).fill(one(from, at)), bits),
      };
    case "_zero":
      return { bytes, load: (from, at) => packed([one(from, at)], bits) };
    case "_lane":
      if (what === "store")
        return { bytes, store: (to, at, v, lane) => put(to, at, bytes, lanesOf(v, bits)[lane]!) };
      return {
        bytes,
        load: (from, at, old, lane) => packed(lanesOf(old, bits).with(lane, one(from, at)), bits),
      };
    default: {
      const count = 8 / bytes;
      const load: Access["load"] = (from, at) =>
        packed(
          Array.from({ length: count }, (_, i) =>
            integer(from, at + i * bytes, bytes, sign === "s"),
          ),
          2 * bits,
        );
      return { bytes: 8, load };
    }
  }
}

/** By dense code; undefined for what neither loads nor stores. */
export const accesses: readonly (Access | undefined)[] = (() => {
  const table = new Array<Access | undefined>(OPCODE_SPACE).fill(undefined);
  for (const { code, name, imm } of opcodes) {
    if (imm !== "memarg" && imm !== "memarg-lane") continue;
    const [type, verb] = name.split(".") as [string, string];
    table[code] = type === "v128" ? vectorAccess(verb) : scalarAccess(type, verb);
  }
  return table;
})();

/** Where an access lies, or a trap. */
export function place(memory: DataView, base: Value, offset: number, bytes: number): number {
  const at = ((base as number) >>> 0) + offset;
  return at + bytes > memory.byteLength ? trap("memory") : at;
}
