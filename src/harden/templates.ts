// The instrumentation templates, byte for byte as docs/containment.md has them.
import { BLOCK_EMPTY } from "../spec/binary.ts";
import { op } from "../spec/opcodes.ts";
import type { Writer } from "../util/bytes.ts";

const CALL = op("call");
const GET = op("global.get");
const SET = op("global.set");
const LGET = op("local.get");
const LSET = op("local.set");
const LTEE = op("local.tee");
const I32_CONST = op("i32.const");
const I64_CONST = op("i64.const");
const I32_SUB = op("i32.sub");
const I32_ADD = op("i32.add");
const I64_SUB = op("i64.sub");
const I32_LT = op("i32.lt_s");
const I64_LT = op("i64.lt_s");
const IF = op("if");
const END = op("end");
const UNREACHABLE = op("unreachable");

export class Templates {
  readonly #out: Writer;
  readonly #fuel: number;
  readonly #stack: number;
  readonly #exhausted: number | null;
  /** The fuel local of the function being written. */
  local = 0;

  /** @param exhausted index of the function that reports a trap for want; null without telemetry */
  constructor(out: Writer, fuel: number, stack: number, exhausted: number | null) {
    this.#exhausted = exhausted;
    this.#out = out;
    this.#fuel = fuel;
    this.#stack = stack;
  }

  #u(code: number, index: number): void {
    this.#out.u8(code);
    this.#out.u32(index);
  }

  #const(code: number, value: number): void {
    this.#out.u8(code);
    this.#out.signed(value);
  }

  #trap(): void {
    if (this.#exhausted !== null) this.#u(CALL, this.#exhausted);
    this.#out.u8(UNREACHABLE);
    this.#out.u8(END);
  }

  #if(code: number): void {
    this.#out.u8(code);
    this.#out.u8(IF);
    this.#out.u8(BLOCK_EMPTY);
  }

  /** CHARGE_G and CHARGE_L. */
  charge(c: number, local: boolean): void {
    if (local) {
      this.#u(LGET, this.local);
      this.#subtractAndTest(c);
      return;
    }
    this.sub(c, false);
    this.#u(GET, this.#fuel);
    this.#const(I64_CONST, 0);
    this.#if(I64_LT);
    this.#trap();
  }

  /** ENTER_L. */
  enter(c: number): void {
    this.#u(GET, this.#fuel);
    this.#subtractAndTest(c);
  }

  #subtractAndTest(c: number): void {
    this.#const(I64_CONST, c);
    this.#out.u8(I64_SUB);
    this.#u(LTEE, this.local);
    this.#const(I64_CONST, 0);
    this.#if(I64_LT);
    this.flush();
    this.#trap();
  }

  /** TEST_G and TEST_L. */
  test(c: number, local: boolean): void {
    this.#u(local ? LGET : GET, local ? this.local : this.#fuel);
    this.#const(I64_CONST, c);
    this.#if(I64_LT);
    this.#const(I64_CONST, -1);
    this.#u(SET, this.#fuel);
    this.#trap();
  }

  /** SUB_G and SUB_L. */
  sub(c: number, local: boolean): void {
    const index = local ? this.local : this.#fuel;
    this.#u(local ? LGET : GET, index);
    this.#const(I64_CONST, c);
    this.#out.u8(I64_SUB);
    this.#u(local ? LSET : SET, index);
  }

  load(): void {
    this.#u(GET, this.#fuel);
    this.#u(LSET, this.local);
  }

  flush(): void {
    this.#u(LGET, this.local);
    this.#u(SET, this.#fuel);
  }

  stackIn(weight: number): void {
    this.#stackStep(I32_SUB, weight);
    this.#u(GET, this.#stack);
    this.#const(I32_CONST, 0);
    this.#if(I32_LT);
    this.#trap();
  }

  stackOut(weight: number): void {
    this.#stackStep(I32_ADD, weight);
  }

  #stackStep(code: number, weight: number): void {
    this.#u(GET, this.#stack);
    this.#const(I32_CONST, weight);
    this.#out.u8(code);
    this.#u(SET, this.#stack);
  }
}
