// Function types as words, for messages and for printed modules.
import { valueTypes } from "../spec/binary.ts";
import type { FuncType } from "./module.ts";

const names = new Map<number, string>(valueTypes.map((row) => [row.byte, row.name]));

/** The name of a value type byte. */
export function typeName(byte: number): string {
  return names.get(byte) ?? `0x${byte.toString(16)}`;
}

/** A type in the form `(i32 i32) -> i32`, `() -> ()`. */
export function typeText(type: FuncType): string {
  const results = type.results.map(typeName).join(" ");
  const right = type.results.length === 1 ? results : `(${results})`;
  return `(${type.params.map(typeName).join(" ")}) -> ${right}`;
}
