// One reader per section. Each leaves the reader at the section's end if the section is well formed; the
// caller checks that it did.
import { fail } from "../errors/failure.ts";
import { EXTERNREF, FUNC_FORM, FUNCREF, valueTypes } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import { readConst } from "./const-expr.ts";
import type {
  Bodies,
  Data,
  Elem,
  ElemItem,
  Export,
  ExportKind,
  FuncType,
  Global,
  Import,
  Limits,
} from "./module.ts";
import type { Reader } from "./reader.ts";

/** A module while its sections are being read. */
export interface DraftModule {
  types: FuncType[];
  imports: Import[];
  importedFuncs: number;
  funcs: Uint32Array;
  tables: Limits[];
  memories: Limits[];
  globals: Global[];
  exports: Export[];
  start: number | null;
  elems: Elem[];
  dataCount: number | null;
  bodies: Bodies;
  datas: Data[];
}

const MAX_PAGES = 65536;
const isValueType = new Uint8Array(256);
for (const row of valueTypes) isValueType[row.byte] = 1;

/** Reads a value type inside the gate. */
export function readValueType(reader: Reader, what: string): number {
  const at = reader.pos;
  const byte = reader.u8(what);
  if (isValueType[byte] === 1) return byte;
  if (byte === EXTERNREF) fail("wasm-feature", { feature: "externref" }, reader.where(at));
  if (byte === 0x63 || byte === 0x64 || (byte >= 0x65 && byte <= 0x6e)) {
    fail("wasm-feature", { feature: "typed references" }, reader.where(at));
  }
  return fail("wasm-malformed", { what, expected: "a value type", found: byte }, reader.where(at));
}

function checkIndex(reader: Reader, at: number, what: string, index: number, count: number): void {
  if (index >= count) fail("wasm-index", { what, index, count }, reader.where(at));
}

export function readTypes(reader: Reader, draft: DraftModule): void {
  const count = reader.count("types", limits.types, 3);
  for (let i = 0; i < count; i++) {
    const at = reader.pos;
    const form = reader.u8("a type");
    if (form !== FUNC_FORM) {
      if (form >= 0x4d && form <= 0x5f) {
        fail("wasm-feature", { feature: "garbage collection types" }, reader.where(at));
      }
      fail("wasm-malformed", { what: "a type", expected: "0x60", found: form }, reader.where(at));
    }
    const params: number[] = [];
    for (let n = reader.count("parameters", limits.params); n > 0; n--) {
      params.push(readValueType(reader, "a parameter's type"));
    }
    const results: number[] = [];
    for (let n = reader.count("results", limits.results); n > 0; n--) {
      results.push(readValueType(reader, "a result's type"));
    }
    draft.types.push({ params, results });
  }
}

function readLimits(reader: Reader, what: string, ceiling: number): Limits {
  const at = reader.pos;
  const flags = reader.u8(what);
  if (flags > 1) {
    const feature =
      flags === 2 || flags === 3
        ? "threads (shared memory)"
        : flags < 8
          ? "memory64"
          : "custom page sizes";
    fail("wasm-feature", { feature }, reader.where(at));
  }
  const min = reader.u32(`${what} minimum`);
  const max = flags === 1 ? reader.u32(`${what} maximum`) : null;
  const most = Math.max(min, max ?? 0);
  if (most > ceiling) fail("wasm-limit", { what, found: most, limit: ceiling }, reader.where(at));
  if (max !== null && max < min) {
    const expected = `a maximum of at least ${min}`;
    fail("wasm-malformed", { what, expected, found: max }, reader.where(at));
  }
  return { min, max };
}

function readTableType(reader: Reader): Limits {
  const at = reader.pos;
  const type = readValueType(reader, "a table's type");
  if (type !== FUNCREF) {
    fail("wasm-malformed", { what: "a table", expected: "funcref", found: type }, reader.where(at));
  }
  return readLimits(reader, "a table", 0xffffffff);
}

function readMutability(reader: Reader): boolean {
  const at = reader.pos;
  const byte = reader.u8("a global's mutability");
  if (byte > 1) {
    const feature = "shared globals";
    if (byte === 2 || byte === 3) fail("wasm-feature", { feature }, reader.where(at));
    fail(
      "wasm-malformed",
      { what: "mutability", expected: "0 or 1", found: byte },
      reader.where(at),
    );
  }
  return byte === 1;
}

