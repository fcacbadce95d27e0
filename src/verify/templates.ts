// Recognises the instrumentation of guest functions: fixed byte sequences over the fuel and the stack global
// and the fuel local, with one constant. The invariant: a match is the whole sequence, byte for byte, so what
// touches those three and does not match is no instrumentation.
import { BLOCK_EMPTY } from "../spec/binary.ts";
import type { CostTable } from "../spec/costs.ts";
import { type OpcodeName, op } from "../spec/opcodes.ts";
import { unsigned } from "./expect/body.ts";
import type { Scanner } from "./scanner.ts";

/** Names as in docs/containment.md; G works on the fuel global, L on the fuel local. */
export const TEMPLATE = {
  none: 0,
  chargeG: 1,
  testG: 2,
  subG: 3,
  load: 4,
  enterL: 5,
  chargeL: 6,
  testL: 7,
  subL: 8,
  flush: 9,
  stackIn: 10,
  stackOut: 11,
} as const;

/** The instructions of each that execute where it does not trap, in the order of TEMPLATE. */
const SIGN = ["i64.const", "i64.lt_s", "if"] as const;
const paths: readonly (readonly OpcodeName[])[] = [
  [],
  ["global.get", "i64.const", "i64.sub", "global.set", "global.get", ...SIGN],
  ["global.get", "i64.const", "i64.lt_s", "if"],
  ["global.get", "i64.const", "i64.sub", "global.set"],
  ["global.get", "local.set"],
  ["global.get", "i64.const", "i64.sub", "local.tee", ...SIGN],
  ["local.get", "i64.const", "i64.sub", "local.tee", ...SIGN],
  ["local.get", "i64.const", "i64.lt_s", "if"],
  ["local.get", "i64.const", "i64.sub", "local.set"],
  ["local.get", "global.set"],
  [
    ...["global.get", "i32.const", "i32.sub", "global.set", "global.get"],
    ...["i32.const", "i32.lt_s", "if"],
  ] as OpcodeName[],
  ["global.get", "i32.const", "i32.add", "global.set"],
];

const I32_CONST = [op("i32.const")];
const I64_CONST = [op("i64.const")];
const LOCAL_GET = [op("local.get")];
const LOCAL_SET = [op("local.set")];
const SUB_SET = [op("i64.sub"), op("local.set")];
const SUB_TEE = [op("i64.sub"), op("local.tee")];
const TRAP = [op("unreachable"), op("end")];
const IF_NEGATIVE = [op("i64.const"), 0, op("i64.lt_s"), op("if"), BLOCK_EMPTY];
/** The most operands that a template adds: a value and a constant. */
const MOST_OPERANDS = 2;

export class Templates {
  /** The constant of the last match, c or w. */
  constant = 0;
  /** By template. */
  readonly cost: readonly number[];
  readonly operands = MOST_OPERANDS;
  readonly #getFuel: readonly number[];
  readonly #setFuel: readonly number[];
  readonly #getStack: readonly number[];
  readonly #charge: readonly number[];
  readonly #sub: readonly number[];
  readonly #test: readonly number[];
  readonly #flushTrap: readonly number[];
  readonly #stackIn: readonly number[];
  readonly #stackOut: readonly number[];

  constructor(table: CostTable, fuel: number, stack: number) {
    const on = (name: OpcodeName, index: number): number[] => {
      const bytes = [op(name)];
      unsigned(bytes, index);
      return bytes;
    };
    this.cost = paths.map((path) => path.reduce((sum, name) => sum + table.flat[op(name)]!, 0));
    this.#getFuel = on("global.get", fuel);
    this.#setFuel = on("global.set", fuel);
    this.#getStack = on("global.get", stack);
    const setStack = on("global.set", stack);
    this.#sub = [op("i64.sub"), ...this.#setFuel];
    this.#charge = [...this.#sub, ...this.#getFuel, ...IF_NEGATIVE, ...TRAP];
    this.#test = [op("i64.lt_s"), op("if"), BLOCK_EMPTY, ...I64_CONST, 0x7f];
    this.#test = [...this.#test, ...this.#setFuel, ...TRAP];
    this.#flushTrap = [...this.#setFuel, ...TRAP];
    this.#stackIn = [op("i32.sub"), ...setStack, ...this.#getStack, ...I32_CONST, 0];
    this.#stackIn = [...this.#stackIn, op("i32.lt_s"), op("if"), BLOCK_EMPTY, ...TRAP];
    this.#stackOut = [op("i32.add"), ...setStack];
  }

  /** The template at the scanner, which is then past it; `none` leaves it where it was. */
  match(s: Scanner, fuelLocal: number): number {
    const start = s.pos;
    const found = this.#read(s, fuelLocal);
    if (found === TEMPLATE.none) s.pos = start;
    return found;
  }

  #read(s: Scanner, local: number): number {
    if (s.eat(this.#getFuel)) {
      if (s.eat(LOCAL_SET)) return isLocal(s, local) ? TEMPLATE.load : TEMPLATE.none;
      if (!s.eat(I64_CONST)) return TEMPLATE.none;
      this.constant = s.signed(64);
      if (s.eat(this.#charge)) return TEMPLATE.chargeG;
      if (s.eat(this.#sub)) return TEMPLATE.subG;
      if (s.eat(this.#test)) return TEMPLATE.testG;
      return this.#chargesLocal(s, local) ? TEMPLATE.enterL : TEMPLATE.none;
    }
    if (s.eat(this.#getStack)) {
      if (!s.eat(I32_CONST)) return TEMPLATE.none;
      this.constant = s.signed(32);
      if (s.eat(this.#stackIn)) return TEMPLATE.stackIn;
      return s.eat(this.#stackOut) ? TEMPLATE.stackOut : TEMPLATE.none;
    }
    if (!s.eat(LOCAL_GET) || !isLocal(s, local)) return TEMPLATE.none;
    if (s.eat(this.#setFuel)) return TEMPLATE.flush;
    if (!s.eat(I64_CONST)) return TEMPLATE.none;
    this.constant = s.signed(64);
    if (s.eat(this.#test)) return TEMPLATE.testL;
    if (s.eat(SUB_SET)) return isLocal(s, local) ? TEMPLATE.subL : TEMPLATE.none;
    return this.#chargesLocal(s, local) ? TEMPLATE.chargeL : TEMPLATE.none;
  }

  #chargesLocal(s: Scanner, local: number): boolean {
    if (!s.eat(SUB_TEE) || !isLocal(s, local) || !s.eat(IF_NEGATIVE)) return false;
    return s.eat(LOCAL_GET) && isLocal(s, local) && s.eat(this.#flushTrap);
  }
}

function isLocal(s: Scanner, local: number): boolean {
  return local >= 0 && s.u32() === local;
}
