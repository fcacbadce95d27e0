// The walk behind `survey`: one body at a time, operand heights included, so that a frame can be estimated.
import { fail } from "../errors/failure.ts";
import { BLOCK_EMPTY, V128 } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import { OPCODE_SPACE, op, opcodes } from "../spec/opcodes.ts";
import { funcImports, type Module } from "../wasm/module.ts";
import { OP, Walker } from "../wasm/walker.ts";
import { IntList } from "./int-list.ts";

/** What a function does, as bits. */
export const DOES = {
  loop: 1,
  indirect: 2,
  bulk: 4,
  grow: 8,
  returns: 16,
  simd: 32,
  bulkElems: 64,
} as const;

/** Numbers that the survey keeps of each loop. */
export const LOOP_STRIDE = 4;

/** How branches lead back to a loop: a bit for conditional ones, and plain ones counted in the bits above. */
export const BACK = { perhaps: 1, always: 2 } as const;

const POPS = new Int8Array(OPCODE_SPACE);
const PUSHES = new Int8Array(OPCODE_SPACE);
const special = new Uint8Array(OPCODE_SPACE);
const KIND = new Uint8Array(OPCODE_SPACE);
const kinds = [
  "",
  "local",
  "global",
  "table",
  "data-memory",
  "data",
  "elem-table",
  "elem",
  "table-table",
];
for (const row of opcodes) {
  KIND[row.code] = Math.max(0, kinds.indexOf(row.imm));
  if (row.sig === "*") {
    special[row.code] = 1;
    continue;
  }
  const [pops, pushes] = row.sig.split(":") as [string, string];
  POPS[row.code] = pops.length;
  PUSHES[row.code] = pushes.length;
}
const STACK = {
  drop: op("drop"),
  select: op("select"),
  selectT: op("select t"),
  localGet: op("local.get"),
  localSet: op("local.set"),
  globalGet: op("global.get"),
  globalSet: op("global.set"),
  tableGrow: op("table.grow"),
} as const;
const BULK_BYTES = new Set([op("memory.copy"), op("memory.fill"), op("memory.init")]);
const BULK_ELEMS = new Set([
  op("table.copy"),
  op("table.fill"),
  op("table.init"),
  op("table.grow"),
]);

/** 1 for the opcodes that `bulkBytes` precedes, 2 for those that `bulkElems` precedes. */
export const bulkKind: Uint8Array = (() => {
  const table = new Uint8Array(OPCODE_SPACE);
  for (const code of BULK_BYTES) table[code] = 1;
  for (const code of BULK_ELEMS) table[code] = 2;
  return table;
})();

/** Operands that a template may push on top of the guest's, in values. */
const TEMPLATE_HEIGHT = 2;

const SIMD_FIRST = 0x200;
const EMPTY_BLOCK = -1 - BLOCK_EMPTY;
const WIDE_BLOCK = -1 - V128;

export class Surveyor {
  readonly #module: Module;
  readonly #walker = new Walker();
  readonly typeOf: Int32Array;
  readonly imported: number;
  readonly calls = new IntList();
  readonly indirects = new IntList();
  readonly loops = new IntList();
  readonly refFuncs = new Set<number>();
  readonly grownTables = new Set<number>();
  namesData = false;
  #height = 0;
  #most = 0;
  #args = 1;
  #flags = 0;
  readonly #base = new Int32Array(limits.nesting + 1);
  readonly #results = new Int32Array(limits.nesting + 1);
  readonly #params = new Int32Array(limits.nesting + 1);
  /** By frame that is a loop: where its numbers are in `loops`. */
  readonly #loop = new Int32Array(limits.nesting + 1);
  /** Types and globals with v128 in them: whoever touches one is taken to hold v128 operands. */
  readonly #wideType: Uint8Array;
  readonly #open: number[] = [];

