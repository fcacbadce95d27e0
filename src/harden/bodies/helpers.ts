// The helpers: deny (logs a denial through a borrowed window of page 0, rule A30), bulkBytes and bulkElems
// (charge by length, A36), grow (the memory cap), cross (charges for what crosses the wall, A36), reach
// and back (mark the phase around a host call, A6).
import { I32, I64 } from "../../spec/binary.ts";
import type { CostTable } from "../../spec/costs.ts";
import { WINDOW } from "../../spec/layout.ts";
import { op } from "../../spec/opcodes.ts";
import { LOG_LEVEL } from "../../spec/status.ts";
import { Asm, type Body, NO_RESULT, ONE_I32, type Target } from "./asm.ts";

/** Logs `length` bytes at `offset` of the passive segment, at level error, and leaves memory as it was. */
export function denyBody(
  segment: number,
  log: Target,
  costs: CostTable,
  firstGlobal: number,
): Body {
  const words = WINDOW.bytes / 8;
  const first = 2;
  const asm = new Asm(costs, firstGlobal, words, I64);
  asm.memoryOp("memory.size").if();
  for (let k = 0; k < words; k++) {
    asm
      .i32(WINDOW.address)
      .memory("i64.load", 3, 8 * k)
      .local("set", first + k);
  }
  asm.i32(WINDOW.address).local("get", 0).local("get", 1).init(segment);
  asm.i32(LOG_LEVEL.error).i32(WINDOW.address).local("get", 1).call(log).op("drop");
  for (let k = 0; k < words; k++) {
    asm
      .i32(WINDOW.address)
      .local("get", first + k)
      .memory("i64.store", 3, 8 * k);
  }
  asm.op("end");
  return asm.body([I32, I32], NO_RESULT);
}

/** Charges for `n` units of length and answers n, so that it can stand right before a bulk operation. */
export function bulkBody(unit: "bytes" | "elems", costs: CostTable, firstGlobal: number): Body {
  const asm = new Asm(costs, firstGlobal);
  asm.get("fuel").local("get", 0).op("i64.extend_i32_u");
  if (unit === "bytes") asm.i64(costs.bulkShift).op("i64.shr_u");
  else asm.i64(costs.elemShift).op("i64.shl");
  asm.op("i64.sub").set("fuel").checkFuel().local("get", 0);
  return asm.body(ONE_I32, ONE_I32);
}

/** Charges for `n` bytes, or entries, that cross between guest and host. */
export function crossBody(costs: CostTable, firstGlobal: number): Body {
  const asm = new Asm(costs, firstGlobal);
  asm.get("fuel").local("get", 0).op("i64.extend_i32_u").i64(costs.hostShift).op("i64.shr_u");
  asm.op("i64.sub").set("fuel").checkFuel();
  return asm.body(ONE_I32, NO_RESULT);
}

/** `reach`: the host is about to run. */
export function reachBody(costs: CostTable, firstGlobal: number): Body {
  const asm = new Asm(costs, firstGlobal);
  asm.get("phase").i32(1).op("i32.add").set("phase");
  return asm.body(NO_RESULT, NO_RESULT);
}

/** `back`: the host has returned; traps where a trap inside it was swallowed and left another phase behind. */
export function backBody(costs: CostTable, firstGlobal: number): Body {
  const asm = new Asm(costs, firstGlobal);
  asm.get("phase").i32(1).op("i32.and", "i32.eqz").if().op("unreachable", "end");
  asm.get("phase").i32(1).op("i32.sub").set("phase");
  return asm.body(NO_RESULT, NO_RESULT);
}

/** memory.grow under the cap: past it, counts and traps or answers -1. Pays for it first: its own cost is without. */
export function growBody(
  pages: number,
  onCap: "trap" | "refuse",
  costs: CostTable,
  firstGlobal: number,
): Body {
  const asm = new Asm(costs, firstGlobal);
  const price = costs.flat[op("memory.grow")]!;
  asm.get("fuel").i64(price).op("i64.sub").set("fuel").checkFuel();
  asm
    .local("get", 0)
    .op("i64.extend_i32_u")
    .memoryOp("memory.size")
    .op("i64.extend_i32_u", "i64.add");
  asm.i64(pages).op("i64.gt_u").if().get("refused").i32(1).op("i32.add").set("refused");
  if (onCap === "trap") asm.op("unreachable");
  else asm.i32(-1).return(1);
  asm.op("end").local("get", 0).memoryOp("memory.grow");
  return asm.body(ONE_I32, ONE_I32, -price);
}
