// Calls an exported function with exact bits: a small module per signature loads the arguments from memory,
// calls, and stores the results. JavaScript could neither pass a v128 nor be trusted with a NaN.
import { F32, F64, FUNCREF, I32, I64, V128 } from "../../src/spec/binary.ts";
import { op } from "../../src/spec/opcodes.ts";
import { Writer } from "../../src/util/bytes.ts";
import { emit } from "../../src/wasm/emit.ts";
import { type FuncType, typeKey } from "../../src/wasm/module.ts";
import { engine } from "./engine.ts";
import { SLOT } from "./values.ts";

const accessOf = new Map<number, { readonly load: string; readonly store: string }>([
  [I32, { load: "i32.load", store: "i32.store" }],
  [I64, { load: "i64.load", store: "i64.store" }],
  [F32, { load: "f32.load", store: "f32.store" }],
  [F64, { load: "f64.load", store: "f64.store" }],
  [V128, { load: "v128.load", store: "v128.store" }],
  // What is stored is whether it is null.
  [FUNCREF, { load: "", store: "i32.store" }],
]);

function instruction(out: Writer, name: string, ...operands: readonly number[]): void {
  const code = op(name as Parameters<typeof op>[0]);
  if (code >= 0x200) {
    out.u8(0xfd);
    out.u32(code - 0x200);
  } else out.u8(code);
  for (const operand of operands) out.u32(operand);
}

function body(type: FuncType): Uint8Array {
  const out = new Writer();
  out.u32(type.results.length);
  for (const result of type.results) {
    out.u32(1);
    out.u8(result);
  }
  type.params.forEach((param, i) => {
    if (param === FUNCREF) {
      instruction(out, "ref.null");
      out.u8(FUNCREF);
      return;
    }
    instruction(out, "i32.const", 0);
    instruction(out, accessOf.get(param)!.load, 0, i * SLOT);
  });
  instruction(out, "call", 0);
  for (let i = type.results.length - 1; i >= 0; i--) instruction(out, "local.set", i);
  type.results.forEach((result, i) => {
    instruction(out, "i32.const", 0);
    instruction(out, "local.get", i);
    if (result === FUNCREF) instruction(out, "ref.is_null");
    instruction(out, accessOf.get(result)!.store, 0, i * SLOT);
  });
  instruction(out, "end");
  return out.view();
}

function driverBytes(type: FuncType): Uint8Array {
  const code = body(type);
  const limits = { min: 1, max: null };
  return emit({
    types: [type, { params: [], results: [] }],
    imports: [
      { module: "test", name: "call", desc: { kind: "func", type: 0 }, offset: 0 },
      { module: "test", name: "memory", desc: { kind: "memory", limits }, offset: 0 },
    ],
    funcs: Uint32Array.of(1),
    tables: [],
    memories: [],
    globals: [],
    exports: [{ name: "run", kind: "func", index: 1 }],
    start: null,
    elems: [],
    dataCount: null,
    bodies: { code, start: Uint32Array.of(0), end: Uint32Array.of(code.length) },
    datas: [],
    customs: [],
  });
}

const memory = new engine.Memory({ initial: 1 });
const modules = new Map<string, object>();

/** A call of a function by the bytes of its arguments; it answers those of its results, or throws the trap. */
export type Caller = (args: readonly Uint8Array[]) => readonly Uint8Array[];

/** The caller of an exported function of this type. */
export function callerOf(func: unknown, type: FuncType): Caller {
  const key = typeKey(type);
  let module = modules.get(key);
  if (module === undefined) {
    module = new engine.Module(driverBytes(type));
    modules.set(key, module);
  }
  const { exports } = new engine.Instance(module, { test: { call: func, memory } });
  const run = exports.run as () => void;
  return (args) => {
    const bytes = new Uint8Array(memory.buffer);
    for (const [i, arg] of args.entries()) bytes.set(arg, i * SLOT);
    bytes.fill(0, args.length * SLOT, Math.max(args.length, type.results.length) * SLOT);
    run();
    return type.results.map((result, i) => {
      const width = result === V128 ? 16 : result === I64 || result === F64 ? 8 : 4;
      const slot = new Uint8Array(SLOT);
      slot.set(bytes.subarray(i * SLOT, i * SLOT + width));
      return slot;
    });
  };
}
