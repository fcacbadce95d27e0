// Bytes to Module: strict about order, lengths, counts and encodings. Bodies are not walked here. Whatever
// the bytes are, this returns a Module or throws a Failure blamed on the input.
import { fail } from "../errors/failure.ts";
import { LAYER_COMPONENT, PREAMBLE, type SectionName, sections } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import {
  type DraftModule,
  readCode,
  readData,
  readDataCount,
  readElements,
  readExports,
  readFunctions,
  readGlobals,
  readImports,
  readMemories,
  readStart,
  readTables,
  readTypes,
} from "./decode-sections.ts";
import type { Custom, Module } from "./module.ts";
import { Reader } from "./reader.ts";

const readers: Readonly<
  Record<Exclude<SectionName, "custom">, (r: Reader, m: DraftModule) => void>
> = {
  type: readTypes,
  import: readImports,
  function: readFunctions,
  table: readTables,
  memory: readMemories,
  global: readGlobals,
  export: readExports,
  start: readStart,
  element: readElements,
  datacount: readDataCount,
  code: readCode,
  data: readData,
};

const byId = new Map<number, (typeof sections)[number]>(sections.map((row) => [row.id, row]));

function hex(bytes: Uint8Array): string {
  return bytes.length === 0
    ? "nothing"
    : [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function checkPreamble(bytes: Uint8Array): void {
  const where = { at: "bytes", offset: 0, section: "header" } as const;
  const magic = bytes.subarray(0, 4);
  if (!PREAMBLE.slice(0, 4).every((byte, i) => magic[i] === byte)) {
    fail("wasm-not-wasm", { found: hex(magic) }, where);
  }
  const version = bytes.subarray(4, 8);
  if (version.length < 4) fail("wasm-truncated", { what: "the header" }, where);
  if (LAYER_COMPONENT.every((byte, i) => version[i] === byte)) fail("wasm-component", {}, where);
  if (!PREAMBLE.slice(4).every((byte, i) => version[i] === byte)) {
    fail("wasm-version", { found: hex(version) }, where);
  }
}

function readCustom(reader: Reader, after: number, customs: Custom[]): void {
  if (customs.length >= limits.customSections) {
    const what = "custom sections";
    fail(
      "wasm-limit",
      { what, found: customs.length + 1, limit: limits.customSections },
      reader.where(),
    );
  }
  const name = reader.name("a custom section's name", limits.nameBytes);
  const bytes = reader.view(reader.end - reader.pos, "a custom section");
  customs.push({ name, bytes, after });
}

/**
 * Decodes a core module. Views into `bytes` are kept, so the caller must not change them afterwards.
 * Throws a Failure with a `wasm-…` code, the section and the byte offset.
 */
export function decode(bytes: Uint8Array): Module {
  if (bytes.length > limits.moduleBytes) {
    const found = `${bytes.length} bytes`;
    fail("wasm-limit", { what: "module size", found, limit: limits.moduleBytes });
  }
  checkPreamble(bytes);
  const draft: DraftModule = {
    types: [],
    imports: [],
    importedFuncs: 0,
    funcs: new Uint32Array(0),
    tables: [],
    memories: [],
    globals: [],
    exports: [],
    start: null,
    elems: [],
    dataCount: null,
    bodies: { code: bytes, start: new Uint32Array(0), end: new Uint32Array(0) },
    datas: [],
  };
  const customs: Custom[] = [];
  const places: Partial<Record<SectionName, number>> = {};
  const reader = new Reader(bytes, 8);
  let last: { order: number; name: string } = { order: 0, name: "header" };
  while (reader.pos < bytes.length) {
    reader.end = bytes.length;
    reader.section = "header";
    const at = reader.pos;
    const id = reader.u8("a section's id");
    const row = byId.get(id);
    if (row === undefined) fail("wasm-section-unknown", { id }, reader.where(at));
    reader.section = row.name;
    const size = reader.u32("a section's size");
    if (size > bytes.length - reader.pos) {
      fail("wasm-truncated", { what: `the ${row.name} section` }, reader.where(at));
    }
    const from = reader.pos;
    reader.end = from + size;
    if (row.name === "custom") {
      readCustom(reader, last.order, customs);
      continue;
    }
    if (row.order <= last.order) {
      fail("wasm-section-order", { section: row.name, previous: last.name }, reader.where(at));
    }
    last = row;
    places[row.name] = from;
    readers[row.name](reader, draft);
    if (reader.pos !== reader.end) {
      const took = reader.pos - from;
      fail("wasm-section-size", { section: row.name, said: size, took }, reader.where(from));
    }
  }
  checkCounts(draft, bytes.length);
  const { importedFuncs: _, ...module } = draft;
  return { ...module, customs, places };
}

function checkCounts(draft: DraftModule, end: number): void {
  const where = { at: "bytes", offset: end } as const;
  const bodies = draft.bodies.start.length;
  if (draft.funcs.length !== bodies) {
    const what = "the function and code sections differ in their number of functions";
    fail("wasm-count", { what, left: draft.funcs.length, right: bodies }, where);
  }
  if (draft.dataCount !== null && draft.dataCount !== draft.datas.length) {
    const what = "the datacount and data sections differ in their number of segments";
    fail("wasm-count", { what, left: draft.dataCount, right: draft.datas.length }, where);
  }
}
