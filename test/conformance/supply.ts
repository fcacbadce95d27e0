// What stands behind an import, as a definition that can take its place: the values of `spectest`, constants
// and self-contained functions of other modules. What shares state with another module has no such definition.
import { F32, F64, I32, I64 } from "../../src/spec/binary.ts";
import { opcodeRow } from "../../src/spec/opcodes.ts";
import type { ConstExpr, Limits, Module } from "../../src/wasm/module.ts";
import { Walker } from "../../src/wasm/walker.ts";
import { engine } from "./engine.ts";

export type Supply =
  | { readonly kind: "func"; readonly body: Uint8Array }
  | { readonly kind: "global"; readonly init: ConstExpr }
  | { readonly kind: "table"; readonly limits: Limits }
  | { readonly kind: "memory"; readonly limits: Limits }
  | { readonly kind: "none"; readonly why: "unknown" | "shared" };

/** A module whose imports have been looked up. */
export interface Linked {
  readonly module: Module;
  /** By import, in import order. */
  readonly supplies: readonly Supply[];
  /** Whether another module reaches its state; set when that module is linked. */
  shared: boolean;
}

const END = 0x0b;

/** Body of a function that takes what it gets and answers nothing. */
const PRINT = Uint8Array.of(0, END);

function float32(value: number): Uint8Array {
  return new Uint8Array(Float32Array.of(value).buffer);
}

function float64(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer);
}

const spectest: Readonly<Record<string, Supply>> = {
  print: { kind: "func", body: PRINT },
  print_i32: { kind: "func", body: PRINT },
  print_i64: { kind: "func", body: PRINT },
  print_f32: { kind: "func", body: PRINT },
  print_f64: { kind: "func", body: PRINT },
  print_i32_f32: { kind: "func", body: PRINT },
  print_f64_f64: { kind: "func", body: PRINT },
  global_i32: { kind: "global", init: { op: "i32.const", value: 666 } },
  global_i64: { kind: "global", init: { op: "i64.const", value: 666n } },
  global_f32: { kind: "global", init: { op: "f32.const", bytes: float32(666.6) } },
  global_f64: { kind: "global", init: { op: "f64.const", bytes: float64(666.6) } },
  table: { kind: "table", limits: { min: 10, max: 20 } },
  memory: { kind: "memory", limits: { min: 1, max: 2 } },
};

/** The same for the engine: one set per script. */
export function spectestForEngine(): Record<string, unknown> {
  const print = () => undefined;
  const global = (type: string, value: number | bigint) =>
    new engine.Global({ value: type, mutable: false }, value);
  const prints = Object.keys(spectest).filter((name) => name.startsWith("print"));
  return {
    ...Object.fromEntries(prints.map((name) => [name, print])),
    global_i32: global("i32", 666),
    global_i64: global("i64", 666n),
    global_f32: global("f32", 666.6),
    global_f64: global("f64", 666.6),
    table: new engine.Table({ element: "anyfunc", initial: 10, maximum: 20 }),
    memory: new engine.Memory({ initial: 1, maximum: 2 }),
  };
}

const selfContained: ReadonlySet<string> = new Set([
  "none",
  "block",
  "label",
  "labels",
  "local",
  "i32",
  "i64",
  "f32",
  "f64",
  "v128",
  "shuffle",
  "lane",
  "types",
]);

/** Whether a body names nothing of its module: no function, table, memory, global or type. */
function standsAlone(module: Module, defined: number): boolean {
  const { code, start, end } = module.bodies;
  const walker = new Walker();
  walker.open(code, start[defined]!, end[defined]!, defined);
  for (let op = walker.next(); op >= 0; op = walker.next()) {
    const { imm } = opcodeRow(op)!;
    if (!selfContained.has(imm) || (imm === "block" && walker.a >= 0)) return false;
  }
  return true;
}

function constantOf(linked: Linked, init: ConstExpr): ConstExpr | null {
  if (init.op === "ref.func") return null;
  if (init.op !== "global.get") return init;
  const supply = globalSupply(linked, init.global);
  return supply.kind === "global" ? supply.init : null;
}

function globalSupply(linked: Linked, index: number): Supply {
  const own = importsOf(linked, "global");
  if (index < own.length) return own[index]!;
  const global = linked.module.globals[index - own.length]!;
  const init = global.mutable ? null : constantOf(linked, global.init);
  if (init === null) {
    linked.shared = true;
    return { kind: "none", why: "shared" };
  }
  return { kind: "global", init };
}

function importsOf({ module, supplies }: Linked, kind: string): readonly Supply[] {
  return supplies.filter((_, i) => module.imports[i]!.desc.kind === kind);
}

/** What an export stands for; marks the module that owns it where that shares state. */
export function supplyOf(linked: Linked, name: string): Supply {
  const { module } = linked;
  const entry = module.exports.find((one) => one.name === name);
  if (entry === undefined) return { kind: "none", why: "unknown" };
  if (entry.kind === "global") return globalSupply(linked, entry.index);
  const own = importsOf(linked, entry.kind);
  if (entry.index < own.length) {
    const supply = own[entry.index]!;
    // A table or memory that two modules hold is shared, whoever made it.
    if (supply.kind === "func" || supply.kind === "none") return supply;
  } else if (entry.kind === "func") {
    const defined = entry.index - own.length;
    if (standsAlone(module, defined)) {
      const { code, start, end } = module.bodies;
      return { kind: "func", body: code.slice(start[defined]!, end[defined]!) };
    }
  }
  linked.shared = true;
  return { kind: "none", why: "shared" };
}

/** What `spectest` offers under a name. */
export function supplyOfSpectest(name: string): Supply {
  return spectest[name] ?? { kind: "none", why: "unknown" };
}

/** A definition of the import's own kind and type, for modules that are only to be refused. */
export function anySupply(module: Module): readonly Supply[] {
  return module.imports.map(({ desc }): Supply => {
    if (desc.kind === "func") return { kind: "func", body: Uint8Array.of(0, 0, END) };
    if (desc.kind === "global") return { kind: "global", init: zeroOf(desc.type) };
    return { kind: desc.kind, limits: desc.limits };
  });
}

function zeroOf(type: number): ConstExpr {
  if (type === I32) return { op: "i32.const", value: 0 };
  if (type === I64) return { op: "i64.const", value: 0n };
  if (type === F32) return { op: "f32.const", bytes: new Uint8Array(4) };
  if (type === F64) return { op: "f64.const", bytes: new Uint8Array(8) };
  return { op: "v128.const", bytes: new Uint8Array(16) };
}
