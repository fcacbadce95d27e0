// The instrumentation of guest functions: fixed byte sequences over the fuel and the stack global
// and the fuel local, with one constant. A match is the whole sequence, so what touches those three
// and does not match is no instrumentation. From docs/containment.md, "Templates".
import { BLOCK_EMPTY } from "../../spec/binary.ts";
import type { CostTable } from "../../spec/costs.ts";
import { type OpcodeName, op } from "../../spec/opcodes.ts";
import type { Scanner } from "../scanner.ts";
import { unsigned } from "./leb.ts";

/** A row of the format's table. G works on the fuel global, L on the fuel local. */
export interface Template {
  readonly does: "charge" | "test" | "subtract" | "move" | "deepen" | "rise";
  /** Where the fuel must be before (0 global, 1 local, -1 either) and is after (-1: as before). */
  readonly needs: -1 | 0 | 1;
  readonly leaves: -1 | 0 | 1;
  /** What executes where it does not trap, and its price. */
  readonly path: readonly OpcodeName[];
  readonly cost: number;
}
const SIGN = ["i64.const", "i64.lt_s", "if"] as const;
const GET_SUB = ["global.get", "i64.const", "i64.sub"] as const;
const OWN_SUB = ["local.get", "i64.const", "i64.sub"] as const;
const GO_DOWN = ["global.get", "i32.const", "i32.sub", "global.set"] as const;
const GO_UP = ["global.get", "i32.const", "i32.add", "global.set"] as const;
const DEEP = ["global.get", "i32.const", "i32.lt_s", "if"] as const;

const charge = { does: "charge", needs: 0, leaves: -1 } as const;
const rows = {
  chargeG: { ...charge, path: [...GET_SUB, "global.set", "global.get", ...SIGN] },
  testG: { ...charge, does: "test", path: ["global.get", ...SIGN] },
  subG: { ...charge, does: "subtract", path: [...GET_SUB, "global.set"] },
  load: { does: "move", needs: 0, leaves: 1, path: ["global.get", "local.set"] },
  enterL: { ...charge, leaves: 1, path: [...GET_SUB, "local.tee", ...SIGN] },
  chargeL: { ...charge, needs: 1, path: [...OWN_SUB, "local.tee", ...SIGN] },
  testL: { ...charge, does: "test", needs: 1, path: ["local.get", ...SIGN] },
  subL: { ...charge, does: "subtract", needs: 1, path: [...OWN_SUB, "local.set"] },
  flush: { does: "move", needs: 1, leaves: 0, path: ["local.get", "global.set"] },
  stackIn: { does: "deepen", needs: -1, leaves: -1, path: [...GO_DOWN, ...DEEP] },
  stackOut: { does: "rise", needs: -1, leaves: -1, path: GO_UP },
} as const satisfies Readonly<Record<string, Omit<Template, "cost">>>;
type Name = keyof typeof rows;
/** The most operands of a template. */
export const TEMPLATE_OPERANDS = 2;
const I32_CONST = [op("i32.const")];
const I64_CONST = [op("i64.const")];
const LOCAL_GET = [op("local.get")];
const LOCAL_SET = [op("local.set")];
const SUB_SET = [op("i64.sub"), op("local.set")];
const SUB_TEE = [op("i64.sub"), op("local.tee")];
const IF_NEGATIVE = [op("i64.const"), 0, op("i64.lt_s"), op("if"), BLOCK_EMPTY];
const IF_LESS = [op("i64.lt_s"), op("if"), BLOCK_EMPTY, op("i64.const"), 0x7f];
const IF_DEEP = [op("i32.const"), 0, op("i32.lt_s"), op("if"), BLOCK_EMPTY];

export class TemplateMatcher {
  /** The constant of the last match, c or w. */
  constant = 0;
  readonly #rows: Readonly<Record<Name, Template>>;
  readonly #getFuel = [op("global.get")];
  readonly #setFuel = [op("global.set")];
  readonly #getStack = [op("global.get")];
  readonly #sub: readonly number[];
  readonly #charge: readonly number[];
  readonly #test: readonly number[];
  readonly #flushTrap: readonly number[];
  readonly #stackIn: readonly number[];
  readonly #stackOut: readonly number[];

  /** @param fuel index of the fuel global; @param stack of the stack global; @param trap the arm */
  constructor(table: CostTable, fuel: number, stack: number, trap: readonly number[]) {
    const TRAP = [...trap, op("end")];
    const price = (row: Omit<Template, "cost">): number =>
      row.path.reduce((sum, name) => sum + table.flat[op(name)]!, 0);
    const priced = Object.entries(rows).map(([name, row]) => [name, { ...row, cost: price(row) }]);
    this.#rows = Object.fromEntries(priced);
    const setStack = [op("global.set")];
    for (const bytes of [this.#getFuel, this.#setFuel]) unsigned(bytes, fuel);
    for (const bytes of [this.#getStack, setStack]) unsigned(bytes, stack);
    this.#sub = [op("i64.sub"), ...this.#setFuel];
    this.#charge = [...this.#sub, ...this.#getFuel, ...IF_NEGATIVE, ...TRAP];
    this.#flushTrap = [...this.#setFuel, ...TRAP];
    this.#test = [...IF_LESS, ...this.#flushTrap];
    this.#stackIn = [op("i32.sub"), ...setStack, ...this.#getStack, ...IF_DEEP, ...TRAP];
    this.#stackOut = [op("i32.add"), ...setStack];
  }

  /** The template at the scanner, which is then past it; undefined leaves it where it was. */
  match(s: Scanner, fuelLocal: number): Template | undefined {
    const start = s.pos;
    const found = this.#read(s, fuelLocal);
    if (found !== undefined) return this.#rows[found];
    s.pos = start;
    return undefined;
  }

  #read(s: Scanner, own: number): Name | undefined {
    if (s.eat(this.#getStack)) {
      if (!s.eat(I32_CONST)) return undefined;
      this.constant = s.signed(32);
      if (s.eat(this.#stackIn)) return "stackIn";
      return s.eat(this.#stackOut) ? "stackOut" : undefined;
    }
    const global = s.eat(this.#getFuel);
    if (global && s.eat(LOCAL_SET)) return isLocal(s, own) ? "load" : undefined;
    if (!global && (!s.eat(LOCAL_GET) || !isLocal(s, own))) return undefined;
    if (!global && s.eat(this.#setFuel)) return "flush";
    if (!s.eat(I64_CONST)) return undefined;
    this.constant = s.signed(64);
    if (s.eat(this.#test)) return global ? "testG" : "testL";
    if (global && s.eat(this.#charge)) return "chargeG";
    if (global && s.eat(this.#sub)) return "subG";
    if (!global && s.eat(SUB_SET)) return isLocal(s, own) ? "subL" : undefined;
    if (!s.eat(SUB_TEE) || !isLocal(s, own) || !s.eat(IF_NEGATIVE)) return undefined;
    if (!s.eat(LOCAL_GET) || !isLocal(s, own) || !s.eat(this.#flushTrap)) return undefined;
    return global ? "enterL" : "chargeL";
  }
}

function isLocal(s: Scanner, own: number): boolean {
  return own >= 0 && s.u32() === own;
}
