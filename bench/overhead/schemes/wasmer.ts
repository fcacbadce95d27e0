// Block metering in the style of Wasmer's middleware: the cost of a basic block is compared with one global
// and then subtracted from it, at the block's end, before the instruction that leaves it; a second global
// says that the fuel was not enough.
import { I32, I64 } from "../../../src/spec/binary.ts";
import { opcodes } from "../../../src/spec/opcodes.ts";
import { type Charge, flat, type Scheme } from "./weave.ts";

const leaving = new Set<string>([
  ...["loop", "end", "if", "else", "br", "br_if", "br_table", "call", "call_indirect", "return"],
]);
const leaves = new Set<number>(
  opcodes.filter((row) => leaving.has(row.name)).map((row) => row.code),
);

export const wasmer: Scheme = {
  name: "Wasmer-style",
  globals: [I64, I32],
  plan(walker) {
    const charges: Charge[] = [];
    let cost = 0;
    for (let code = walker.next(); code >= 0; code = walker.next()) {
      if (!walker.falls && leaves.has(code)) {
        cost = 0;
        continue;
      }
      cost += flat[code]!;
      if (!leaves.has(code)) continue;
      charges.push({ at: walker.at, cost });
      cost = 0;
    }
    return charges;
  },
  charge(out, { cost }) {
    out.global("get").constant("i64", cost).do("i64.lt_u").if();
    out.constant("i32", 1).global("set", 1).do("unreachable", "end");
    out.global("get").constant("i64", cost).do("i64.sub").global("set");
  },
};
