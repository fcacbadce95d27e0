// From a case's text to what the engines run: hardened in a mode, found in order by verify, and played once in
// the counting interpreter, which says what share of the fuel goes into the instructions that the case names.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { harden } from "../../src/harden/harden.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { type CostTable, costTables } from "../../src/spec/costs.ts";
import { OPCODE_SPACE, type OpcodeName, op, opcodes } from "../../src/spec/opcodes.ts";
import { verify } from "../../src/verify/verify.ts";
import { Machine } from "../../test/oracle/machine.ts";
import { wat } from "../../test/wat.ts";
import type { Case } from "./cases.ts";

export type Mode = "bound" | "exact";

export interface Prepared {
  readonly case: Case;
  readonly mode: Mode;
  readonly file: string;
  /** Of the units executed in a turn of the loop, those in the instructions that the case is about. */
  readonly share: number;
  /** Units that one entry executes, its wrapper included; of cases with `entry` only. */
  readonly units: number | null;
}

/** The least share where a case names none. */
const LEAST = 0.3;
const DEPTH = 1000;
const STACK = 2 ** 20;

export function hardened(bytes: Uint8Array, mode: Mode, allow: readonly string[]): Uint8Array {
  const policy = policyFromRole(null, {
    "spec.limits.fuel.mode": mode,
    "spec.limits.fuel.callback": Number.MAX_SAFE_INTEGER,
    "spec.limits.fuel.start": Number.MAX_SAFE_INTEGER,
    "spec.limits.stack": STACK,
    "spec.limits.callDepth": DEPTH,
    "spec.capabilities.allow": allow,
  });
  const out = harden(bytes, policy).bytes;
  const [finding] = verify(out, policy);
  if (finding !== undefined) throw new Error(`verify: ${finding.code}`);
  return out;
}

/** Prices as if every access to memory hit: what a case needs only to get its operands must not hide what it is about. */
function asIfHit(ops: readonly string[]): Uint32Array {
  const flat = Uint32Array.from(costTables.v1.flat);
  for (const row of opcodes) {
    if (row.imm.startsWith("memarg") && !ops.includes(row.name)) flat[row.code] = 1;
  }
  return flat;
}

/** A table in which only the named instructions cost, what they cost in v1; "entry" names a call's locals. */
function onlyOf(ops: readonly string[]): CostTable {
  const { flat, localsPerUnit } = costTables.v1;
  const some = new Uint32Array(OPCODE_SPACE);
  for (const name of ops) {
    if (name === "entry") continue;
    const code = op(name as OpcodeName);
    some[code] = flat[code]!;
  }
  const entry = ops.includes("entry") ? localsPerUnit : Number.MAX_SAFE_INTEGER;
  return { ...costTables.v1, flat: some, localsPerUnit: entry };
}

/** Units of the turns of the loop after the first, as the interpreter counts them under a price table. */
function count(bytes: Uint8Array, one: Case, costs: CostTable): number {
  const name = one.entry ? "proxy_on_log" : "run";
  const machine = new Machine(bytes, { costs, frames: 4096 });
  const times = (turns: number): number => {
    machine.reset();
    const outcome = machine.call(name, [one.entry ? 0 : turns]);
    if (outcome.kind !== "returned") throw new Error(`${one.name}: ${JSON.stringify(outcome)}`);
    const sum = (units: Float64Array) => units.reduce((total, unit) => total + unit, 0);
    return sum(machine.executed) + sum(machine.moved);
  };
  return one.entry ? times(1) : times(3) - times(1);
}

/** Hardens and checks a case. Throws where its name promises more than the count shows. */
export function prepare(one: Case, mode: Mode, folder: string, name: string): Prepared {
  const bytes = hardened(wat(one.text), mode, one.allow ?? []);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${mode}.wasm`);
  writeFileSync(file, bytes);
  const all = count(bytes, one, costTables.v1);
  const hit = count(bytes, one, { ...costTables.v1, flat: asIfHit(one.ops) });
  const share = count(bytes, one, onlyOf(one.ops)) / hit;
  if (share < (one.share ?? LEAST)) {
    throw new Error(`${one.name} (${mode}): only ${share.toFixed(2)} of its fuel is in ${one.ops}`);
  }
  return { case: one, mode, file, share, units: one.entry ? all : null };
}
