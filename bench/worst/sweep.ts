// One case for every instruction that computes or goes to memory, made from the opcode table: a chain where
// the result is the next one's operand, else over values that no compiler knows. Calls, branches, bulk operations
// and the like are in cases.ts.
import { type Opcode, opcodes } from "../../src/spec/opcodes.ts";
import type { Case } from "./cases.ts";
import { type Frame, LANES, moduleText, type Operands, repeat } from "./text.ts";

const types = { i: "i32", I: "i64", f: "f32", F: "f64", v: "v128" } as const;
/** Folds a value into the one below it. */
const folds = { i: "i32.xor", I: "i64.xor", f: "f32.add", F: "f64.add", v: "v128.xor" } as const;
/** Leaves a value as it is where the other operand is zero, which no compiler knows here. */
const keeps = { i: "i32.add", I: "i64.add", f: "f32.add", F: "f64.add", v: "v128.or" } as const;
type Kind = keyof typeof types;

const TIMES = LANES;
/** Of a cheap instruction's fuel the larger part is in its operands and in the fold of its result. */
const LEAST = 0.1;

/** Immediates in the text format, after a memory offset. */
function immediate({ imm }: Opcode, k: number): string | null {
  switch (imm) {
    case "none":
      return "";
    case "memarg":
      return ` offset=${k * 16}`;
    case "memarg-lane":
      return ` offset=${k * 16} 0`;
    case "lane":
      return " 0";
    case "shuffle":
      return " 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31";
    default:
      return null;
  }
}

const kindsOf = (text: string): readonly Kind[] => [...text] as Kind[];

/** Values for the operands; the first is a local of its own unless it stands on the stack already. */
function operandsFor(pops: readonly Kind[], row: Opcode, k: number, first: boolean): string {
  return pops
    .map((kind, index) => {
      if (index === 0 && row.imm.startsWith("memarg")) return "(local.get $p)";
      if (index > 0) return `(local.get $b${kind})`;
      return first ? `(local.get $y${k})` : "";
    })
    .join(" ");
}

function frameOf(row: Opcode): Frame | null {
  const [before = "", after] = row.sig.split(":");
  if (after === undefined) return null;
  if (![...before, ...after].every((kind) => Object.hasOwn(types, kind))) return null;
  if (before === "" || immediate(row, 0) === null) return null;
  const pops = kindsOf(before);
  const [from] = pops as [Kind];
  const [push] = kindsOf(after);
  const once = (k: number, first: boolean) =>
    `${operandsFor(pops, row, k, first)} (${row.name}${immediate(row, k)})`;
  if (push === undefined) return { body: repeat(TIMES, (k) => once(k, true)) };
  const taken = `(local.get $x${push})`;
  const left = `(local.set $x${push})`;
  const memory = row.imm.startsWith("memarg");
  if (!memory && from === push) {
    return { body: `${taken} ${repeat(TIMES, (k) => once(k, false))} ${left}` };
  }
  const all = repeat(TIMES, (k) => `${once(k, true)} (${folds[push]})`);
  if (memory) return { body: `${taken} ${all} ${left}` };
  return {
    locals: repeat(TIMES, (k) => `(local $y${k} ${types[from]})`),
    before: repeat(TIMES, (k) => `(local.set $y${k} (local.get $x${from}))`),
    body: `${taken} ${all} ${left}`,
    after: repeat(
      TIMES,
      (k) => `(local.set $y${k} (${keeps[from]} (local.get $y${k}) (local.get $z${from})))`,
    ),
  };
}

const onFloats = (row: Opcode): boolean => /[fF]/.test(row.sig) || /f(32x4|64x2)/.test(row.name);

/** Traps on what is not a number of its range. */
const trapping = (row: Opcode): boolean => /^i(32|64)\.trunc_f/.test(row.name);

function familyOf({ name, imm }: Opcode): string {
  const shape = name.split(".")[0]!;
  if (imm.startsWith("memarg")) return "loads and stores near by";
  if (/^[if](8|16|32|64)x/.test(shape) || shape === "v128") {
    if (/div|sqrt/.test(name)) return "vectors: division and square root";
    if (/shuffle|swizzle|lane|splat|bitmask|true/.test(name)) return "vectors: lanes";
    if (/convert|trunc_sat|demote|promote/.test(name)) return "vectors: conversions";
    if (shape.startsWith("f")) return "vectors: floats";
    return "vectors: integers";
  }
  if (/div|rem/.test(name) && shape.startsWith("i")) return "integer division";
  if (/sqrt|div/.test(name)) return "float division and square root";
  if (/trunc_sat/.test(name)) return "saturating truncation";
  if (/\.trunc_f/.test(name)) return "truncation that may trap";
  if (/convert|demote|promote/.test(name)) return "conversion to floats";
  if (/min|max/.test(name)) return "float minimum and maximum";
  if (/nearest|ceil|floor|\.trunc|copysign/.test(name)) return "float rounding and copysign";
  if (/popcnt|clz|ctz/.test(name)) return "counting bits";
  return shape.startsWith("f") ? "float arithmetic" : "integer arithmetic";
}

/** All cases of the sweep. `family` says which row of the table they are in: the slowest stands for it. */
export function sweep(): readonly Case[] {
  return opcodes.flatMap((row: Opcode): Case[] => {
    const frame = frameOf(row);
    if (frame === null) return [];
    const sets: readonly Operands[] =
      onFloats(row) && !trapping(row) && !row.imm.startsWith("memarg")
        ? ["ordinary", "nan", "subnormal"]
        : ["ordinary"];
    return sets.map((operands) => ({
      name: operands === "ordinary" ? row.name : `${row.name} (${operands})`,
      family: familyOf(row),
      ops: [row.name],
      share: LEAST,
      text: moduleText({ ...frame, operands }),
    }));
  });
}
