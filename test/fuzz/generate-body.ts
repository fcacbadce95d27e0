// Random function bodies that validate: expressions of a wanted type and statements, grown from the opcode
// table. Results of float arithmetic are made canonical at once, so that no engine's choice of NaN shows.
import { F32, F64, FUNCREF, I32, I64, V128 } from "../../src/spec/binary.ts";
import { type Opcode, type OpcodeName, op, opcodes } from "../../src/spec/opcodes.ts";
import { Writer } from "../../src/util/bytes.ts";
import type { FuncType } from "../../src/wasm/module.ts";
import type { Random } from "./random.ts";

/** What a body may refer to; indices are those of the module being made. */
export interface Scope {
  readonly typeIndex: (type: FuncType) => number;
  readonly funcs: readonly { readonly index: number; readonly type: FuncType }[];
  /** Functions called for preference: those that cannot call back. */
  readonly later: readonly { readonly index: number; readonly type: FuncType }[];
  readonly globals: readonly { readonly type: number; readonly mutable: boolean }[];
  /** Entries of each table. */
  readonly tables: readonly number[];
  /** Where functions stand in the first table at the start, for indirect calls that meet their type. */
  readonly slots: ReadonlyMap<number, number>;
  /** Functions that ref.func may name. */
  readonly declared: readonly number[];
  readonly elems: number;
  readonly datas: number;
  readonly simd: boolean;
}

const LETTERS: Readonly<Record<string, number>> = {
  i: I32,
  I: I64,
  f: F32,
  F: F64,
  v: V128,
  r: FUNCREF,
};

/** Instructions by result type whose operands are all on the stack. */
const producers = new Map<number, Opcode[]>();
const stores: Opcode[] = [];
for (const row of opcodes as readonly Opcode[]) {
  if (row.sig === "*") continue;
  const [pops, pushes] = row.sig.split(":") as [string, string];
  const plain =
    row.imm === "none" ||
    row.imm === "memarg" ||
    row.imm === "lane" ||
    row.imm === "shuffle" ||
    row.imm === "memarg-lane";
  if (!plain || pops === "") continue;
  if (pushes === "") {
    if (row.imm !== "none") stores.push(row);
  } else {
    const type = LETTERS[pushes]!;
    producers.set(type, [...(producers.get(type) ?? []), row]);
  }
}

/** Whether a result may be a NaN that engines choose. */
const choosesNan = (row: Opcode): boolean =>
  /^f(32|64)\.(add|sub|mul|div|min|max|sqrt|ceil|floor|trunc|nearest|demote_f64|promote_f32)$/.test(
    row.name,
  ) ||
  /^f(32x4|64x2)\.(add|sub|mul|div|min|max|sqrt|ceil|floor|trunc|nearest|demote_|promote_)/.test(
    row.name,
  );

const INTERESTING = [
  0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 127, 255, 256, 65535, 65536, 0x7fffffff, -1, -2, -128,
  -0x80000000,
];
const INTERESTING64 = [
  0n,
  1n,
  -1n,
  2n,
  63n,
  255n,
  1n << 32n,
  -(1n << 32n),
  (1n << 63n) - 1n,
  -(1n << 63n),
  0x7fffffffn,
];
const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  1e10,
  -1e10,
  3e38,
  1e300,
  2147483648,
  -2147483649,
  1e-320,
  Number.POSITIVE_INFINITY,
  Number.NaN,
];

export class BodyGenerator {
  readonly #r: Random;
  readonly #scope: Scope;
  readonly #type: FuncType;
  readonly #out = new Writer(256);
  readonly #locals: number[];
  readonly #params: number;
  /** Types that each open label carries, outermost (the function) first; null for a loop's header. */
  readonly #labels: (readonly number[] | null)[] = [];
  /** Locals that loops count in: nothing else writes them. */
  readonly #counters = new Set<number>();
  /** Constructs that may still be made. */
  #left: number;

  constructor(r: Random, scope: Scope, type: FuncType, size: number) {
    this.#r = r;
    this.#scope = scope;
    this.#type = type;
    this.#left = size;
    this.#params = type.params.length;
    const kinds = [I32, I32, I64, F32, F64, FUNCREF, ...(scope.simd ? [V128] : [])];
    const more = r.int(4) === 0 ? r.int(30) : r.int(6);
    this.#locals = [...type.params, I32, I64, F32, F64, ...(scope.simd ? [V128] : [])];
    for (let i = 0; i < more; i++) this.#locals.push(r.pick(kinds));
  }

