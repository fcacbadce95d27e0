// Constant expressions: one instruction and `end`. Extended constant expressions are outside the gate.
import { fail } from "../errors/failure.ts";
import { FUNCREF } from "../spec/binary.ts";
import { op, opcodeRow } from "../spec/opcodes.ts";
import type { Writer } from "../util/bytes.ts";
import type { ConstExpr } from "./module.ts";
import type { Reader } from "./reader.ts";

const END = op("end");
const V128_CONST = op("v128.const") - 0x200;

function readOne(reader: Reader): ConstExpr {
  const at = reader.pos;
  const code = reader.u8("a constant expression");
  switch (opcodeRow(code)?.name) {
    case "i32.const":
      return { op: "i32.const", value: reader.s32("a constant") };
    case "i64.const":
      return { op: "i64.const", value: reader.s64("a constant") };
    case "f32.const":
      return { op: "f32.const", bytes: reader.view(4, "a constant") };
    case "f64.const":
      return { op: "f64.const", bytes: reader.view(8, "a constant") };
    case "global.get":
      return { op: "global.get", global: reader.u32("a global") };
    case "ref.func":
      return { op: "ref.func", func: reader.u32("a function") };
    case "ref.null": {
      const type = reader.u8("a reference's type");
      if (type === FUNCREF) return { op: "ref.null" };
      return fail("wasm-feature", { feature: "references other than funcref" }, reader.where(at));
    }
  }
  if (code === 0xfd && reader.u32("an opcode") === V128_CONST) {
    return { op: "v128.const", bytes: reader.view(16, "a constant") };
  }
  const name = opcodeRow(code)?.name;
  if (name === undefined) {
    return fail("wasm-opcode", { opcode: `0x${code.toString(16)}` }, reader.where(at));
  }
  const expected = "a constant instruction";
  return fail(
    "wasm-malformed",
    { what: "a constant expression", expected, found: name },
    reader.where(at),
  );
}

/** Reads a constant expression and its `end`. */
export function readConst(reader: Reader): ConstExpr {
  const expr = readOne(reader);
  const at = reader.pos;
  if (reader.u8("a constant expression") !== END) {
    fail("wasm-feature", { feature: "extended constant expressions" }, reader.where(at));
  }
  return expr;
}

/** Writes a constant expression in its shortest form, with `end`. */
export function writeConst(out: Writer, expr: ConstExpr): void {
  if (expr.op === "v128.const") {
    out.u8(0xfd);
    out.u32(V128_CONST);
    out.raw(expr.bytes);
  } else {
    out.u8(op(expr.op));
    if (expr.op === "i32.const") out.signed(expr.value);
    else if (expr.op === "i64.const") out.signed64(expr.value);
    else if (expr.op === "ref.null") out.u8(FUNCREF);
    else if (expr.op === "ref.func") out.u32(expr.func);
    else if (expr.op === "global.get") out.u32(expr.global);
    else out.raw(expr.bytes);
  }
  out.u8(END);
}
