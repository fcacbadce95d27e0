// Random modules that validate and that harden has no reason to refuse, from a seed: our own generator, grown
// from the opcode table. With each module come calls to make, in order.
import { F32, F64, FUNCREF, I32, I64, V128 } from "../../src/spec/binary.ts";
import { hostFunction } from "../../src/spec/host-functions.ts";
import { emit } from "../../src/wasm/emit.ts";
import type {
  ConstExpr,
  Data,
  Elem,
  Export,
  FuncType,
  Global,
  Import,
  Module,
} from "../../src/wasm/module.ts";
import { BodyGenerator, type Scope } from "./generate-body.ts";
import { joinBodies } from "./module-parts.ts";
import { type Random, random } from "./random.ts";

export interface Call {
  readonly name: string;
  readonly args: readonly (number | bigint)[];
}

export interface Sample {
  readonly bytes: Uint8Array;
  readonly calls: readonly Call[];
}

export interface Shape {
  readonly simd: boolean;
  /** How many of a hundred functions stand in tables; those charge for themselves, others may leave it to callers. */
  readonly taken: number;
  /** Indirect calls name an entry of the right type, as far as there is one; otherwise most of them trap. */
  readonly aimed: boolean;
  /** Constructs of one body, and how deep they nest, at most. */
  readonly size: number;
  readonly depth: number;
}

/** Host functions that generated modules call, some allowed by most policies, some by few. */
const HOST = [
  "proxy_log",
  "proxy_done",
  "proxy_get_header_map_value",
  "proxy_send_local_response",
  "proxy_set_effective_context",
] as const;

const ARGS32 = [0, 1, 2, 5, -1, 7, 100, 0x7fffffff, -0x80000000, 65535] as const;
const ARGS64 = [0n, 1n, -1n, 1n << 40n, -(1n << 63n), 12345678901n] as const;
const ARGS_FLOAT = [0, 1, -1.5, 1e9, 0.1, -0] as const;

class ModuleGenerator {
  readonly #r: Random;
  readonly #shape: Shape;
  readonly #types: FuncType[] = [];
  readonly #keys = new Map<string, number>();

  constructor(seed: number, shape: Shape) {
    this.#r = random(seed);
    this.#shape = shape;
  }

