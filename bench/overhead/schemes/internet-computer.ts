// Metering in the style of the Internet Computer: every basic block takes its cost off a counter at its
// start, and the sign is looked at only where control can come again: at a function's entry and at loops.
import { I64 } from "../../../src/spec/binary.ts";
import { opcodes } from "../../../src/spec/opcodes.ts";
import { OP } from "../../../src/wasm/walker.ts";
import { type Charge, flat, type Scheme } from "./weave.ts";

const ending = new Set<string>([
  ...["loop", "if", "else", "end", "br", "br_if", "br_table", "return", "unreachable"],
]);
const ends = new Set<number>(opcodes.filter((row) => ending.has(row.name)).map((row) => row.code));

export const internetComputer: Scheme = {
  name: "Internet-Computer-style",
  globals: [I64],
  plan(walker) {
    let block: Charge = { at: walker.pos, cost: 0, test: true };
    const charges: Charge[] = [block];
    for (let code = walker.next(); code >= 0; code = walker.next()) {
      if (walker.falls || !ends.has(code)) block.cost += flat[code]!;
      if (!ends.has(code)) continue;
      // After the last end there is no block any more.
      if (code === OP.end && walker.depth === 0) break;
      block = { at: walker.pos, cost: 0, test: code === OP.loop };
      charges.push(block);
    }
    return charges;
  },
  charge(out, { cost, test }) {
    out.global("get").constant("i64", cost).do("i64.sub").global("set");
    if (test !== true) return;
    out.global("get").constant("i64", 0).do("i64.lt_s").if().do("unreachable", "end");
  },
};