  constructor(module: Module) {
    this.#module = module;
    const imported = funcImports(module);
    this.imported = imported.length;
    this.typeOf = new Int32Array(imported.length + module.funcs.length);
    for (let i = 0; i < imported.length; i++) {
      const desc = imported[i]!.desc;
      this.typeOf[i] = desc.kind === "func" ? desc.type : 0;
    }
    this.typeOf.set(module.funcs, imported.length);
    this.#wideType = Uint8Array.from(module.types, (type) =>
      type.params.includes(V128) || type.results.includes(V128) ? 1 : 0,
    );
  }

  #index(what: string, index: number, count: number): void {
    if (index >= count) fail("wasm-index", { what, index, count }, this.#walker.where());
  }

  #pop(count: number): void {
    this.#height -= count;
    if (this.#height < this.#base[this.#walker.depth]!) {
      fail(
        "wasm-body",
        { what: "an instruction takes more operands than there are" },
        this.#walker.where(),
      );
    }
  }

  #push(count: number): void {
    this.#height += count;
    if (this.#height > this.#most) this.#most = this.#height;
  }

  /** Parameters and results of the current block type. */
  #arity(blockType: number): { params: number; results: number } {
    if (blockType < 0) {
      if (blockType === WIDE_BLOCK) this.#flags |= DOES.simd;
      return { params: 0, results: blockType === EMPTY_BLOCK ? 0 : 1 };
    }
    this.#index("type", blockType, this.#module.types.length);
    if (this.#wideType[blockType] === 1) this.#flags |= DOES.simd;
    const type = this.#module.types[blockType]!;
    return { params: type.params.length, results: type.results.length };
  }

  #enter(): void {
    const w = this.#walker;
    if (w.code === OP.if) {
      this.#height--;
      if (this.#height < this.#base[w.depth - 1]!) this.#pop(0);
    }
    const { params, results } = this.#arity(w.a);
    this.#base[w.depth] = this.#height - params;
    this.#params[w.depth] = params;
    this.#results[w.depth] = results;
    if (this.#base[w.depth]! < this.#base[w.depth - 1]!) {
      fail("wasm-body", { what: "a block takes more operands than there are" }, w.where());
    }
    if (w.code === OP.loop) {
      this.#flags |= DOES.loop;
      this.#open.push(this.loops.length);
      this.#loop[w.depth] = this.loops.length;
      this.loops.push(this.calls.length);
      for (let k = 1; k < LOOP_STRIDE; k++) this.loops.push(0);
    }
  }

  #leave(): void {
    const w = this.#walker;
    this.#height = this.#base[w.depth]!;
    if (w.code === OP.else) {
      this.#push(this.#params[w.depth]!);
      return;
    }
    this.#push(this.#results[w.depth]!);
    if (w.frameCode[w.depth] !== OP.loop) return;
    const loop = this.#open.pop()!;
    this.loops.set(loop + 1, this.calls.length);
  }

  /** Marks every open loop as one whose fuel someone else may observe. */
  #observe(): void {
    for (const loop of this.#open) this.loops.set(loop + 2, 1);
  }

  #branch(label: number, how: number): void {
    const w = this.#walker;
    const frame = w.depth - label;
    if (frame === 0) this.#flags |= DOES.returns;
    else if (w.frameCode[frame] === OP.loop) {
      const back = this.#loop[frame]! + 3;
      const ways = this.loops.get(back);
      this.loops.set(back, how === BACK.perhaps ? ways | how : ways + how);
    }
  }

  #call(typeIndex: number, extra: number): void {
    const type = this.#module.types[typeIndex]!;
    if (this.#wideType[typeIndex] === 1) this.#flags |= DOES.simd;
    this.#pop(type.params.length + extra);
    this.#push(type.results.length);
    if (type.params.length > this.#args) this.#args = type.params.length;
  }

  #special(code: number): void {
    const w = this.#walker;
    switch (code) {
      case OP.block:
      case OP.loop:
      case OP.if:
        this.#enter();
        return;
      case OP.else:
      case OP.end:
        this.#leave();
        return;
      case OP.return:
        this.#flags |= DOES.returns;
        return;
      case OP.br:
      case OP.brIf:
      case OP.brTable:
        if (code !== OP.br) this.#pop(1);
        if (code === OP.brTable) {
          for (let i = 0; i < w.targetCount; i++) this.#branch(w.targets[i]!, BACK.perhaps);
        } else this.#branch(w.a, code === OP.br ? BACK.always : BACK.perhaps);
        return;
      case OP.call:
        this.#index("function", w.a, this.typeOf.length);
        this.calls.push(w.a);
        this.#call(this.typeOf[w.a]!, 0);
        return;
      case OP.callIndirect:
        this.#index("type", w.a, this.#module.types.length);
        this.#index("table", w.b, this.#module.tables.length);
        this.#flags |= DOES.indirect;
        this.indirects.push(w.a);
        this.#observe();
        this.#call(w.a, 1);
        return;
      case STACK.drop:
      case STACK.localSet:
      case STACK.globalSet:
        this.#pop(1);
        return;
      case STACK.select:
      case STACK.selectT:
        this.#pop(3);
        this.#push(1);
        return;
      case STACK.localGet:
      case STACK.globalGet:
        this.#push(1);
        return;
    }
  }

  #checkImmediate(code: number, locals: number): void {
    const w = this.#walker;
    const m = this.#module;
    switch (KIND[code]) {
      case 1:
        if (w.a >= locals) this.#index("local", w.a, locals);
        return;
      case 2:
        this.#index("global", w.a, m.globals.length);
        if (m.globals[w.a]!.type === V128) this.#flags |= DOES.simd;
        return;
      case 3:
        this.#index("table", w.a, m.tables.length);
        if (code === STACK.tableGrow) this.grownTables.add(w.a);
        return;
      case 4:
      case 5:
        this.namesData = true;
        this.#index("data segment", w.a, m.datas.length);
        return;
      case 6:
        this.#index("table", w.b, m.tables.length);
        this.#index("element segment", w.a, m.elems.length);
        return;
      case 7:
        this.#index("element segment", w.a, m.elems.length);
        return;
      case 8:
        this.#index("table", w.a, m.tables.length);
        this.#index("table", w.b, m.tables.length);
        return;
    }
  }

  /** Walks defined function i; answers its flags, frame and slots of locals. */
  walk(i: number): { flags: number; frame: number; slots: number } {
    const { code: bytes, start, end } = this.#module.bodies;
    const w = this.#walker;
    const func = this.imported + i;
    const type = this.#module.types[this.#module.funcs[i]!]!;
    w.open(bytes, start[i]!, end[i]!, func);
    this.#height = 0;
    this.#most = 0;
    this.#args = 1;
    this.#flags = 0;
    this.#open.length = 0;
    this.#base[0] = 0;
    this.#params[0] = 0;
    this.#results[0] = type.results.length;
    let declared = 0;
    for (let g = 0; g < w.localGroups; g++) {
      const count = w.localCounts[g]!;
      const wide = w.localTypes[g] === V128;
      declared += count * (wide ? 2 : 1);
      if (wide && count > 0) this.#flags |= DOES.simd;
    }
    const locals = type.params.length + w.localTotal;
    for (let code = w.next(); code >= 0; code = w.next()) {
      if (special[code] === 1) {
        this.#special(code);
      } else {
        this.#pop(POPS[code]!);
        this.#push(PUSHES[code]!);
        if (bulkKind[code] !== 0) {
          this.#flags |= bulkKind[code] === 1 ? DOES.bulk : DOES.bulkElems;
          this.#observe();
        } else if (code === OP.memoryGrow) {
          this.#flags |= DOES.grow;
          this.#observe();
        } else if (code === OP.refFunc) {
          this.#index("function", w.a, this.typeOf.length);
          this.refFuncs.add(w.a);
        } else if (code >= SIMD_FIRST) this.#flags |= DOES.simd;
      }
      if (KIND[code] !== 0) this.#checkImmediate(code, locals);
    }
    if (this.#wideType[this.#module.funcs[i]!] === 1) this.#flags |= DOES.simd;
    return { flags: this.#flags, frame: this.#frame(type.params.length), slots: declared };
  }

  /** Rule A26, with room for the fuel local and the templates' operands. */
  #frame(params: number): number {
    const wide = (this.#flags & DOES.simd) !== 0;
    const w = this.#walker;
    const slots = params + w.localTotal + 1 + this.#most + TEMPLATE_HEIGHT;
    return 128 + 8 * slots * (wide ? 3 : 1) + 16 * this.#args;
  }
}
