// Every instruction that only computes, by dense opcode. Built from the names of the opcode table; a name that
// nobody knows stays undefined, and a test lists those.
import { OPCODE_SPACE, opcodes } from "../../src/spec/opcodes.ts";
import { type Compute, scalar } from "./scalar.ts";
import { vector } from "./vector.ts";

/** By dense code; undefined where an instruction does more than compute. */
export const computes: readonly (Compute | undefined)[] = (() => {
  const table = new Array<Compute | undefined>(OPCODE_SPACE).fill(undefined);
  for (const { code, name } of opcodes) table[code] = code >= 0x200 ? vector(name) : scalar(name);
  return table;
})();
