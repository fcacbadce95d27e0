// Facts of the WebAssembly binary format: magic, sections and their order, value types, kinds.
// Source: WebAssembly core specification 2.0, binary format.

/** `\0asm` and version 1, as the first eight bytes. */
export const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00] as const;

/** A component's or other layer's version field differs in bytes 4..7. */
export const LAYER_COMPONENT = [0x0d, 0x00, 0x01, 0x00] as const;

/** Sections by id in the order in which they must appear; `custom` may stand anywhere. */
export const sections = [
  { id: 1, name: "type", order: 1 },
  { id: 2, name: "import", order: 2 },
  { id: 3, name: "function", order: 3 },
  { id: 4, name: "table", order: 4 },
  { id: 5, name: "memory", order: 5 },
  { id: 6, name: "global", order: 6 },
  { id: 7, name: "export", order: 7 },
  { id: 8, name: "start", order: 8 },
  { id: 9, name: "element", order: 9 },
  { id: 12, name: "datacount", order: 10 },
  { id: 10, name: "code", order: 11 },
  { id: 11, name: "data", order: 12 },
  { id: 0, name: "custom", order: 0 },
] as const;

export type SectionName = (typeof sections)[number]["name"];

/** Value types by byte. externref and everything newer is outside the gate. */
export const valueTypes = [
  { byte: 0x7f, name: "i32", letter: "i" },
  { byte: 0x7e, name: "i64", letter: "I" },
  { byte: 0x7d, name: "f32", letter: "f" },
  { byte: 0x7c, name: "f64", letter: "F" },
  { byte: 0x7b, name: "v128", letter: "v" },
  { byte: 0x70, name: "funcref", letter: "r" },
] as const;

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;
export const FUNCREF = 0x70;
export const EXTERNREF = 0x6f;

/** Block type of no parameters and no results. */
export const BLOCK_EMPTY = 0x40;

/** Form byte of a function type. */
export const FUNC_FORM = 0x60;

/** Import and export kinds. */
export const KIND = { func: 0, table: 1, memory: 2, global: 3 } as const;

/** Bytes of a page of linear memory. */
export const PAGE = 65536;