export function readImports(reader: Reader, draft: DraftModule): void {
  const count = reader.count("imports", limits.imports, 4);
  for (let i = 0; i < count; i++) {
    const offset = reader.pos;
    const module = reader.name("an import's module", limits.nameBytes);
    const name = reader.name("an import's name", limits.nameBytes);
    const at = reader.pos;
    const kind = reader.u8("an import's kind");
    if (kind === 0) {
      const type = reader.u32("an import's type");
      checkIndex(reader, at, "type", type, draft.types.length);
      draft.imports.push({ module, name, desc: { kind: "func", type }, offset });
      draft.importedFuncs++;
    } else if (kind === 1) {
      const limits = readTableType(reader);
      draft.imports.push({ module, name, desc: { kind: "table", limits }, offset });
    } else if (kind === 2) {
      const limits = readLimits(reader, "a memory", MAX_PAGES);
      draft.imports.push({ module, name, desc: { kind: "memory", limits }, offset });
    } else if (kind === 3) {
      const type = readValueType(reader, "a global's type");
      const mutable = readMutability(reader);
      draft.imports.push({ module, name, desc: { kind: "global", type, mutable }, offset });
    } else if (kind === 4) {
      fail("wasm-feature", { feature: "exceptions" }, reader.where(at));
    } else {
      fail(
        "wasm-malformed",
        { what: "an import's kind", expected: "0 to 3", found: kind },
        reader.where(at),
      );
    }
  }
}

export function readFunctions(reader: Reader, draft: DraftModule): void {
  const count = reader.count("functions", limits.functions);
  draft.funcs = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const at = reader.pos;
    const type = reader.u32("a function's type");
    checkIndex(reader, at, "type", type, draft.types.length);
    draft.funcs[i] = type;
  }
}

export function readTables(reader: Reader, draft: DraftModule): void {
  const count = reader.count("tables", limits.tables, 3);
  for (let i = 0; i < count; i++) draft.tables.push(readTableType(reader));
}

export function readMemories(reader: Reader, draft: DraftModule): void {
  const count = reader.count("memories", 100, 2);
  for (let i = 0; i < count; i++) draft.memories.push(readLimits(reader, "a memory", MAX_PAGES));
}

export function readGlobals(reader: Reader, draft: DraftModule): void {
  const count = reader.count("globals", limits.globals, 4);
  for (let i = 0; i < count; i++) {
    const type = readValueType(reader, "a global's type");
    const mutable = readMutability(reader);
    draft.globals.push({ type, mutable, init: readConst(reader) });
  }
}

const exportKinds: readonly ExportKind[] = ["func", "table", "memory", "global"];

export function readExports(reader: Reader, draft: DraftModule): void {
  const count = reader.count("exports", limits.exports, 3);
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const start = reader.pos;
    const name = reader.name("an export's name", limits.nameBytes);
    if (seen.has(name)) fail("wasm-duplicate-export", { name }, reader.where(start));
    seen.add(name);
    const at = reader.pos;
    const byte = reader.u8("an export's kind");
    const kind = exportKinds[byte];
    if (kind === undefined) {
      if (byte === 4) fail("wasm-feature", { feature: "exceptions" }, reader.where(at));
      fail(
        "wasm-malformed",
        { what: "an export's kind", expected: "0 to 3", found: byte },
        reader.where(at),
      );
    }
    const index = reader.u32("an export's index");
    checkIndex(reader, at, kind === "func" ? "function" : kind, index, spaceOf(kind, draft));
    draft.exports.push({ name, kind, index });
  }
}

function spaceOf(kind: ExportKind, draft: DraftModule): number {
  const imported = draft.imports.filter((entry) => entry.desc.kind === kind).length;
  if (kind === "func") return imported + draft.funcs.length;
  if (kind === "table") return imported + draft.tables.length;
  if (kind === "memory") return imported + draft.memories.length;
  return imported + draft.globals.length;
}

export function readStart(reader: Reader, draft: DraftModule): void {
  const at = reader.pos;
  const func = reader.u32("the start function");
  checkIndex(reader, at, "function", func, spaceOf("func", draft));
  draft.start = func;
}

