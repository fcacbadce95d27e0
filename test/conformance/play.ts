// Runs calls against an instance: the arguments and answers as bits, a trap as an outcome.
import { F32, F64, I32, I64 } from "../../src/spec/binary.ts";
import { type FuncType, funcImports, funcTypeIndex, type Module } from "../../src/wasm/module.ts";
import { type Caller, callerOf } from "./driver.ts";
import type { EngineGlobal, Exports } from "./engine.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Action } from "./script.ts";
import { encode, SLOT } from "./values.ts";

/** Types of a module's exports, in the words of its own binary. */
export class ExportTypes {
  readonly #module: Module;
  readonly #entries: ReadonlyMap<string, Module["exports"][number]>;

  constructor(module: Module) {
    this.#module = module;
    this.#entries = new Map(module.exports.map((entry) => [entry.name, entry]));
  }

  func(name: string): FuncType {
    const module = this.#module;
    return module.types[funcTypeIndex(module, funcImports(module), this.#index(name, "func"))]!;
  }

  global(name: string): number {
    const imported = this.#module.imports.flatMap(({ desc }) =>
      desc.kind === "global" ? [desc.type] : [],
    );
    const index = this.#index(name, "global");
    return imported[index] ?? this.#module.globals[index - imported.length]!.type;
  }

  #index(name: string, kind: string): number {
    const entry = this.#entries.get(name);
    if (entry?.kind !== kind) throw new Error(`there is no ${kind} export ${name}`);
    return entry.index;
  }
}

/** The bits of a global as the engine shows it. */
export function globalBits(global: EngineGlobal, type: number): Uint8Array {
  const out = new Uint8Array(SLOT);
  const view = new DataView(out.buffer);
  if (type === I32) view.setInt32(0, global.value as number, true);
  else if (type === I64) view.setBigInt64(0, global.value as bigint, true);
  else if (type === F32) view.setFloat32(0, global.value as number, true);
  else if (type === F64) view.setFloat64(0, global.value as number, true);
  else throw new Error("JavaScript cannot read this global");
  return out;
}

/** One instance, its callers made once per export. */
export class Played {
  readonly exports: Exports;
  readonly #types: ExportTypes;
  readonly #callers = new Map<string, Caller>();

  constructor(exports: Exports, types: ExportTypes) {
    this.exports = exports;
    this.#types = types;
  }

  /** Does what the action says; `name` is the export's name in this instance, `action.field` the original's. */
  do(action: Action, name = action.field): Outcome {
    if (action.type === "get") {
      const global = this.exports[name] as EngineGlobal;
      return { kind: "values", values: [globalBits(global, this.#types.global(action.field))] };
    }
    const args = (action.args ?? []).map(encode);
    let caller = this.#callers.get(name);
    if (caller === undefined) {
      caller = callerOf(this.exports[name], this.#types.func(action.field));
      this.#callers.set(name, caller);
    }
    try {
      return { kind: "values", values: caller(args) };
    } catch (error) {
      return outcomeOf(error);
    }
  }
}
