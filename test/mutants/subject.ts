// One hardened module of the corpus, taken apart far enough to be mutated: where its bodies lie, which of them are
// generated and what they are. The order of functions is that of docs/containment.md; nothing is asked of verify.
import type { Policy } from "../../src/policy/policy.ts";
import { sections } from "../../src/spec/binary.ts";
import { injectedOffset } from "../../src/spec/layout.ts";
import { decode } from "../../src/wasm/decode.ts";
import { type FuncType, funcImports, funcTypeIndex, type Module } from "../../src/wasm/module.ts";
import { type Edit, spliced } from "./edits.ts";
import { injectedAt, kindsOf } from "./kinds.ts";

export interface Subject {
  readonly name: string;
  readonly mode: "bound" | "exact";
  readonly policy: Policy;
  readonly bytes: Uint8Array;
  readonly hasStart: boolean;
  readonly module: Module;
  readonly imports: number;
  /** Kind of each generated function, by function index from `imports` on; the guest's follow. */
  readonly generated: readonly string[];
  readonly firstGuest: number;
  readonly functions: number;
  /** Index of the first injected global. */
  readonly injected: number;
  readonly fuel: number;
  readonly stack: number;
}

/** Takes a hardened module apart. */
export function subjectOf(
  name: string,
  bytes: Uint8Array,
  policy: Policy,
  hasStart: boolean,
): Subject {
  const module = decode(bytes);
  const imported = funcImports(module);
  const typeOf = (func: number): FuncType => module.types[funcTypeIndex(module, imported, func)]!;
  const generated = kindsOf(module, policy, typeOf);
  const injected = injectedAt(module, policy);
  return {
    name,
    mode: policy.limits.fuel.mode,
    policy,
    bytes,
    hasStart,
    module,
    imports: imported.length,
    generated,
    firstGuest: imported.length + generated.length,
    functions: imported.length + module.funcs.length,
    injected,
    fuel: injected + injectedOffset("fuel"),
    stack: injected + injectedOffset("stack"),
  };
}

export function typeOf({ module }: Subject, func: number): FuncType {
  return module.types[funcTypeIndex(module, funcImports(module), func)]!;
}

export function bodyBytes({ module, imports }: Subject, func: number): Uint8Array {
  const { code, start, end } = module.bodies;
  return code.subarray(start[func - imports]!, end[func - imports]!);
}

const CODE = sections.find(({ name }) => name === "code")!.id;

/** The module with some bodies edited; every size fits again. */
export function withEdits(
  subject: Subject,
  edits: ReadonlyMap<number, readonly Edit[]>,
): Uint8Array {
  const { bytes, module, imports } = subject;
  const { start, end } = module.bodies;
  const u32 = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...u32(Math.floor(value / 128))];
  const sizeOf = (value: number): number => u32(value).length;
  const last = end.length - 1;
  const count = u32(end.length);
  // The canonical encoding lets us find the section's own start from its first body.
  const oldSize = end[last]! - start[0]! + sizeOf(end[0]! - start[0]!) + count.length;
  const from = start[0]! - sizeOf(end[0]! - start[0]!) - count.length;
  const header = from - sizeOf(oldSize) - 1;
  if (bytes[header] !== CODE) throw new Error("the code section is not where it is expected");
  const parts: Uint8Array[] = [];
  let size = count.length;
  let untouched = from + count.length;
  const add = (part: Uint8Array): void => {
    parts.push(part);
    size += part.length;
  };
  for (const func of [...edits.keys()].sort((a, b) => a - b)) {
    const i = func - imports;
    const begin = start[i]! - sizeOf(end[i]! - start[i]!);
    add(bytes.subarray(untouched, begin));
    const body = spliced(bytes.subarray(start[i]!, end[i]!), edits.get(func)!);
    add(Uint8Array.from(u32(body.length)));
    add(body);
    untouched = end[i]!;
  }
  add(bytes.subarray(untouched, end[last]!));
  const rest = bytes.subarray(end[last]!);
  const front = [CODE, ...u32(size), ...count];
  const out = new Uint8Array(header + front.length + size - count.length + rest.length);
  out.set(bytes.subarray(0, header));
  out.set(front, header);
  let at = header + front.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  out.set(rest, at);
  return out;
}
