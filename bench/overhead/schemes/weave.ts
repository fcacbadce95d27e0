// Shared by the metering schemes that ours is compared with: puts code into function bodies at given offsets,
// appends globals and a function, and counts with our prices. For benches only: what they write is not safe
// against anything (no start section, no re-entry, no memory limit), it only meters.
import { BLOCK_EMPTY, I64 } from "../../../src/spec/binary.ts";
import { costTables } from "../../../src/spec/costs.ts";
import { op } from "../../../src/spec/opcodes.ts";
import { Writer } from "../../../src/util/bytes.ts";
import { decode } from "../../../src/wasm/decode.ts";
import { emit } from "../../../src/wasm/emit.ts";
import { type FuncType, funcImports, type Module } from "../../../src/wasm/module.ts";
import { Walker } from "../../../src/wasm/walker.ts";

export const { flat } = costTables.v1;

/** The fuel that a metered module is given before each call, as an i64. */
export const PLENTY = "4611686018427387903";

/** Code to put before the byte at `at`: a charge of `cost` units, tested against zero where asked. */
export interface Charge {
  readonly at: number;
  cost: number;
  readonly test?: boolean;
}

/** Writes instructions by name. */
export class Emitter {
  readonly out = new Writer(1 << 16);
  readonly firstGlobal: number;
  readonly extraFunction: number;

  constructor(firstGlobal: number, extraFunction: number) {
    this.firstGlobal = firstGlobal;
    this.extraFunction = extraFunction;
  }

  do(...names: readonly Parameters<typeof op>[0][]): this {
    for (const name of names) this.out.u8(op(name));
    return this;
  }

  /** `global.get` or `global.set` of an appended global. */
  global(what: "get" | "set", index = 0): this {
    this.out.u8(op(`global.${what}`));
    this.out.u32(this.firstGlobal + index);
    return this;
  }

  constant(type: "i32" | "i64", value: number): this {
    this.out.u8(op(`${type}.const`));
    this.out.signed(value);
    return this;
  }

  /** An index after its opcode. */
  with(name: "call" | "local.get", index: number): this {
    this.out.u8(op(name));
    this.out.u32(index);
    return this;
  }

  if(): this {
    this.out.u8(op("if"));
    this.out.u8(BLOCK_EMPTY);
    return this;
  }
}

export interface Scheme {
  readonly name: string;
  /** Types of the appended globals; the first one holds the fuel and is exported as `gas_left`. */
  readonly globals: readonly number[];
  /** Charges of one body; the walker has been opened on it. */
  plan(walker: Walker): readonly Charge[];
  charge(out: Emitter, charge: Charge): void;
  /** An appended function of type (i64) → (), where the scheme calls one. */
  extra?(out: Emitter): void;
}

/** Meters a module by the scheme. */
export function weave(bytes: Uint8Array, scheme: Scheme): Uint8Array {
  const module = decode(bytes);
  const imported = funcImports(module);
  const importedGlobals = module.imports.filter((one) => one.desc.kind === "global").length;
  const count = module.bodies.start.length;
  const emitter = new Emitter(importedGlobals + module.globals.length, imported.length + count);
  const { out } = emitter;
  const start: number[] = [];
  const end: number[] = [];
  const walker = new Walker();
  for (let i = 0; i < count; i++) {
    const from = module.bodies.start[i]!;
    const to = module.bodies.end[i]!;
    walker.open(module.bodies.code, from, to, imported.length + i);
    const charges = scheme.plan(walker).filter((one) => one.cost > 0);
    start.push(out.length);
    let done = from;
    for (const charge of charges) {
      out.slice(module.bodies.code, done, charge.at);
      scheme.charge(emitter, charge);
      done = charge.at;
    }
    out.slice(module.bodies.code, done, to);
    end.push(out.length);
  }
  const types: FuncType[] = [...module.types];
  const funcs = [...module.funcs];
  if (scheme.extra !== undefined) {
    start.push(out.length);
    out.u32(0);
    scheme.extra(emitter);
    end.push(out.length);
    funcs.push(types.length);
    types.push({ params: [I64], results: [] });
  }
  const metered: Module = {
    ...module,
    types,
    funcs: Uint32Array.from(funcs),
    globals: [
      ...module.globals,
      ...scheme.globals.map((type) => ({
        type,
        mutable: true,
        init:
          type === I64
            ? ({ op: "i64.const", value: BigInt(PLENTY) } as const)
            : ({ op: "i32.const", value: 0 } as const),
      })),
    ],
    exports: [...module.exports, { name: "gas_left", kind: "global", index: emitter.firstGlobal }],
    bodies: { code: out.view(), start: Uint32Array.from(start), end: Uint32Array.from(end) },
    customs: [],
  };
  return emit(metered).slice();
}