  readonly #typeIndex = (type: FuncType): number => {
    const key = `${type.params.join()}>${type.results.join()}`;
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    this.#keys.set(key, this.#types.length);
    return this.#types.push(type) - 1;
  };

  #someType(): FuncType {
    const r = this.#r;
    const kinds = [I32, I32, I64, F32, F64];
    if (this.#shape.simd && r.int(4) === 0) kinds.push(V128, V128);
    const list = (most: number) => Array.from({ length: r.int(most + 1) }, () => r.pick(kinds));
    return { params: list(4), results: list(r.int(4) === 0 ? 3 : 1) };
  }

  #imports(): Import[] {
    const names = HOST.filter(() => this.#r.int(3) === 0);
    return names.map((name) => {
      const row = hostFunction("env", name)!;
      const params = row.params.map((one) => (one.type === "i32" ? I32 : I64));
      const type = this.#typeIndex({ params, results: [I32] });
      return { module: "env", name, desc: { kind: "func", type }, offset: 0 };
    });
  }

  #constant(type: number): ConstExpr {
    const bytes = (size: number) => Uint8Array.from({ length: size }, () => this.#r.int(60));
    switch (type) {
      case I32:
        return { op: "i32.const", value: this.#r.pick(ARGS32) };
      case I64:
        return { op: "i64.const", value: this.#r.pick(ARGS64) };
      case F32:
        return { op: "f32.const", bytes: bytes(4) };
      case F64:
        return { op: "f64.const", bytes: bytes(8) };
      default:
        return { op: "v128.const", bytes: bytes(16) };
    }
  }

  #globals(): Global[] {
    const kinds = [I32, I64, F32, F64, ...(this.#shape.simd ? [V128] : [])];
    return Array.from({ length: this.#r.int(6) }, () => {
      const type = this.#r.pick(kinds);
      return { type, mutable: this.#r.int(4) > 0, init: this.#constant(type) };
    });
  }

  #elems(defined: readonly number[], tables: number): Elem[] {
    const r = this.#r;
    const item = () => (defined.length === 0 || r.int(6) === 0 ? null : r.pick(defined));
    const elems: Elem[] = [];
    for (let table = 0; table < tables; table++) {
      const items = Array.from({ length: r.int(6) }, item);
      elems.push({ flags: 6, table, offset: { op: "i32.const", value: r.int(2) }, items });
    }
    if (r.int(2) === 0) elems.push({ flags: 5, table: 0, offset: null, items: [item(), item()] });
    elems.push({ flags: 7, table: 0, offset: null, items: [...defined] });
    return elems;
  }

  #datas(): Data[] {
    const bytes = () => Uint8Array.from({ length: this.#r.int(40) }, () => this.#r.int(256));
    const active: Data = { offset: { op: "i32.const", value: this.#r.int(1000) }, bytes: bytes() };
    return this.#r.int(2) === 0 ? [active] : [active, { offset: null, bytes: bytes() }];
  }

  #args(type: FuncType): (number | bigint)[] {
    return type.params.map((one) => {
      if (one === I32) return this.#r.pick(ARGS32);
      return one === I64 ? this.#r.pick(ARGS64) : this.#r.pick(ARGS_FLOAT);
    });
  }

  make(): Sample {
    const r = this.#r;
    const imports = this.#imports();
    const first = imports.length;
    const marker: FuncType = { params: [], results: [] };
    const declared = Array.from({ length: 1 + r.int(7) }, () => this.#someType());
    const allocator = r.int(3) === 0 ? [{ params: [I32], results: [I32] }] : [];
    const types = [marker, ...declared, ...allocator];
    const defined = types.map((_, i) => first + i);
    const tables = Array.from({ length: 1 + r.int(2) }, () => ({
      min: 7 + r.int(4),
      max: 12 + r.int(8),
    }));
    const globals = this.#globals();
    const { taken } = this.#shape;
    const named = taken === 100 ? defined : defined.filter(() => r.int(100) < taken);
    const elems = this.#elems(named, tables.length);
    const aimedAt = named.slice(0, tables[0]!.min);
    if (this.#shape.aimed)
      elems[0] = { flags: 6, table: 0, offset: { op: "i32.const", value: 0 }, items: aimedAt };
    const slots = new Map(this.#shape.aimed ? aimedAt.map((func, slot) => [func, slot]) : []);
    const datas = this.#datas();
    const importTypes = imports.map((entry, index) => {
      const { type } = entry.desc as { type: number };
      return { index, type: this.#types[type]! };
    });
    const own = types.map((type, i) => ({ index: first + i, type }));
    const shape = this.#shape;
    const makeBody = (type: FuncType, i: number) => {
      const scope: Scope = {
        typeIndex: this.#typeIndex,
        funcs: [...importTypes, ...own],
        later: [...importTypes, ...own.slice(i + 1)],
        globals,
        tables: tables.map((table) => table.min),
        slots,
        declared: named,
        // The declarative segment, the last one, is dropped from the start: initialising from it traps.
        elems: elems.length - 1,
        datas: datas.length,
        simd: shape.simd,
      };
      return new BodyGenerator(r, scope, type, 5 + r.int(shape.size)).body(2 + r.int(shape.depth));
    };
    const code = types.map(makeBody);
    const exports: Export[] = [{ name: "memory", kind: "memory", index: 0 }];
    exports.push({ name: "proxy_abi_version_0_2_1", kind: "func", index: first });
    const calls: Call[] = [];
    declared.forEach((type, i) => {
      const crosses = [...type.params, ...type.results].every(
        (one) => one !== V128 && one !== FUNCREF,
      );
      if (!crosses || (i > 0 && r.int(3) === 0)) return;
      exports.push({ name: `f${i}`, kind: "func", index: first + 1 + i });
      for (let n = 1 + r.int(2); n > 0; n--) calls.push({ name: `f${i}`, args: this.#args(type) });
    });
    if (allocator.length > 0) {
      exports.push({ name: "malloc", kind: "func", index: first + types.length - 1 });
      calls.splice(r.int(calls.length + 1), 0, { name: "malloc", args: [r.int(100)] });
    }
    if (calls.length === 0) calls.push({ name: "proxy_abi_version_0_2_1", args: [] });
    const funcs = Uint32Array.from(types, this.#typeIndex);
    const module: Module = {
      types: this.#types,
      imports,
      funcs,
      tables,
      memories: [{ min: 1, max: 1 + r.int(4) }],
      globals,
      exports,
      start: r.int(12) === 0 ? first : null,
      elems,
      dataCount: datas.length,
      bodies: joinBodies(code),
      datas,
      customs: [],
    };
    return { bytes: emit(module).slice(), calls };
  }
}

/** The module of a seed. The same seed and shape give the same module. */
export function generate(seed: number, shape: Shape): Sample {
  return new ModuleGenerator(seed, shape).make();
}
