// A decoded module as plain data. Function bodies stay bytes: `bodies` says where each one lies in `code`.
// Indices are those of the binary; nothing here knows about proxy-wasm or about hardening.

import type { SectionName } from "../spec/binary.ts";

export interface FuncType {
  /** Value type bytes. */
  readonly params: readonly number[];
  readonly results: readonly number[];
}

export interface Limits {
  readonly min: number;
  readonly max: number | null;
}

export type ImportDesc =
  | { readonly kind: "func"; readonly type: number }
  | { readonly kind: "table" | "memory"; readonly limits: Limits }
  | { readonly kind: "global"; readonly type: number; readonly mutable: boolean };

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly desc: ImportDesc;
  /** Byte offset of the entry, for messages. */
  readonly offset: number;
}

/** A constant expression of one instruction, its `end` implied. */
export type ConstExpr =
  | { readonly op: "i32.const"; readonly value: number }
  | { readonly op: "i64.const"; readonly value: bigint }
  | { readonly op: "f32.const" | "f64.const" | "v128.const"; readonly bytes: Uint8Array }
  | { readonly op: "ref.null" }
  | { readonly op: "ref.func"; readonly func: number }
  | { readonly op: "global.get"; readonly global: number };

export interface Global {
  readonly type: number;
  readonly mutable: boolean;
  readonly init: ConstExpr;
}

export type ExportKind = "func" | "table" | "memory" | "global";

export interface Export {
  readonly name: string;
  readonly kind: ExportKind;
  readonly index: number;
}

export interface Elem {
  /** 0 to 7, as in the binary: which of mode, table and form are written out. */
  readonly flags: number;
  readonly table: number;
  /** Null for passive and declarative segments. */
  readonly offset: ConstExpr | null;
  readonly items: readonly ElemItem[];
}

/** A function index, or null for `ref.null func`. */
export type ElemItem = number | null;

export interface Data {
  /** Null for passive segments. */
  readonly offset: ConstExpr | null;
  readonly bytes: Uint8Array;
}

export interface Custom {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Order number of the section that it follows, 0 for the front. */
  readonly after: number;
}

export interface Bodies {
  /** The buffer that holds the bodies: the input itself, or what a rewrite produced. */
  readonly code: Uint8Array;
  /** Offset of the body's first byte (its local declarations), by defined function. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

export interface Module {
  readonly types: readonly FuncType[];
  readonly imports: readonly Import[];
  /** Type index of each defined function. */
  readonly funcs: Uint32Array;
  readonly tables: readonly Limits[];
  readonly memories: readonly Limits[];
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly start: number | null;
  readonly elems: readonly Elem[];
  readonly dataCount: number | null;
  readonly bodies: Bodies;
  readonly datas: readonly Data[];
  readonly customs: readonly Custom[];
  /** Where the content of each section began, for messages; only decode knows. */
  readonly places?: Readonly<Partial<Record<SectionName, number>>>;
}

/** Function imports only, in index order. */
export function funcImports(module: Module): readonly Import[] {
  return module.imports.filter((entry) => entry.desc.kind === "func");
}

/** The type index of any function, imported or defined. */
export function funcTypeIndex(module: Module, imported: readonly Import[], func: number): number {
  if (func >= imported.length) return module.funcs[func - imported.length]!;
  const desc = imported[func]!.desc;
  return desc.kind === "func" ? desc.type : 0;
}

/** A type as text, e.g. `i32 i32 -> i32`; equal types give equal text. */
export function typeKey(type: FuncType): string {
  return `${type.params.join(" ")}>${type.results.join(" ")}`;
}

/** The place of a section, for a message about something in it. */
export function placeOf(module: Module, section: SectionName): BytesPlace {
  return { at: "bytes", offset: module.places?.[section] ?? 0, section };
}

interface BytesPlace {
  readonly at: "bytes";
  readonly offset: number;
  readonly section: string;
}
