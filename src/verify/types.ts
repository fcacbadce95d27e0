// The type and function sections: which value types there are, and which types are the same by structure.
// The invariant: only function types of the gate's value types, within the limits of arity.
import { FUNC_FORM, V128, valueTypes } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";

/** 1 for the bytes that are a value type inside the gate. */
export const isValueType = new Uint8Array(256);
for (const { byte } of valueTypes) isValueType[byte] = 1;

/** A value type inside the gate. */
export function readValueType(scanner: Scanner): number {
  const byte = scanner.u8();
  if (isValueType[byte] === 0) {
    const found = `0x${byte.toString(16)}`;
    scanner.stop("verify-type", { found }, scanner.pos - 1);
  }
  return byte;
}

function readList(scanner: Scanner, what: string, limit: number): number[] {
  const count = scanner.count(what, limit);
  return Array.from({ length: count }, () => readValueType(scanner));
}

export function readTypes(scanner: Scanner, module: Module): void {
  const count = scanner.vector("types", limits.types);
  module.typeClass = new Int32Array(count);
  module.typeIsWide = new Uint8Array(count);
  const classes = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const form = scanner.u8();
    if (form !== FUNC_FORM) {
      scanner.stop("verify-type", { found: `form 0x${form.toString(16)}` }, scanner.pos - 1);
    }
    const params = readList(scanner, "parameters", limits.params);
    const results = readList(scanner, "results", limits.results);
    module.types.push({ params, results });
    const key = String.fromCharCode(...params, 0, ...results);
    if (!classes.has(key)) classes.set(key, i);
    module.typeClass[i] = classes.get(key)!;
    module.typeIsWide[i] = params.includes(V128) || results.includes(V128) ? 1 : 0;
  }
}

/** A type index in range. */
export function readTypeIndex(scanner: Scanner, module: Module): number {
  const start = scanner.pos;
  const type = scanner.u32();
  if (type >= module.types.length) scanner.malformed(`there is no type ${type}`, start);
  return type;
}

export function readFunctions(scanner: Scanner, module: Module): void {
  const count = scanner.vector("functions", limits.functions);
  const imported = module.imports.length;
  const funcType = new Int32Array(imported + count);
  funcType.set(module.funcType);
  for (let i = 0; i < count; i++) funcType[imported + i] = readTypeIndex(scanner, module);
  module.funcType = funcType;
  module.named = new Int32Array(imported + count);
}
