// The helpers: deny (logs a denial through a borrowed window of page 0, rule A30), bulkBytes and bulkElems
// (charge by length, A36), grow (the memory cap).
import { I32, I64 } from "../../spec/binary.ts";
import type { HostFunction } from "../../spec/host-function-row.ts";
import { WINDOW } from "../../spec/layout.ts";
import { op } from "../../spec/opcodes.ts";
import { LOG_LEVEL } from "../../spec/status.ts";
import { Asm, type Body, type Ground, NO_RESULT, ONE_I32, type Target } from "./asm.ts";
import { importTarget } from "./thunk.ts";

const WORDS = WINDOW.bytes / 8;

/** Keeps the window's words in i64 locals, from local `first` on. */
export function saveWindow(asm: Asm, first: number): void {
  for (let k = 0; k < WORDS; k++) {
    asm
      .i32(WINDOW.address)
      .memory("i64.load", 3, 8 * k)
      .local("set", first + k);
  }
}

/** Puts them back. */
export function restoreWindow(asm: Asm, first: number): void {
  for (let k = 0; k < WORDS; k++) {
    asm
      .i32(WINDOW.address)
      .local("get", first + k)
      .memory("i64.store", 3, 8 * k);
  }
}

/**
 * Logs `length` bytes at `offset` of the passive segment, at level error, and leaves memory as it was. Calls the
 * import of proxy_log itself: a plugin can't hide a denial by spending its log quota first.
 */
export function denyBody(segment: number, log: HostFunction, index: number, ground: Ground): Body {
  const first = 2;
  const asm = new Asm(ground, [[WORDS, I64]]);
  asm.memoryOp("memory.size").if();
  saveWindow(asm, first);
  asm.i32(WINDOW.address).local("get", 0).local("get", 1).init(segment);
  asm.reach().i32(LOG_LEVEL.error).i32(WINDOW.address).local("get", 1);
  asm.call(importTarget(log, index)).op("drop").back();
  restoreWindow(asm, first);
  asm.op("end");
  return asm.body([I32, I32], NO_RESULT, log.price);
}

/** Charges for `n` units of length and answers n, so that it can stand right before a bulk operation. */
export function bulkBody(unit: "bytes" | "elems", ground: Ground): Body {
  const { costs } = ground;
  const asm = new Asm(ground);
  asm.get("fuel").local("get", 0).op("i64.extend_i32_u");
  if (unit === "bytes") asm.i64(costs.bulkShift).op("i64.shr_u");
  else asm.i64(costs.elemShift).op("i64.shl");
  asm.op("i64.sub").set("fuel").checkFuel().local("get", 0);
  return asm.body(ONE_I32, ONE_I32);
}

/**
 * memory.grow under the cap: past it, counts and traps or answers -1. Pays for it first: its own cost is without.
 * `refuse` reports a trap.
 */
export function growBody(
  pages: number,
  onCap: "trap" | "refuse",
  refuse: Target | null,
  ground: Ground,
): Body {
  const asm = new Asm(ground);
  const price = ground.costs.flat[op("memory.grow")]!;
  asm.get("fuel").i64(price).op("i64.sub").set("fuel").checkFuel();
  asm
    .local("get", 0)
    .op("i64.extend_i32_u")
    .memoryOp("memory.size")
    .op("i64.extend_i32_u", "i64.add");
  asm.i64(pages).op("i64.gt_u").if().get("refused").i32(1).op("i32.add").set("refused");
  if (onCap === "trap" && refuse !== null) asm.call(refuse);
  if (onCap === "trap") asm.op("unreachable");
  else asm.i32(-1).return(1);
  asm.op("end").local("get", 0).memoryOp("memory.grow");
  return asm.body(ONE_I32, ONE_I32, -price);
}
