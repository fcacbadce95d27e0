// Writes the walker's current instruction with every integer in its shortest form: compilers leave room for
// linkers, and a hardened module has to be canonical.
import { FUNCREF } from "../spec/binary.ts";
import { type Immediate, opcodeRow } from "../spec/opcodes.ts";
import type { Writer } from "../util/bytes.ts";
import type { Walker } from "./walker.ts";

/** A signed LEB128 without its redundant last bytes. */
function trimSigned(out: Writer, bytes: Uint8Array, from: number, to: number): void {
  let last = to - 1;
  while (last > from) {
    const sign = bytes[last - 1]! & 0x40;
    const top = bytes[last]! & 0x7f;
    if (!(top === 0 && sign === 0) && !(top === 0x7f && sign !== 0)) break;
    last--;
  }
  for (let i = from; i < last; i++) out.u8(bytes[i]!);
  out.u8(bytes[last]! & 0x7f);
}

function writeImmediate(w: Walker, kind: Immediate, out: Writer): void {
  switch (kind) {
    case "block":
      if (w.a < 0) out.u8(-1 - w.a);
      else out.signed(w.a);
      return;
    case "labels":
      out.u32(w.targetCount - 1);
      for (let i = 0; i < w.targetCount; i++) out.u32(w.targets[i]!);
      return;
    case "i32":
    case "i64":
      trimSigned(out, w.bytes, w.operands, w.pos);
      return;
    case "indirect":
    case "elem-table":
    case "table-table":
    case "memarg":
    case "memarg-lane":
      out.u32(w.a);
      out.u32(w.b);
      if (kind === "memarg-lane") out.u8(w.bytes[w.pos - 1]!);
      return;
    case "memory":
      out.u8(0);
      return;
    case "memory-memory":
      out.u8(0);
      out.u8(0);
      return;
    case "data-memory":
      out.u32(w.a);
      out.u8(0);
      return;
    case "types":
      out.u8(1);
      out.u8(w.bytes[w.pos - 1]!);
      return;
    case "reftype":
      out.u8(FUNCREF);
      return;
    case "none":
    case "f32":
    case "f64":
    case "v128":
    case "shuffle":
    case "lane":
      out.slice(w.bytes, w.operands, w.pos);
      return;
    default:
      out.u32(w.a);
  }
}

/** Appends the current instruction, canonically. */
export function writeShortest(w: Walker, out: Writer): void {
  if (w.code >= 0x200) {
    out.u8(0xfd);
    out.u32(w.code - 0x200);
  } else if (w.code >= 0x100) {
    out.u8(0xfc);
    out.u32(w.code - 0x100);
  } else out.u8(w.code);
  writeImmediate(w, opcodeRow(w.code)!.imm, out);
}
