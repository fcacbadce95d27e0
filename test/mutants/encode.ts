// Instructions as bytes, for what mutations put in, and which instructions may stand for which others without a
// type error. It knows the opcode table and nothing of hardening.
import { type OpcodeName, op, opcodes } from "../../src/spec/opcodes.ts";
import { Writer } from "../../src/util/bytes.ts";

const rows = new Map(opcodes.map((row) => [row.name as string, row]));

/** Instructions in words: `i64.const 5`, `global.set 3`, `if`, one string each. */
export function encode(...words: readonly string[]): Uint8Array {
  const out = new Writer(64);
  for (const word of words) {
    const row = rows.get(word) ?? rows.get(word.split(" ")[0]!);
    if (row === undefined || row.code >= 0x100) throw new Error(`no plain instruction ${word}`);
    const [, first, second] = row.name === word ? [] : word.split(" ");
    out.u8(row.code);
    if (row.imm === "block") out.u8(0x40);
    else if (row.imm === "i32") out.signed(Number(first));
    else if (row.imm === "i64") out.signed64(BigInt(first!));
    else if (row.imm === "memory") out.u8(0);
    else if (first !== undefined) out.u32(Number(first));
    if (second !== undefined) out.u32(Number(second));
  }
  return out.view().slice();
}

const bySignature = new Map<string, OpcodeName[]>();
for (const { name, sig, imm } of opcodes) {
  if (imm !== "none" || sig === "*" || op(name) >= 0x100) continue;
  bySignature.set(sig, [...(bySignature.get(sig) ?? []), name]);
}

/** Other instructions without immediates that take and give the same types. */
export function alternatives(name: string): readonly OpcodeName[] {
  const row = rows.get(name);
  if (row === undefined || row.imm !== "none") return [];
  return (bySignature.get(row.sig) ?? []).filter((one) => one !== name);
}

/** Net effect on the operand stack of an instruction whose operands its row tells; undefined for the others. */
export function effectOf(name: string): number | undefined {
  const sig = rows.get(name)?.sig ?? "*";
  if (sig !== "*") return sig.length - 1 - 2 * sig.indexOf(":");
  const own: Readonly<Record<string, number>> = {
    "local.get": 1,
    "local.set": -1,
    "local.tee": 0,
    "global.get": 1,
    "global.set": -1,
    drop: -1,
    select: -2,
    nop: 0,
  };
  return own[name];
}
