// Reads an exported 64-bit global as a number, by a module of one function that imports it. The engine's own getter
// makes a big integer for every look, which costs several times what an empty callback does.
import { F64, I64 } from "../spec/binary.ts";
import { op } from "../spec/opcodes.ts";
import { emit } from "../wasm/emit.ts";
import {
  type CompiledModule,
  compile,
  exportedFunction,
  instantiate,
  type WasmGlobal,
} from "./engine.ts";

const NAMES = { module: "of", global: "gauge", read: "read" } as const;

const reader = emit({
  types: [{ params: [], results: [F64] }],
  imports: [
    {
      module: NAMES.module,
      name: NAMES.global,
      offset: 0,
      desc: { kind: "global", type: I64, mutable: true },
    },
  ],
  funcs: Uint32Array.of(0),
  tables: [],
  memories: [],
  globals: [],
  exports: [{ name: NAMES.read, kind: "func", index: 0 }],
  start: null,
  elems: [],
  dataCount: null,
  bodies: {
    // No locals.
    code: Uint8Array.of(0, op("global.get"), 0, op("f64.convert_i64_s"), op("end")),
    start: Uint32Array.of(0),
    end: Uint32Array.of(5),
  },
  datas: [],
  customs: [],
});

let compiled: CompiledModule | null = null;

/** Answers the global's value of now, the nearest number beyond 2^53. Throws the engine's error for another type. */
export function gaugeReader(global: WasmGlobal): () => number {
  compiled ??= compile(reader);
  const instance = instantiate(compiled, { [NAMES.module]: { [NAMES.global]: global } });
  return exportedFunction(instance, NAMES.read) as () => number;
}
