// Module to bytes: sections in order, every LEB128 in its shortest form. What was canonical on the way in
// comes out byte for byte.
import { FUNC_FORM, FUNCREF, KIND, PREAMBLE, type SectionName, sections } from "../spec/binary.ts";
import { Writer } from "../util/bytes.ts";
import { writeConst } from "./const-expr.ts";
import type { Elem, ImportDesc, Limits, Module } from "./module.ts";

function writeLimits(out: Writer, limits: Limits): void {
  out.u8(limits.max === null ? 0 : 1);
  out.u32(limits.min);
  if (limits.max !== null) out.u32(limits.max);
}

function writeTypeList(out: Writer, types: readonly number[]): void {
  out.u32(types.length);
  for (const type of types) out.u8(type);
}

function writeElem(out: Writer, elem: Elem): void {
  out.u32(elem.flags);
  if (elem.offset !== null) {
    if ((elem.flags & 2) !== 0) out.u32(elem.table);
    writeConst(out, elem.offset);
  }
  const expressions = (elem.flags & 4) !== 0;
  if ((elem.flags & 3) !== 0) out.u8(expressions ? FUNCREF : 0);
  out.u32(elem.items.length);
  for (const item of elem.items) {
    if (!expressions) out.u32(item!);
    else if (item === null) writeConst(out, { op: "ref.null" });
    else writeConst(out, { op: "ref.func", func: item });
  }
}

function writeImportDesc(out: Writer, desc: ImportDesc): void {
  out.u8(KIND[desc.kind]);
  if (desc.kind === "func") {
    out.u32(desc.type);
  } else if (desc.kind === "global") {
    out.u8(desc.type);
    out.u8(desc.mutable ? 1 : 0);
  } else {
    if (desc.kind === "table") out.u8(FUNCREF);
    writeLimits(out, desc.limits);
  }
}

type Content = (out: Writer, module: Module) => number;

/** Each writes its count and entries, and answers how many entries there are (0: no section). */
const writers: Readonly<Record<Exclude<SectionName, "custom">, Content>> = {
  type(out, { types }) {
    out.u32(types.length);
    for (const type of types) {
      out.u8(FUNC_FORM);
      writeTypeList(out, type.params);
      writeTypeList(out, type.results);
    }
    return types.length;
  },
  import(out, { imports }) {
    out.u32(imports.length);
    for (const entry of imports) {
      out.name(entry.module);
      out.name(entry.name);
      writeImportDesc(out, entry.desc);
    }
    return imports.length;
  },
  function(out, { funcs }) {
    out.u32(funcs.length);
    for (const type of funcs) out.u32(type);
    return funcs.length;
  },
  table(out, { tables }) {
    out.u32(tables.length);
    for (const table of tables) {
      out.u8(FUNCREF);
      writeLimits(out, table);
    }
    return tables.length;
  },
  memory(out, { memories }) {
    out.u32(memories.length);
    for (const memory of memories) writeLimits(out, memory);
    return memories.length;
  },
  global(out, { globals }) {
    out.u32(globals.length);
    for (const global of globals) {
      out.u8(global.type);
      out.u8(global.mutable ? 1 : 0);
      writeConst(out, global.init);
    }
    return globals.length;
  },
  export(out, { exports }) {
    out.u32(exports.length);
    for (const entry of exports) {
      out.name(entry.name);
      out.u8(KIND[entry.kind]);
      out.u32(entry.index);
    }
    return exports.length;
  },
  start(out, { start }) {
    if (start === null) return 0;
    out.u32(start);
    return 1;
  },
  element(out, { elems }) {
    out.u32(elems.length);
    for (const elem of elems) writeElem(out, elem);
    return elems.length;
  },
  datacount(out, { dataCount }) {
    if (dataCount === null) return 0;
    out.u32(dataCount);
    return 1;
  },
  code(out, { bodies }) {
    const count = bodies.start.length;
    out.u32(count);
    for (let i = 0; i < count; i++) {
      const from = bodies.start[i]!;
      const to = bodies.end[i]!;
      out.u32(to - from);
      out.slice(bodies.code, from, to);
    }
    return count;
  },
  data(out, { datas }) {
    out.u32(datas.length);
    for (const data of datas) {
      out.u8(data.offset === null ? 1 : 0);
      if (data.offset !== null) writeConst(out, data.offset);
      out.u32(data.bytes.length);
      out.raw(data.bytes);
    }
    return datas.length;
  },
};

function writeCustoms(out: Writer, module: Module, after: number): void {
  for (const custom of module.customs) {
    if (custom.after !== after) continue;
    const inner = new Writer(custom.bytes.length + custom.name.length + 8);
    inner.name(custom.name);
    inner.raw(custom.bytes);
    out.u8(0);
    out.sized(inner);
  }
}

/** Bytes that the code and data sections will take, roughly: the first reservation. */
function roughSize(module: Module): number {
  let size = 65536;
  for (const data of module.datas) size += data.bytes.length + 16;
  const { start, end } = module.bodies;
  for (let i = 0; i < start.length; i++) size += end[i]! - start[i]! + 5;
  for (const custom of module.customs) size += custom.bytes.length + 32;
  return size;
}

/** Encodes a module canonically. */
export function emit(module: Module): Uint8Array {
  const out = new Writer(roughSize(module));
  out.raw(PREAMBLE);
  writeCustoms(out, module, 0);
  const scratch = new Writer(65536);
  for (const row of sections) {
    if (row.name === "custom") continue;
    scratch.clear();
    if (writers[row.name](scratch, module) > 0) {
      out.u8(row.id);
      out.sized(scratch);
    }
    writeCustoms(out, module, row.order);
  }
  return out.view();
}
