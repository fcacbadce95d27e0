// One hardened module of the corpus, taken apart far enough to be mutated: where its bodies lie, which of them are
// generated and what they are. The order of functions is that of docs/containment.md; nothing is asked of verify.
import type { Policy } from "../../src/policy/policy.ts";
import { I32, sections } from "../../src/spec/binary.ts";
import { callback } from "../../src/spec/callbacks.ts";
import { injectedGlobals, injectedOffset } from "../../src/spec/layout.ts";
import { decode } from "../../src/wasm/decode.ts";
import {
  type FuncType,
  funcImports,
  funcTypeIndex,
  type Module,
  typeKey,
} from "../../src/wasm/module.ts";
import { type Body, readBody } from "./body.ts";
import { type Edit, spliced } from "./edits.ts";

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

function helperKind(body: Body, params: number, results: number): string {
  const has = (name: string): boolean => body.code.some((one) => one.name === name);
  if (has("memory.grow")) return "grow";
  if (has("memory.init")) return "deny";
  if (params === 1 && results === 1 && has("i64.lt_s"))
    return has("i64.shr_u") ? "bulkBytes" : "bulkElems";
  return "stub";
}

function kindsOf(module: Module, typeOf: (func: number) => FuncType): string[] {
  const imports = funcImports(module).length;
  const exported = module.exports.filter(({ kind }) => kind === "func");
  const wrappers = exported.map(({ name }) => `wrapper ${callback(name)?.kind ?? "callback"}`);
  const first = exported[0]?.index ?? imports + module.funcs.length;
  const kinds = new Array<string>(imports).fill("thunk");
  const around = imports > 0 ? ["reach", "back"] : [];
  const { bodies } = module;
  const bodyAt = (func: number): Body =>
    readBody(bodies.code.subarray(bodies.start[func - imports]!, bodies.end[func - imports]!));
  let end = first - 3 - around.length;
  // Only `cross` takes one i32, gives nothing and shifts it.
  const isCross =
    imports > 0 &&
    typeKey(typeOf(end - 1)) === typeKey({ params: [I32], results: [] }) &&
    bodyAt(end - 1).code.some(({ name }) => name === "i64.shr_u");
  if (isCross) end--;
  for (let func = 2 * imports; func < end; func++) {
    const { params, results } = typeOf(func);
    kinds.push(helperKind(bodyAt(func), params.length, results.length));
  }
  return [
    ...kinds,
    ...(isCross ? ["cross"] : []),
    ...around,
    "enter",
    "open",
    "close",
    ...wrappers,
  ];
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
  const generated = kindsOf(module, typeOf);
  const injected = module.globals.length - injectedGlobals.length;
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
