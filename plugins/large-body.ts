// Writes random but valid function bodies, in the mix that compilers emit: statements over locals and memory,
// branches, counted loops, switches, calls. Every choice comes from the one random source it is given. It
// knows the shape of the module around it (types, call targets), not its sections.
import { BLOCK_EMPTY } from "../src/spec/binary.ts";
import type { Writer } from "../src/util/bytes.ts";
import { bySig, common, type Letter, loads, op, stores, valueTypeOf } from "./large-ops.ts";
import type { Random } from "./random.ts";

export interface Signature {
  readonly params: readonly Letter[];
  readonly result: Letter | null;
}

/** What a body may refer to. */
export interface Surroundings {
  readonly signatures: readonly Signature[];
  /** Type index of each function, imports first. */
  readonly typeOf: Int32Array;
  readonly imports: number;
  /** Entries of table 0; all of them are functions. */
  readonly tableSize: number;
  /** Type index by table slot. */
  readonly typeOfSlot: Int32Array;
  /** Bytes of memory that addresses point into. */
  readonly memoryBytes: number;
  /** Mutable i32 globals. */
  readonly globals: number;
}

const LETTERS: readonly Letter[] = ["i", "i", "i", "i", "i", "I", "I", "F"];

const MAX_EXPRESSION_DEPTH = 4;
const MAX_NESTING = 8;

/** Writes bodies one after the other; its state is that of the body being written. */
export class BodyWriter {
  readonly #random: Random;
  readonly #around: Surroundings;
  #out!: Writer;
  #locals: Letter[] = [];
  #index = 0;
  #result: Letter | null = null;
  /** Open blocks that a branch may go to without a value. */
  #labels = 0;
  #floats = new DataView(new ArrayBuffer(8));

  constructor(random: Random, around: Surroundings) {
    this.#random = random;
    this.#around = around;
  }

  /** Writes the body of function `index` (local groups to the final end), of about `size` bytes. */
  write(out: Writer, index: number, size: number): void {
    const random = this.#random;
    const signature = this.#around.signatures[this.#around.typeOf[index]!]!;
    const groups: [number, Letter][] = [[2 + random.below(8), "i"]];
    if (random.chance(40)) groups.push([1 + random.below(3), "I"]);
    if (random.chance(20)) groups.push([1 + random.below(2), "F"]);
    this.#out = out;
    this.#index = index;
    this.#result = signature.result;
    this.#labels = 0;
    this.#locals = [
      ...signature.params,
      ...groups.flatMap(([count, type]) => Array<Letter>(count).fill(type)),
    ];
    out.u32(groups.length);
    for (const [count, type] of groups) {
      out.u32(count);
      out.u8(valueTypeOf[type]);
    }
    const goal = out.length + size;
    while (out.length < goal) this.#statement(goal, 0);
    if (this.#result !== null) this.#expression(this.#result, 0);
    this.#code(op.end);
  }

