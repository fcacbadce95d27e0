// Puts the hardened module together: types, indices, segments, names and stamp, in canonical order.
import { fail } from "../errors/failure.ts";
import { I32, I64 } from "../spec/binary.ts";
import { injectedGlobals, keptCustomSections, slotGlobals } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { telemetryMetrics } from "../spec/telemetry.ts";
import type { Writer } from "../util/bytes.ts";
import type {
  ConstExpr,
  Custom,
  Data,
  Elem,
  Export,
  FuncType,
  Global,
  Limits,
  Module,
} from "../wasm/module.ts";
import { typeKey } from "../wasm/module.ts";
import { plainName, readNames, writeNames } from "../wasm/names.ts";
import type { Body } from "./bodies/asm.ts";
import type { EntryExport } from "./check-exports.ts";
import type { Generated } from "./generate.ts";

/** The types of the hardened module: the guest's, and whatever else is asked for. */
export class TypeTable {
  readonly types: FuncType[];
  readonly #byKey = new Map<string, number>();

  constructor(types: readonly FuncType[]) {
    this.types = [...types];
    this.types.forEach((type, i) => {
      if (!this.#byKey.has(typeKey(type))) this.#byKey.set(typeKey(type), i);
    });
  }

  index(type: FuncType): number {
    const key = typeKey(type);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.types.push(type);
    this.#byKey.set(key, this.types.length - 1);
    return this.types.length - 1;
  }
}

export interface Parts {
  readonly original: Module;
  readonly types: TypeTable;
  readonly generated: Generated;
  /** How many streams have a slot for the budget of their request. */
  readonly slots: number;
  readonly wrappers: readonly { readonly name: string; readonly body: Body }[];
  readonly entries: readonly EntryExport[];
  /** New index of every old function. */
  readonly newIndex: Int32Array;
  readonly memory: Limits;
  readonly tables: readonly Limits[];
  /** Functions that `ref.func` names in code: each has to be declared somewhere. */
  readonly refFuncs: ReadonlySet<number>;
  readonly namesData: boolean;
  /** The guest's rewritten bodies: their bytes, to which the generated ones are added, and their places. */
  readonly code: Writer;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  /** JSON of the stamp. */
  readonly stamp: string;
}

/** Flags of a declarative segment of function indices. */
const DECLARATIVE = 3;

function moveConst(expr: ConstExpr, newIndex: Int32Array): ConstExpr {
  return expr.op === "ref.func" ? { ...expr, func: newIndex[expr.func]! } : expr;
}

function assembleElems(parts: Parts): Elem[] {
  const { original, newIndex, refFuncs } = parts;
  const declared = new Set<number>();
  const elems = original.elems.map((elem): Elem => {
    const items = elem.items.map((item) => {
      if (item === null) return null;
      declared.add(item);
      return newIndex[item]!;
    });
    return { ...elem, items, offset: elem.offset && moveConst(elem.offset, newIndex) };
  });
  for (const { init } of original.globals) if (init.op === "ref.func") declared.add(init.func);
  // An export used to declare a function for ref.func; exports name wrappers now.
  const missing = [...refFuncs].filter((func) => !declared.has(func)).sort((a, b) => a - b);
  if (missing.length > 0) {
    const items = missing.map((func) => newIndex[func]!);
    elems.push({ flags: DECLARATIVE, table: 0, offset: null, items });
  }
  return elems;
}

function assembleGlobals(parts: Parts): Global[] {
  const own = parts.original.globals.map((global) => ({
    ...global,
    init: moveConst(global.init, parts.newIndex),
  }));
  const injected = injectedGlobals.map(({ type, init }) => mutable(type, init));
  const slots = Array.from({ length: parts.slots }, () =>
    slotGlobals.map(({ type }) => mutable(type, 0n)),
  );
  const { metrics } = parts.generated.entry.ground;
  // Every metric has an id; those of stubs and clusters a count.
  const counted = Math.max(0, 2 * metrics - telemetryMetrics.length);
  const told = Array.from({ length: counted }, () => mutable(I32, 0n));
  return [...own, ...injected, ...slots.flat(), ...told];
}

function mutable(type: number, value: bigint): Global {
  const init: ConstExpr =
    type === I64 ? { op: "i64.const", value } : { op: "i32.const", value: Number(value) };
  return { type, mutable: true, init };
}

function assembleExports(parts: Parts): Export[] {
  const firstGlobal = parts.original.globals.length;
  return [
    { name: "memory", kind: "memory", index: 0 },
    ...parts.entries.map(
      ({ name }, k): Export => ({ name, kind: "func", index: parts.generated.firstWrapper + k }),
    ),
    ...injectedGlobals.flatMap((row, k): Export[] =>
      row.exportName === null
        ? []
        : [{ name: row.exportName, kind: "global", index: firstGlobal + k }],
    ),
  ];
}

function assembleDatas(parts: Parts): Data[] {
  const own = parts.original.datas.map((data) => ({
    ...data,
    offset: data.offset && moveConst(data.offset, parts.newIndex),
  }));
  const { messages } = parts.generated;
  return messages.length === 0 ? own : [...own, { offset: null, bytes: messages }];
}

function assembleNames(parts: Parts): Uint8Array | null {
  const { original, generated, newIndex, wrappers } = parts;
  const names = readNames(original);
  if (names.module === null && names.functions.size === 0) return null;
  const limit = limits.functionNameBytes;
  const functions = new Map<number, string>();
  for (const [func, name] of names.functions) {
    const index = newIndex[func];
    const imported = func < original.imports.length;
    if (index !== undefined && !imported) functions.set(index, plainName(name, limit));
  }
  if (functions.size > 0) {
    generated.functions.forEach(({ name }, k) => {
      functions.set(generated.imports.length + k, plainName(`glovebox ${name}`, limit));
    });
    wrappers.forEach(({ name }, k) => {
      functions.set(generated.firstWrapper + k, plainName(`glovebox ${name}`, limit));
    });
  }
  const own = names.module === null ? null : plainName(names.module, limit);
  const bytes = writeNames({ module: own, functions });
  return bytes.length === 0 ? null : bytes;
}

function assembleCustoms(parts: Parts): Custom[] {
  const after = 12;
  const customs: Custom[] = [];
  for (const name of keptCustomSections) {
    let bytes: Uint8Array | null | undefined;
    if (name === "name") bytes = assembleNames(parts);
    else if (name === "glovebox") bytes = new TextEncoder().encode(parts.stamp);
    else bytes = parts.original.customs.find((custom) => custom.name === name)?.bytes;
    if (bytes !== null && bytes !== undefined) customs.push({ name, bytes, after });
  }
  return customs;
}

function joinBodies(parts: Parts): Module["bodies"] {
  const generated = [...parts.generated.functions, ...parts.wrappers].map((one) => one.body.bytes);
  const { code: out, start, end } = parts;
  const starts = new Uint32Array(generated.length + start.length);
  const ends = new Uint32Array(starts.length);
  generated.forEach((bytes, i) => {
    starts[i] = out.length;
    out.raw(bytes);
    ends[i] = out.length;
  });
  starts.set(start, generated.length);
  ends.set(end, generated.length);
  return { code: out.view(), start: starts, end: ends };
}

/** Refuses what fits the limits by itself but not with what hardening adds. */
function checkCounts(module: Module): void {
  const entries = module.elems.reduce((sum, elem) => sum + elem.items.length, 0);
  const counts = [
    ["functions", module.imports.length + module.funcs.length, limits.functions],
    ["types", module.types.length, limits.types],
    ["element segments", module.elems.length, limits.elemSegments],
    ["elements of all segments", entries, limits.elemEntries],
    ["data segments", module.datas.length, limits.dataSegments],
  ] as const;
  for (const [what, found, limit] of counts) {
    if (found > limit) fail("wasm-limit", { what: `${what} after rewriting`, found, limit });
  }
}

/** The hardened module. Throws `wasm-limit` when it is more than engines and verify accept. */
export function assemble(parts: Parts): Module {
  const module = assembled(parts);
  checkCounts(module);
  return module;
}

function assembled(parts: Parts): Module {
  const { original, types, generated, wrappers } = parts;
  const ownTypes = [...generated.functions, ...wrappers].map((one) => types.index(one.body));
  const funcs = new Uint32Array(ownTypes.length + original.funcs.length);
  funcs.set(ownTypes);
  funcs.set(original.funcs, ownTypes.length);
  const imports = generated.imports.map(({ module, row }, i) => {
    const { params, results } = generated.functions[i]!.body;
    const desc = { kind: "func", type: types.index({ params, results }) } as const;
    return { module, name: row.name, desc, offset: 0 };
  });
  const datas = assembleDatas(parts);
  const counted = parts.namesData || generated.messages.length > 0;
  return {
    types: types.types,
    imports,
    funcs,
    tables: parts.tables,
    memories: [parts.memory],
    globals: assembleGlobals(parts),
    exports: assembleExports(parts),
    start: null,
    elems: assembleElems(parts),
    dataCount: counted ? datas.length : null,
    bodies: joinBodies(parts),
    datas,
    customs: assembleCustoms(parts),
  };
}
