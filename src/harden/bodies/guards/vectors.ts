// Adds up what a WASI vector names before the host copies any of it (rule A10): a few entries that all name the
// same bytes made the host copy gigabytes.
import { I32, I64 } from "../../../spec/binary.ts";
import { GUARD } from "../../../spec/guards.ts";
import { Asm, ONE_I64, priceOf } from "../asm.ts";
import type { GuardRow } from "./guard.ts";

const [PTR, COUNT, INDEX, SUM] = [0, 1, 2, 3];

function add(asm: Asm): Asm {
  asm.local("get", INDEX).local("get", COUNT).op("i32.ge_u").branch("br_if", 1);
  asm.local("get", SUM).local("get", PTR).local("get", INDEX).i32(3).op("i32.shl", "i32.add");
  asm.memory("i64.load32_u", 0, 4).op("i64.add").local("set", SUM);
  return asm.local("get", INDEX).i32(1).op("i32.add").local("set", INDEX).branch("br", 0);
}

const malformed = (asm: Asm): Asm => asm.if().i64(-1).return(1).op("end");

export const vectors: readonly GuardRow[] = [
  {
    name: "vectors",
    build({ ground, target }) {
      const asm = new Asm(ground, [
        [1, I32],
        [1, I64],
      ]);
      malformed(asm.local("get", COUNT).i32(GUARD.vectorEntries).op("i32.gt_u"));
      asm.local("get", PTR).local("get", COUNT).i32(3).op("i32.shl");
      malformed(asm.call(target("inside")).op("i32.eqz"));
      asm.local("get", COUNT).op("i64.extend_i32_u").i64(priceOf(ground, add)).op("i64.mul");
      asm.call(target("pay")).block().loop();
      return add(asm).op("end", "end").local("get", SUM).body([I32, I32], ONE_I64);
    },
  },
];