  #code(value: number): void {
    if (value < 0x100) {
      this.#out.u8(value);
    } else {
      this.#out.u8(0xfb + (value >>> 8));
      this.#out.u32(value & 0xff);
    }
  }

  #local(type: Letter): number {
    const start = this.#random.below(this.#locals.length);
    for (let step = 0; step < this.#locals.length; step++) {
      const at = (start + step) % this.#locals.length;
      if (this.#locals[at] === type) return at;
    }
    return -1;
  }

  #indexed(opcode: number, index: number): void {
    this.#code(opcode);
    this.#out.u32(index);
  }

  #i32(value: number): void {
    this.#code(op.i32);
    this.#out.signed(value | 0);
  }

  #constant(type: Letter): void {
    const random = this.#random;
    if (type === "i") {
      this.#i32(random.chance(70) ? random.below(256) - 64 : random.below(1 << 24));
    } else if (type === "I") {
      this.#code(op.i64);
      this.#out.signed(random.chance(70) ? random.below(128) : random.below(2 ** 32) * 4096);
    } else {
      this.#code(op.f64);
      this.#floats.setFloat64(0, random.below(2000) / 8 - 100, true);
      this.#out.raw(new Uint8Array(this.#floats.buffer));
    }
  }

  /** An address that stays inside the memory: a masked expression, with a small offset. */
  #address(depth: number): void {
    this.#expression("i", depth + 1);
    this.#i32(2 ** Math.floor(Math.log2(this.#around.memoryBytes / 2)) - 1);
    this.#code(op.and);
  }

  #access([opcode, align]: readonly [number, number]): void {
    this.#code(opcode);
    this.#out.u32(align);
    this.#out.u32(this.#random.below(64) << align);
  }

  #expression(type: Letter, depth: number): void {
    const random = this.#random;
    const local = this.#local(type);
    if (depth >= MAX_EXPRESSION_DEPTH || random.chance(45)) {
      if (local >= 0 && random.chance(75)) this.#indexed(op.get, local);
      else this.#constant(type);
      return;
    }
    const kind = random.below(100);
    if (kind < 45) {
      this.#expression(type, depth + 1);
      this.#expression(type, depth + 1);
      const all = bySig.get(`${type}${type}:${type}`)!;
      this.#code(random.pick(random.chance(70) ? common[type] : all));
    } else if (kind < 65) {
      this.#address(depth);
      this.#access(random.pick(loads[type]));
    } else if (kind < 75) {
      const from = random.pick(LETTERS);
      const unary = bySig.get(`${from}:${type}`);
      this.#expression(unary === undefined ? type : from, depth + 1);
      if (unary !== undefined) this.#code(random.pick(unary));
    } else if (kind < 85 && type === "i") {
      const from = random.pick(LETTERS);
      this.#expression(from, depth + 1);
      this.#expression(from, depth + 1);
      this.#code(random.pick(bySig.get(`${from}${from}:i`)!));
    } else if (kind < 90) {
      this.#expression(type, depth + 1);
      this.#expression(type, depth + 1);
      this.#expression("i", depth + 1);
      this.#code(op.select);
    } else if (type === "i" && this.#around.globals > 0) {
      this.#indexed(op.globalGet, random.below(this.#around.globals));
    } else if (local >= 0) {
      this.#expression(type, depth + 1);
      this.#indexed(op.tee, local);
    } else {
      this.#constant(type);
    }
  }

  /** A direct call: mostly of a later function, near or far, seldom of an import or an earlier one. */
  #target(): number {
    const random = this.#random;
    const { imports, typeOf } = this.#around;
    const count = typeOf.length;
    if (random.chance(4)) return random.below(imports);
    if (random.chance(2)) return imports + random.below(count - imports);
    const later = count - 1 - this.#index;
    if (later <= 0) return random.below(imports);
    return this.#index + 1 + random.below(random.chance(50) ? Math.min(later, 200) : later);
  }

  #call(): void {
    const random = this.#random;
    const indirect = random.chance(12);
    const slot = random.below(this.#around.tableSize);
    const target = indirect ? 0 : this.#target();
    const type = indirect ? this.#around.typeOfSlot[slot]! : this.#around.typeOf[target]!;
    const { params, result } = this.#around.signatures[type]!;
    for (const param of params) this.#expression(param, 2);
    if (indirect) {
      this.#i32(slot);
      this.#indexed(op.callIndirect, type);
      this.#out.u8(0);
    } else {
      this.#indexed(op.call, target);
    }
    if (result === null) return;
    const local = this.#local(result);
    if (local >= 0 && random.chance(80)) this.#indexed(op.set, local);
    else this.#code(op.drop);
  }

  #statements(goal: number, nesting: number): void {
    const count = 1 + this.#random.below(4);
    for (let i = 0; i < count; i++) this.#statement(goal, nesting);
  }

  #nested(opcode: number, inside: () => void): void {
    this.#code(opcode);
    this.#out.u8(BLOCK_EMPTY);
    this.#labels++;
    inside();
    this.#labels--;
    this.#code(op.end);
  }

  #statement(goal: number, nesting: number): void {
    const random = this.#random;
    const deep = nesting >= MAX_NESTING || this.#out.length >= goal;
    const kind = deep ? random.below(58) : random.below(100);
    if (kind < 30) {
      const type = random.pick(LETTERS);
      const local = this.#local(type);
      this.#expression(type, 0);
      if (local < 0) this.#code(op.drop);
      else this.#indexed(op.set, local);
    } else if (kind < 44) {
      const type = random.pick(LETTERS);
      this.#address(1);
      this.#expression(type, 1);
      this.#access(random.pick(stores[type]));
    } else if (kind < 57) {
      this.#call();
    } else if (kind < 58) {
      this.#rare();
    } else if (kind < 75) {
      this.#expression("i", 1);
      this.#nested(op.if, () => {
        this.#statements(goal, nesting + 1);
        if (random.chance(35)) {
          this.#code(op.else);
          this.#statements(goal, nesting + 1);
        }
      });
    } else if (kind < 88) {
      this.#nested(op.block, () => {
        this.#statements(goal, nesting + 1);
        this.#expression("i", 1);
        this.#indexed(op.brIf, random.below(Math.min(this.#labels, 3)));
        this.#statements(goal, nesting + 1);
      });
    } else if (kind < 96) {
      this.#loop(goal, nesting);
    } else {
      this.#switch(goal, nesting);
    }
  }

  #rare(): void {
    const random = this.#random;
    const kind = random.below(3);
    if (kind === 0) {
      this.#expression("i", 2);
      this.#indexed(op.globalSet, random.below(this.#around.globals));
    } else if (kind === 1) {
      this.#address(2);
      this.#address(2);
      this.#i32(random.below(512));
      this.#code(op.copy);
      this.#out.u8(0);
      this.#out.u8(0);
    } else {
      this.#address(2);
      this.#constant("i");
      this.#i32(random.below(512));
      this.#code(op.fill);
      this.#out.u8(0);
    }
  }

  /** A loop that counts a local down; its body may change that local, as real loops may. */
  #loop(goal: number, nesting: number): void {
    const random = this.#random;
    const counter = this.#local("i");
    this.#i32(1 + random.below(32));
    this.#indexed(op.set, counter);
    this.#nested(op.block, () => {
      this.#nested(op.loop, () => {
        this.#statements(goal, nesting + 2);
        if (random.chance(40)) {
          this.#expression("i", 2);
          this.#indexed(op.brIf, 1);
        }
        this.#indexed(op.get, counter);
        this.#i32(1);
        this.#code(op.sub);
        this.#indexed(op.tee, counter);
        this.#indexed(op.brIf, 0);
      });
    });
  }

  /** Nested blocks and a br_table, each arm ending with a branch out or falling into the next. */
  #switch(goal: number, nesting: number): void {
    const random = this.#random;
    const arms = 2 + random.below(7);
    for (let i = 0; i <= arms; i++) {
      this.#code(op.block);
      this.#out.u8(BLOCK_EMPTY);
    }
    this.#labels += arms + 1;
    this.#expression("i", 1);
    this.#code(op.brTable);
    this.#out.u32(arms);
    for (let i = 0; i <= arms; i++) this.#out.u32(random.chance(80) ? i : random.below(arms + 1));
    for (let left = arms; left >= 1; left--) {
      this.#labels--;
      this.#code(op.end);
      this.#statement(goal, nesting + arms);
      if (random.chance(70)) {
        this.#indexed(op.br, left - 1);
        // What follows is the end of the arm: compilers leave no dead code either.
      }
    }
    this.#labels--;
    this.#code(op.end);
  }
}
