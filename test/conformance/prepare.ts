// Makes a plugin of a module of the specification's tests, keeping its meaning: imports become definitions in
// the same places of their index spaces, so no body changes; the ABI marker is added, and the memory exported.
import { callback } from "../../src/spec/callbacks.ts";
import { RESERVED } from "../../src/spec/layout.ts";
import type { ConstExpr, Export, Import, Module } from "../../src/wasm/module.ts";
import type { Supply } from "./supply.ts";

export interface Prepared {
  readonly module: Module;
  /** New name of each export by its old one. */
  readonly names: ReadonlyMap<string, string>;
}

/** Names that start with this are the tests' own. */
export const OWN = "test_";

const MARKER = "proxy_abi_version_0_2_1";
const EMPTY_BODY = Uint8Array.of(0, 0x0b);

/** An export whose name means something to hosts or to Glovebox gets another one. */
function nameFor(entry: Export, index: number): string {
  const { name } = entry;
  if (name === "memory") return entry.kind === "memory" ? name : `${OWN}export_${index}`;
  const taken = callback(name) !== undefined || name.startsWith(RESERVED) || name.startsWith(OWN);
  return taken ? `${OWN}export_${index}` : name;
}

type Kind = Import["desc"]["kind"];

/** The supplies of the imports of one kind, with the imports' own descriptions. */
function supplied<K extends Kind>(module: Module, supplies: readonly Supply[], kind: K) {
  return module.imports.flatMap(({ desc }, i) => {
    const supply = supplies[i]!;
    if (desc.kind !== kind) return [];
    if (supply.kind !== kind)
      throw new Error(`import ${i} is a ${kind}, its supply a ${supply.kind}`);
    return [
      {
        desc: desc as Extract<typeof desc, { kind: K }>,
        supply: supply as Extract<Supply, { kind: K }>,
      },
    ];
  });
}

function joinBodies(
  module: Module,
  before: readonly Uint8Array[],
  after: readonly Uint8Array[],
): Module["bodies"] {
  const { code, start, end } = module.bodies;
  const own = [...start].map((from, i) => code.subarray(from, end[i]!));
  const all = [...before, ...own, ...after];
  const joined = new Uint8Array(all.reduce((sum, body) => sum + body.length, 0));
  const starts = new Uint32Array(all.length);
  const ends = new Uint32Array(all.length);
  let at = 0;
  all.forEach((body, i) => {
    joined.set(body, at);
    starts[i] = at;
    at += body.length;
    ends[i] = at;
  });
  return { code: joined, start: starts, end: ends };
}

function renamed(
  module: Module,
  functions: number,
): { exports: Export[]; names: Map<string, string> } {
  const names = new Map(module.exports.map((entry, i) => [entry.name, nameFor(entry, i)]));
  const exports = module.exports.map((entry) => ({ ...entry, name: names.get(entry.name)! }));
  if (!exports.some(({ name }) => name === "memory"))
    exports.push({ name: "memory", kind: "memory", index: 0 });
  exports.push({ name: MARKER, kind: "func", index: functions });
  return { exports, names };
}

/** The module as a plugin. Every import needs a supply of its kind. */
export function prepare(module: Module, supplies: readonly Supply[]): Prepared {
  const funcs = supplied(module, supplies, "func");
  const tables = supplied(module, supplies, "table");
  const memories = supplied(module, supplies, "memory");
  const globals = supplied(module, supplies, "global");
  const constant = (expr: ConstExpr): ConstExpr => {
    const global = expr.op === "global.get" ? globals[expr.global] : undefined;
    return global === undefined ? expr : global.supply.init;
  };
  const offset = (expr: ConstExpr | null) => (expr === null ? null : constant(expr));
  const memory = [...memories.map(({ supply }) => supply.limits), ...module.memories];
  const types = [...module.types, { params: [], results: [] }];
  const { exports, names } = renamed(module, funcs.length + module.funcs.length);
  const prepared: Module = {
    ...module,
    types,
    imports: [],
    funcs: Uint32Array.from([
      ...funcs.map(({ desc }) => desc.type),
      ...module.funcs,
      types.length - 1,
    ]),
    tables: [...tables.map(({ supply }) => supply.limits), ...module.tables],
    memories: memory.length === 0 ? [{ min: 0, max: 0 }] : memory,
    globals: [
      ...globals.map(({ desc, supply }) => ({
        type: desc.type,
        mutable: desc.mutable,
        init: supply.init,
      })),
      ...module.globals.map((global) => ({ ...global, init: constant(global.init) })),
    ],
    exports,
    elems: module.elems.map((elem) => ({ ...elem, offset: offset(elem.offset) })),
    datas: module.datas.map((data) => ({ ...data, offset: offset(data.offset) })),
    bodies: joinBodies(
      module,
      funcs.map(({ supply }) => supply.body),
      [EMPTY_BODY],
    ),
  };
  return { module: prepared, names };
}
