// The global section and constant expressions: the guest's globals, then exactly the injected ones.
// The invariant: no constant expression names a global, and the functions that it names are noted.
import { F32, F64, FUNCREF, I32, I64, V128 } from "../spec/binary.ts";
import { injectedGlobals } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { op } from "../spec/opcodes.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";
import { readValueType } from "./types.ts";

const END = op("end");
const I32_CONST = op("i32.const");
const I64_CONST = op("i64.const");
const F32_CONST = op("f32.const");
const F64_CONST = op("f64.const");
const REF_NULL = op("ref.null");
const REF_FUNC = op("ref.func");
const VECTOR_PREFIX = 0xfd;
const V128_CONST = op("v128.const") - 0x200;

/** Notes that an element, an initialiser or `ref.func` names a function. */
export function nameFunction(module: Module, scanner: Scanner, func: number, at: number): void {
  if (func >= module.functions) scanner.malformed(`there is no function ${func}`, at);
  if (module.named[func] === 0) module.named[func] = at + 1;
}

/** Reads a constant expression; its type, and its value where that is a 32- or 64-bit integer. */
export function readConstant(scanner: Scanner, module: Module): { type: number; value: number } {
  const start = scanner.pos;
  const code = scanner.u8();
  let type = 0;
  let value = Number.NaN;
  if (code === I32_CONST) {
    type = I32;
    value = scanner.signed(32);
  } else if (code === I64_CONST) {
    type = I64;
    value = scanner.signed(64);
  } else if (code === F32_CONST) {
    type = F32;
    scanner.skip(4);
  } else if (code === F64_CONST) {
    type = F64;
    scanner.skip(8);
  } else if (code === REF_FUNC) {
    type = FUNCREF;
    const at = scanner.pos;
    nameFunction(module, scanner, scanner.u32(), at);
  } else if (code === REF_NULL) {
    type = scanner.u8();
    if (type !== FUNCREF) scanner.stop("verify-constant", {}, start);
  } else if (code === VECTOR_PREFIX && scanner.u32() === V128_CONST) {
    type = V128;
    scanner.skip(16);
  } else scanner.stop("verify-constant", {}, start);
  if (scanner.u8() !== END) scanner.stop("verify-constant", {}, start);
  return { type, value };
}

export function readGlobals(scanner: Scanner, module: Module): void {
  const count = scanner.vector("globals", limits.globals + injectedGlobals.length);
  const guest = count - injectedGlobals.length;
  if (guest < 0) {
    scanner.stop("verify-global", { what: "the injected globals are missing" });
  }
  module.guestGlobals = guest;
  module.globalIsWide = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const start = scanner.pos;
    const type = readValueType(scanner);
    const mutable = scanner.u8();
    if (mutable > 1) scanner.malformed("a global is constant (0) or mutable (1)", start);
    const init = readConstant(scanner, module);
    module.globalIsWide[i] = type === V128 ? 1 : 0;
    if (i < guest) continue;
    const row = injectedGlobals[i - guest]!;
    const right = type === row.type && mutable === 1 && init.type === type;
    if (!right || init.value !== Number(row.init)) {
      const what = `number ${i} is not the injected global "${row.key}" as it must be`;
      scanner.stop("verify-global", { what }, start);
    }
  }
}
