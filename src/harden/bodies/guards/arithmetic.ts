// Guards over numbers alone: whether a range lies inside the memory (rule A13), whether two overlap (A12), and
// what a walk pays before it begins. 64-bit sums of 32-bit numbers, so that nothing wraps.
import { I32 } from "../../../spec/binary.ts";
import { Asm, NO_RESULT, ONE_I32, ONE_I64 } from "../asm.ts";
import type { GuardRow } from "./guard.ts";

/** The end of the range in locals `ptr` and `len`, as an i64. */
function end(asm: Asm, ptr: number, len: number): Asm {
  asm.local("get", ptr).op("i64.extend_i32_u").local("get", len);
  return asm.op("i64.extend_i32_u", "i64.add");
}

export const arithmetic: readonly GuardRow[] = [
  {
    name: "inside",
    build({ ground }) {
      const asm = end(new Asm(ground), 0, 1).memoryOp("memory.size").op("i64.extend_i32_u");
      return asm.i64(16).op("i64.shl", "i64.le_u").body([I32, I32], ONE_I32);
    },
  },
  {
    name: "overlap",
    build({ ground }) {
      const asm = new Asm(ground).local("get", 0).op("i64.extend_i32_u");
      end(asm, 2, 3).op("i64.lt_u").local("get", 2).op("i64.extend_i32_u");
      return end(asm, 0, 1).op("i64.lt_u", "i32.and").body([I32, I32, I32, I32], ONE_I32);
    },
  },
  {
    name: "pay",
    build({ ground }) {
      const asm = new Asm(ground).get("fuel").local("get", 0).op("i64.sub").set("fuel");
      return asm.checkFuel().body(ONE_I64, NO_RESULT);
    },
  },
];