  #op(name: OpcodeName) {
    this.#code(op(name));
  }

  #code(code: number) {
    if (code < 0x100) this.#out.u8(code);
    else {
      this.#out.u8(code < 0x200 ? 0xfc : 0xfd);
      this.#out.u32(code & 0xff);
    }
  }

  #local(verb: "get" | "set" | "tee", index: number) {
    this.#op(`local.${verb}`);
    this.#out.u32(index);
  }

  #i32(value: number): void {
    this.#op("i32.const");
    this.#out.signed(value);
  }

  #chance(of: number): boolean {
    return this.#r.int(of) === 0;
  }

  #localOf(type: number): number | undefined {
    const all = this.#locals.flatMap((one, i) => (one === type ? [i] : []));
    return all.length === 0 ? undefined : this.#r.pick(all);
  }

  /** As `#localOf`, for writing. */
  #writable(type: number): number | undefined {
    const all = this.#locals.flatMap((one, i) =>
      one === type && !this.#counters.has(i) ? [i] : [],
    );
    return all.length === 0 ? undefined : this.#r.pick(all);
  }

  /** A new local. */
  #own(type: number): number {
    return this.#locals.push(type) - 1;
  }

  #constant(type: number) {
    const r = this.#r;
    switch (type) {
      case I32:
        return this.#i32(this.#chance(3) ? r.int(2 ** 32) | 0 : r.pick(INTERESTING));
      case I64:
        this.#op("i64.const");
        return this.#out.signed64(r.pick(INTERESTING64));
      case F32:
      case F64: {
        const bytes = new DataView(new ArrayBuffer(8));
        const value = r.pick(FLOATS);
        if (type === F32) bytes.setFloat32(0, Number.isNaN(value) ? Number.NaN : value, true);
        else bytes.setFloat64(0, value, true);
        this.#op(type === F32 ? "f32.const" : "f64.const");
        return this.#out.raw(new Uint8Array(bytes.buffer, 0, type === F32 ? 4 : 8));
      }
      case V128:
        this.#op("v128.const");
        // Bytes of small numbers: no NaN in any shape.
        return this.#out.raw(Uint8Array.from({ length: 16 }, () => r.int(64)));
      default:
        if (this.#scope.declared.length > 0 && this.#chance(2)) {
          this.#op("ref.func");
          return this.#out.u32(r.pick(this.#scope.declared));
        }
        this.#op("ref.null");
        return this.#out.u8(FUNCREF);
    }
  }

  /** Leaves a value of the type on the stack. */
  expr(type: number, depth: number) {
    const r = this.#r;
    if (depth <= 0 || --this.#left < 0) return this.#leaf(type);
    const roll = r.int(100);
    if (roll < 20) return this.#leaf(type);
    if (roll < 68) return this.#produce(type, depth);
    if (roll < 74) return this.#ifElse([type], depth);
    if (roll < 80) return this.#block([type], depth);
    if (roll < 86) {
      this.expr(type, depth - 1);
      this.expr(type, depth - 1);
      this.expr(I32, depth - 1);
      if (type === FUNCREF || this.#chance(4)) {
        this.#op("select t");
        this.#out.u32(1);
        this.#out.u8(type);
      } else this.#op("select");
      return;
    }
    if (roll < 90) {
      const local = this.#writable(type);
      if (local === undefined) return this.#leaf(type);
      this.expr(type, depth - 1);
      return this.#local("tee", local);
    }
    if (roll < 98) return this.#callFor(type, depth);
    if (type !== I32) return this.#leaf(type);
    this.#sized(depth);
  }

  /** memory.size, memory.grow, table.size, table.grow. */
  #sized(depth: number) {
    const table = this.#r.int(this.#scope.tables.length);
    switch (this.#r.int(4)) {
      case 0:
        this.#op("memory.size");
        return this.#out.u8(0);
      case 1:
        this.#i32(this.#r.int(3));
        this.#op("memory.grow");
        return this.#out.u8(0);
      case 2:
        this.#op("table.size");
        return this.#out.u32(table);
      default:
        this.expr(FUNCREF, depth - 1);
        this.#i32(this.#r.int(4));
        this.#op("table.grow");
        return this.#out.u32(table);
    }
  }

  #leaf(type: number) {
    if (this.#chance(3)) return this.#constant(type);
    const globals = this.#scope.globals.flatMap((one, i) => (one.type === type ? [i] : []));
    if (globals.length > 0 && this.#chance(4)) {
      this.#op("global.get");
      return this.#out.u32(this.#r.pick(globals));
    }
    const local = this.#localOf(type);
    if (local === undefined) this.#constant(type);
    else this.#local("get", local);
  }

  #produce(type: number, depth: number) {
    const rows = (producers.get(type) ?? []).filter(
      (row) => this.#scope.simd || row.feature !== "simd",
    );
    if (type === FUNCREF) {
      this.#i32(this.#r.int(4));
      this.#op("table.get");
      return this.#out.u32(this.#r.int(this.#scope.tables.length));
    }
    const row = this.#r.pick(rows);
    this.#operands(row, depth);
    this.#instruction(row);
    if (choosesNan(row)) this.#canonical(row);
  }

  #operands(row: Opcode, depth: number) {
    const pops = row.sig.slice(0, row.sig.indexOf(":"));
    [...pops].forEach((letter, i) => {
      if (i === 0 && (row.imm === "memarg" || row.imm === "memarg-lane")) this.#address(depth - 1);
      else this.expr(LETTERS[letter]!, depth - 1);
    });
  }

  /** Mostly inside the first page, now and then anywhere. */
  #address(depth: number) {
    this.expr(I32, depth);
    if (this.#chance(40)) return;
    this.#i32(this.#chance(2) ? 0xff : 0xfff0);
    this.#op("i32.and");
  }

  #instruction(row: Opcode) {
    this.#code(row.code);
    const lanes =
      128 / Number(/^[if](\d+)x/.exec(row.name)?.[1] ?? /(\d+)_lane/.exec(row.name)?.[1] ?? 128);
    if (row.imm === "memarg" || row.imm === "memarg-lane") {
      this.#out.u32(0);
      this.#out.u32(this.#chance(60) ? this.#r.int(2 ** 32) : this.#r.int(64));
    }
    if (row.imm === "lane" || row.imm === "memarg-lane") this.#out.u8(this.#r.int(lanes));
    if (row.imm === "shuffle")
      this.#out.raw(Uint8Array.from({ length: 16 }, () => this.#r.int(32)));
  }

  /** A scalar NaN becomes the canonical one; NaN lanes become zero. */
  #canonical(row: Opcode) {
    const type = LETTERS[row.sig.slice(row.sig.indexOf(":") + 1)]!;
    const value = this.#own(type);
    this.#local("tee", value);
    if (type === V128) {
      this.#local("get", value);
      this.#local("get", value);
      this.#op(row.name.startsWith("f32") ? "f32x4.eq" : "f64x2.eq");
      return this.#op("v128.and");
    }
    const nan = new DataView(new ArrayBuffer(8));
    if (type === F32) nan.setInt32(0, 0x7fc00000, true);
    else nan.setBigInt64(0, 0x7ff8000000000000n, true);
    this.#op(type === F32 ? "f32.const" : "f64.const");
    this.#out.raw(new Uint8Array(nan.buffer, 0, type === F32 ? 4 : 8));
    this.#local("get", value);
    this.#local("get", value);
    this.#op(type === F32 ? "f32.eq" : "f64.eq");
    this.#op("select");
  }

  #blockType(params: readonly number[], results: readonly number[]) {
    if (params.length === 0 && results.length === 0) this.#out.u8(0x40);
    else if (params.length === 0 && results.length === 1 && !this.#chance(5))
      this.#out.u8(results[0]!);
    else this.#out.signed(this.#scope.typeIndex({ params, results }));
  }

  #ifElse(results: readonly number[], depth: number) {
    this.expr(I32, depth - 1);
    this.#op("if");
    this.#blockType([], results);
    this.#labels.push(results);
    this.#arm(results, depth);
    if (results.length > 0 || this.#chance(2)) {
      this.#op("else");
      this.#arm(results, depth);
    }
    this.#op("end");
    this.#labels.pop();
  }

  #arm(results: readonly number[], depth: number) {
    this.statements(this.#r.int(3), depth - 1);
    for (const type of results) this.expr(type, depth - 1);
    if (this.#chance(12)) this.#leave(results, depth);
  }

  /** A branch from here, the values on the stack being `results`; what follows is dead, and may be more code. */
  #leave(results: readonly number[], depth: number) {
    for (const _ of results) this.#op("drop");
    if (this.#chance(6)) this.#op("unreachable");
    else this.#jump(this.#forward(), depth);
    if (this.#chance(3)) this.statements(1, 1);
    if (this.#chance(3)) for (const type of results) this.expr(type, 1);
  }

  /** A label that is no loop's header: its number from inside. */
  #forward(): number {
    const all = this.#labels.flatMap((types, i) =>
      types === null ? [] : [this.#labels.length - 1 - i],
    );
    return this.#r.pick(all);
  }

  #jump(label: number, depth: number) {
    for (const type of this.#labels.at(-1 - label)!) this.expr(type, depth - 2);
    if (label === this.#labels.length - 1 && this.#chance(2)) return this.#op("return");
    this.#op("br");
    this.#out.u32(label);
  }

  #block(results: readonly number[], depth: number) {
    const params = this.#chance(4) ? [this.#r.pick([I32, I64, F64])] : [];
    for (const type of params) this.expr(type, depth - 1);
    this.#op("block");
    this.#blockType(params, results);
    this.#labels.push(results);
    for (const type of params) this.#local("set", this.#own(type));
    this.statements(this.#r.int(3), depth - 1);
    for (const type of results) this.expr(type, depth - 1);
    if (this.#chance(3)) {
      this.expr(I32, depth - 1);
      this.#op("br_if");
      this.#out.u32(0);
    }
    this.#op("end");
    this.#labels.pop();
  }

  /** A loop that a counter ends, its counter in a local or carried on the stack; rarely one without. */
  #loop(depth: number) {
    const counter = this.#own(I32);
    this.#counters.add(counter);
    const carried = this.#chance(4) ? [I32] : [];
    this.#i32(this.#chance(6) ? this.#r.int(40) : this.#r.int(6));
    if (carried.length === 0) this.#local("set", counter);
    this.#op("block");
    this.#blockType(carried, []);
    this.#labels.push([]);
    this.#op("loop");
    this.#blockType(carried, []);
    // Only #again branches to the header.
    this.#labels.push(null);
    if (carried.length > 0) this.#local("set", counter);
    this.#inLoop(depth);
    this.#again(counter, carried.length > 0);
    this.#op("end");
    this.#op("end");
    this.#labels.length -= 2;
  }

  #inLoop(depth: number) {
    if (this.#chance(4)) {
      // Leaves from inside: to the block around the loop, or farther.
      const label = this.#forward();
      if (this.#labels.at(-1 - label)!.length === 0) {
        this.expr(I32, depth - 1);
        this.#op("br_if");
        this.#out.u32(label);
      }
    }
    this.#op("block");
    this.#blockType([], []);
    this.#labels.push([]);
    this.statements(1 + this.#r.int(3), depth - 1);
    this.#op("end");
    this.#labels.pop();
  }

  /** Counts down and goes back to the innermost loop while the counter is positive. */
  #again(counter: number, carried: boolean) {
    this.#local("get", counter);
    this.#i32(this.#chance(200) ? 0 : 1);
    this.#op("i32.sub");
    this.#local("tee", counter);
    if (carried) this.#local("get", counter);
    this.#i32(0);
    this.#op("i32.gt_s");
    this.#op("br_if");
    this.#out.u32(0);
    if (carried) this.#op("drop");
  }

  #switch(depth: number) {
    const count = 1 + this.#r.int(4);
    for (let i = 0; i < count; i++) {
      this.#op("block");
      this.#blockType([], []);
      this.#labels.push([]);
    }
    this.expr(I32, depth - 1);
    this.#i32(7);
    this.#op("i32.and");
    this.#op("br_table");
    const targets = Array.from({ length: 1 + this.#r.int(5) }, () => this.#r.int(count));
    this.#out.u32(targets.length - 1);
    for (const target of targets) this.#out.u32(target);
    for (let i = 0; i < count; i++) {
      this.#op("end");
      this.#labels.pop();
      this.statements(this.#r.int(2), depth - 1);
    }
  }

  #call(depth: number, wanted?: number): boolean {
    const fits = (one: { type: FuncType }) =>
      wanted === undefined || (one.type.results.length === 1 && one.type.results[0] === wanted);
    const all = (this.#chance(25) ? this.#scope.funcs : this.#scope.later).filter(fits);
    if (all.length === 0) return false;
    const target = this.#r.pick(all);
    for (const type of target.type.params) this.expr(type, depth - 2);
    const slot = this.#scope.slots.get(target.index);
    if (this.#chance(3)) {
      this.#i32(slot ?? this.#r.int(this.#scope.tables[0]! + (this.#chance(8) ? 2 : 0)));
      this.#op("call_indirect");
      this.#out.u32(this.#scope.typeIndex(target.type));
      this.#out.u32(0);
    } else {
      this.#op("call");
      this.#out.u32(target.index);
    }
    if (wanted === undefined)
      for (const type of [...target.type.results].reverse()) this.#take(type);
    return true;
  }

  /** Stores the top of the stack somewhere, or drops it. */
  #take(type: number) {
    const local = this.#writable(type);
    if (local === undefined || this.#chance(4)) this.#op("drop");
    else this.#local("set", local);
  }

  #callFor(type: number, depth: number) {
    if (!this.#call(depth, type)) this.#produce(type, depth);
  }

  /** Lengths stay small, or an operation would mostly trap. */
  #bulk(depth: number) {
    const r = this.#r;
    const { elems, datas, tables } = this.#scope;
    const table = r.int(tables.length);
    const small = () => this.#i32(r.int(4));
    const length = () => this.#i32(this.#chance(8) ? r.int(5000) : r.int(200));
    switch (r.int(9)) {
      case 0:
        this.#address(depth - 1);
        this.#address(depth - 1);
        length();
        this.#op("memory.copy");
        return this.#out.raw([0, 0]);
      case 1:
        this.#address(depth - 1);
        this.expr(I32, depth - 1);
        length();
        this.#op("memory.fill");
        return this.#out.u8(0);
      case 2:
        if (datas === 0) return;
        this.#address(depth - 1);
        small();
        this.#i32(r.int(6));
        this.#op("memory.init");
        this.#out.u32(r.int(datas));
        return this.#out.u8(0);
      case 3:
        if (datas === 0 || !this.#chance(4)) return;
        this.#op("data.drop");
        return this.#out.u32(r.int(datas));
      case 4:
        if (elems === 0) return;
        small();
        small();
        this.#i32(r.int(3));
        this.#op("table.init");
        this.#out.u32(r.int(elems));
        return this.#out.u32(table);
      case 5:
        if (elems === 0 || !this.#chance(4)) return;
        this.#op("elem.drop");
        return this.#out.u32(r.int(elems));
      case 6:
        small();
        small();
        small();
        this.#op("table.copy");
        this.#out.u32(table);
        return this.#out.u32(r.int(tables.length));
      case 7:
        small();
        this.expr(FUNCREF, depth - 1);
        small();
        this.#op("table.fill");
        return this.#out.u32(table);
      default:
        small();
        this.expr(FUNCREF, depth - 1);
        this.#op("table.set");
        return this.#out.u32(table);
    }
  }

  statements(count: number, depth: number): void {
    for (let i = 0; i < count; i++) this.#statement(depth);
  }

  #statement(depth: number) {
    if (depth <= 0 || --this.#left < 0) return;
    const r = this.#r;
    const roll = r.int(100);
    if (roll < 22) {
      const local = r.int(this.#locals.length);
      if (this.#counters.has(local)) return;
      this.expr(this.#locals[local]!, depth - 1);
      this.#local("set", local);
    } else if (roll < 32) {
      const globals = this.#scope.globals.flatMap((one, j) => (one.mutable ? [j] : []));
      if (globals.length === 0) return;
      const global = r.pick(globals);
      this.expr(this.#scope.globals[global]!.type, depth - 1);
      this.#op("global.set");
      this.#out.u32(global);
    } else if (roll < 48) {
      const row = r.pick(stores.filter((one) => this.#scope.simd || one.feature !== "simd"));
      this.#operands(row, depth);
      this.#instruction(row);
    } else if (roll < 58) this.#ifElse([], depth);
    else if (roll < 65) this.#block([], depth);
    else if (roll < 74) this.#loop(depth);
    else if (roll < 79) this.#switch(depth);
    else if (roll < 87) this.#call(depth);
    else if (roll < 92) this.#bulk(depth);
    else if (roll < 94) {
      this.expr(I32, depth - 1);
      this.#op("if");
      this.#out.u8(0x40);
      this.#labels.push([]);
      this.#leave([], depth);
      this.#op("end");
      this.#labels.pop();
    } else if (roll < 95) this.#op("nop");
    else {
      const type = r.pick([I32, I64, F32, F64]);
      this.expr(type, depth - 1);
      this.#op("drop");
    }
  }

  /** The whole body: locals, code, end. */
  body(depth: number): Uint8Array {
    this.#labels.push(this.#type.results);
    this.statements(1 + this.#r.int(6), depth);
    for (const type of this.#type.results) this.expr(type, depth);
    this.#op("end");
    const out = new Writer(this.#out.length + 64);
    const declared = this.#locals.slice(this.#params);
    out.u32(declared.length);
    for (const type of declared) {
      out.u32(1);
      out.u8(type);
    }
    out.raw(this.#out.view());
    return out.view();
  }
}