/** Segments by flags: bit 0 passive or declarative, bit 1 explicit table or declarative, bit 2 expressions. */
export function readElements(reader: Reader, draft: DraftModule): void {
  const count = reader.count("element segments", limits.elemSegments, 2);
  const functions = spaceOf("func", draft);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const at = reader.pos;
    const flags = reader.u32("an element segment");
    if (flags > 7) {
      const expected = "flags 0 to 7";
      fail(
        "wasm-malformed",
        { what: "an element segment", expected, found: flags },
        reader.where(at),
      );
    }
    const active = (flags & 1) === 0;
    const table = active && (flags & 2) !== 0 ? reader.u32("a segment's table") : 0;
    if (active) checkIndex(reader, at, "table", table, spaceOf("table", draft));
    const offset = active ? readConst(reader) : null;
    const expressions = (flags & 4) !== 0;
    if ((flags & 3) !== 0) readElemKind(reader, expressions);
    const size = reader.count("elements", limits.elemEntries);
    total += size;
    if (total > limits.elemEntries) {
      const limit = limits.elemEntries;
      fail(
        "wasm-limit",
        { what: "elements of all segments", found: total, limit },
        reader.where(at),
      );
    }
    const items: ElemItem[] = new Array(size);
    for (let k = 0; k < size; k++) {
      items[k] = expressions ? readElemExpr(reader) : reader.u32("an element");
      const item = items[k]!;
      if (item !== null) checkIndex(reader, at, "function", item, functions);
    }
    draft.elems.push({ flags, table, offset, items });
  }
}

function readElemKind(reader: Reader, expressions: boolean): void {
  const at = reader.pos;
  if (expressions) {
    const type = readValueType(reader, "a segment's type");
    if (type === FUNCREF) return;
    fail(
      "wasm-malformed",
      { what: "a segment's type", expected: "funcref", found: type },
      reader.where(at),
    );
  }
  const kind = reader.u8("a segment's kind");
  if (kind !== 0) {
    fail(
      "wasm-malformed",
      { what: "a segment's kind", expected: "0", found: kind },
      reader.where(at),
    );
  }
}

function readElemExpr(reader: Reader): ElemItem {
  const at = reader.pos;
  const expr = readConst(reader);
  if (expr.op === "ref.func") return expr.func;
  if (expr.op === "ref.null") return null;
  if (expr.op === "global.get") {
    fail("wasm-feature", { feature: "globals as elements" }, reader.where(at));
  }
  const expected = "ref.func or ref.null";
  return fail("wasm-malformed", { what: "an element", expected, found: expr.op }, reader.where(at));
}

export function readDataCount(reader: Reader, draft: DraftModule): void {
  draft.dataCount = reader.u32("the number of data segments");
}

export function readCode(reader: Reader, draft: DraftModule): void {
  const count = reader.count("bodies", limits.functions, 2);
  const start = new Uint32Array(count);
  const end = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const at = reader.pos;
    const size = reader.u32("a body's size");
    if (size > reader.end - reader.pos)
      fail("wasm-truncated", { what: `body ${i}` }, reader.where(at));
    if (size > limits.bodyBytes) {
      const limit = limits.bodyBytes;
      fail("wasm-limit", { what: `bytes of body ${i}`, found: size, limit }, reader.where(at));
    }
    start[i] = reader.pos;
    reader.pos += size;
    end[i] = reader.pos;
  }
  draft.bodies = { code: reader.bytes, start, end };
}

export function readData(reader: Reader, draft: DraftModule): void {
  const count = reader.count("data segments", limits.dataSegments, 2);
  for (let i = 0; i < count; i++) {
    const at = reader.pos;
    const flags = reader.u32("a data segment");
    if (flags > 2) {
      const expected = "flags 0 to 2";
      fail("wasm-malformed", { what: "a data segment", expected, found: flags }, reader.where(at));
    }
    if (flags === 2 && reader.u32("a segment's memory") !== 0) {
      fail("wasm-feature", { feature: "multiple memories" }, reader.where(at));
    }
    const offset = flags === 1 ? null : readConst(reader);
    const size = reader.u32("a data segment's size");
    draft.datas.push({ offset, bytes: reader.view(size, "a data segment") } satisfies Data);
  }
}
