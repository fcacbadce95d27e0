// A module that stands between a guest and host.wat: they import each other, so one of the two directions
// goes through a table that is filled last. It exports a trampoline for every import of the guest, and for
// every export that host.wat wants and a guest may lack a function `absent.NAME` that answers 0.
import { op } from "../../src/spec/opcodes.ts";
import { Writer } from "../../src/util/bytes.ts";
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import type { Export, FuncType, Import, Module } from "../../src/wasm/module.ts";

export interface Trampolines {
  readonly bytes: Uint8Array;
  /** Export names of host.wat, each with its place in the table. */
  readonly slots: readonly { readonly name: string; readonly slot: number }[];
}

/** `wasi.NAME` or `env.NAME`: what host.wat calls a host function. */
export function hostName(entry: { readonly module: string; readonly name: string }): string {
  return `${entry.module.startsWith("wasi") ? "wasi" : entry.module}.${entry.name}`;
}

function typeOf(module: Module, entry: Import): FuncType {
  if (entry.desc.kind !== "func") throw new Error(`${entry.name} is no function`);
  return module.types[entry.desc.type]!;
}

function constant(out: Writer, type: number): void {
  if (type === 0x7f) out.u8(op("i32.const"));
  else if (type === 0x7e) out.u8(op("i64.const"));
  else throw new Error(`no constant of type ${type}`);
  out.u8(0);
}

/** Trampolines for the imports of all variants of a module, to be shared by them. */
export function trampolines(guests: readonly Uint8Array[], host: Uint8Array): Trampolines {
  const modules = guests.map(decode);
  const other = decode(host);
  const offered = new Set(other.exports.map((one) => one.name));
  const types: FuncType[] = [];
  const exports: Export[] = [{ name: "table", kind: "table", index: 0 }];
  const slots: { name: string; slot: number }[] = [];
  const code = new Writer();
  const start: number[] = [];
  const end: number[] = [];
  const add = (name: string, type: FuncType, slot: number | null) => {
    exports.push({ name, kind: "func", index: start.length });
    start.push(code.length);
    code.u32(0);
    if (slot === null) for (const result of type.results) constant(code, result);
    else {
      for (const index of type.params.keys()) {
        code.u8(op("local.get"));
        code.u32(index);
      }
      code.u8(op("i32.const"));
      code.signed(slot);
      code.u8(op("call_indirect"));
      code.u32(types.length);
      code.u32(0);
    }
    code.u8(op("end"));
    end.push(code.length);
    types.push(type);
  };
  const seen = new Set<string>();
  const imports = modules.flatMap((module) => module.imports.map((entry) => ({ module, entry })));
  for (const { module, entry } of imports) {
    const name = hostName(entry);
    if (seen.has(name)) continue;
    seen.add(name);
    if (offered.has(name)) {
      slots.push({ name, slot: slots.length });
      add(name, typeOf(module, entry), slots.length - 1);
    } else add(name, typeOf(module, entry), null);
  }
  for (const entry of other.imports) {
    if (entry.desc.kind === "func") add(`absent.${entry.name}`, typeOf(other, entry), null);
  }
  const bytes = emit({
    types,
    imports: [],
    funcs: Uint32Array.from(types.keys()),
    tables: [{ min: slots.length, max: slots.length }],
    memories: [],
    globals: [],
    exports,
    start: null,
    elems: [],
    dataCount: null,
    bodies: { code: code.view(), start: Uint32Array.from(start), end: Uint32Array.from(end) },
    datas: [],
    customs: [],
  });
  return { bytes: bytes.slice(), slots };
}
