// Cost tables: what an instruction costs in fuel units. Append-only and versioned once published, so that a
// module hardened under any 1.x stays verifiable. Flat prices stand in opcodes.ts; this is the rest.
// Rule A36: every opcode costs at least 1; calls, returns and branches carry their arity; locals are
// charged at entry; bulk operations by length before they run; imports a constant and their bytes.
import { OPCODE_SPACE, opcodes } from "./opcodes.ts";

export interface CostTable {
  readonly version: string;
  /** Price by dense code, without arity. */
  readonly flat: Uint32Array;
  /** Declared locals (v128 counts twice) that one unit zeroes at a function's entry. */
  readonly localsPerUnit: number;
  /** log2 of the bytes that one unit moves in memory.copy, fill, init. */
  readonly bulkShift: number;
  /** log2 of the units that one entry costs in table.copy, fill, init, grow. */
  readonly elemShift: number;
  /** log2 of the bytes that one unit pays for in a host call. */
  readonly hostShift: number;
}

function flatPrices(): Uint32Array {
  const flat = new Uint32Array(OPCODE_SPACE);
  for (const row of opcodes) flat[row.code] = row.cost;
  return flat;
}

export const costTables = {
  v1: {
    version: "v1",
    flat: flatPrices(),
    localsPerUnit: 8,
    bulkShift: 5,
    elemShift: 4,
    hostShift: 4,
  },
} as const satisfies Readonly<Record<string, CostTable>>;

export type CostVersion = keyof typeof costTables;
