// The guards of ranges and of fuel: `inside` (A13), `overlap` (A12), `pay`, and `vectors`, which
// adds up what a WASI vector would make the host write (A10). From docs/guards.md.
import { PAGE } from "../../../spec/binary.ts";
import { GUARD } from "../../../spec/guards.ts";
import { signature } from "../expected.ts";
import type { Maker } from "../link.ts";
import { price, written } from "../words.ts";
import { unless, wide } from "./phrases.ts";

export const MEMORY_BYTES = `memory.size i64.extend_i32_u i64.const ${Math.log2(PAGE)} i64.shl`;

/** Traps where the fuel is negative. */
export const TRAP_IF_EXHAUSTED = "global.get fuel i64.const 0 i64.lt_s if unreachable end";

const before = (q: number, p: number, n: number): string =>
  `${wide(q)} ${wide(p)} ${wide(n)} i64.add i64.lt_u`;

const vectorsType = signature("ii:I");
const MALFORMED = "i64.const -1 return";
const EACH = `local.get i local.get n i32.ge_u br_if 1
  local.get s local.get p local.get i i32.const 3 i32.shl i32.add i64.load32_u 0 4 i64.add
  local.set s local.get i i32.const 1 i32.add local.set i br 0`;

export const ranges: readonly (readonly [string, Maker])[] = [
  [
    "inside",
    (link) =>
      written(
        link,
        "the guard inside",
        signature("ii:i"),
        `${wide(0)} ${wide(1)} i64.add ${MEMORY_BYTES} i64.le_u end`,
      ),
  ],
  [
    "overlap",
    (link) =>
      written(
        link,
        "the guard overlap",
        signature("iiii:i"),
        `${before(0, 2, 3)} ${before(2, 0, 1)} i32.and end`,
      ),
  ],
  [
    "pay",
    (link) =>
      written(
        link,
        "the guard pay",
        signature("I:"),
        `global.get fuel local.get 0 i64.sub global.set fuel ${TRAP_IF_EXHAUSTED} end`,
      ),
  ],
];

export const vectors: Maker = (link) => {
  const extras = { names: "p n i s", locals: "i I" };
  const text = `local.get n i32.const ${GUARD.vectorEntries} i32.gt_u if ${MALFORMED} end
    ${unless("local.get p local.get n i32.const 3 i32.shl call inside", MALFORMED)}
    ${wide("n")} i64.const ${price(link, vectorsType, EACH, extras)} i64.mul call pay
    block loop ${EACH} end end local.get s end`;
  return written(link, "the guard vectors", vectorsType, text, extras);
};
