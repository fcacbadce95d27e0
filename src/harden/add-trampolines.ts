// Pass: where a table, a `ref.func`, a global, an export or the start names an import, an ordinary function that
// calls it takes its place, so that only thunks ever name imports (rules A3, A4).
import { op } from "../spec/opcodes.ts";
import { Writer } from "../util/bytes.ts";
import type { ConstExpr, Module } from "../wasm/module.ts";

export interface Trampolined {
  readonly module: Module;
  /** What replaces an import where its address is taken; other functions stand for themselves. */
  readonly address: (func: number) => number;
}

function namedImports(module: Module, imported: number, inCode: Iterable<number>): number[] {
  const named = new Set<number>();
  const add = (func: number | null) => {
    if (func !== null && func < imported) named.add(func);
  };
  for (const elem of module.elems) for (const item of elem.items) add(item);
  for (const entry of module.exports) if (entry.kind === "func") add(entry.index);
  for (const global of module.globals) if (global.init.op === "ref.func") add(global.init.func);
  for (const func of inCode) add(func);
  add(module.start);
  return [...named].sort((a, b) => a - b);
}

function trampoline(func: number, params: number): Uint8Array {
  const out = new Writer(32);
  out.u8(0);
  for (let i = 0; i < params; i++) {
    out.u8(op("local.get"));
    out.u32(i);
  }
  out.u8(op("call"));
  out.u32(func);
  out.u8(op("end"));
  return out.view();
}

/** Appends trampolines; `inCode` holds the functions that `ref.func` names in bodies. */
export function addTrampolines(module: Module, inCode: Iterable<number>): Trampolined {
  const imported = module.imports.length;
  const named = namedImports(module, imported, inCode);
  if (named.length === 0) return { module, address: (func) => func };
  const first = imported + module.funcs.length;
  const place = new Map(named.map((func, i) => [func, first + i]));
  const address = (func: number): number => place.get(func) ?? func;
  const added = named.map((func) => {
    const desc = module.imports[func]!.desc;
    const type = desc.kind === "func" ? desc.type : 0;
    return { type, bytes: trampoline(func, module.types[type]!.params.length) };
  });
  const swap = (expr: ConstExpr): ConstExpr =>
    expr.op === "ref.func" ? { ...expr, func: address(expr.func) } : expr;
  return {
    address,
    module: {
      ...module,
      funcs: Uint32Array.from([...module.funcs, ...added.map((one) => one.type)]),
      bodies: appendBodies(
        module,
        added.map((one) => one.bytes),
      ),
      elems: module.elems.map((elem) => ({
        ...elem,
        items: elem.items.map((item) => (item === null ? null : address(item))),
      })),
      exports: module.exports.map((entry) =>
        entry.kind === "func" ? { ...entry, index: address(entry.index) } : entry,
      ),
      globals: module.globals.map((global) => ({ ...global, init: swap(global.init) })),
      start: module.start === null ? null : address(module.start),
    },
  };
}

function appendBodies(module: Module, added: readonly Uint8Array[]): Module["bodies"] {
  const { code, start, end } = module.bodies;
  const extra = added.reduce((sum, bytes) => sum + bytes.length, 0);
  const joined = new Uint8Array(code.length + extra);
  joined.set(code);
  const starts = [...start];
  const ends = [...end];
  let at = code.length;
  for (const bytes of added) {
    joined.set(bytes, at);
    starts.push(at);
    at += bytes.length;
    ends.push(at);
  }
  return { code: joined, start: Uint32Array.from(starts), end: Uint32Array.from(ends) };
}
