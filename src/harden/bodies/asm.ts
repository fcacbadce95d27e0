// Writes the body of a generated function and adds up what it costs: every instruction once, both arms of an
// `if` included, and what the callees cost themselves (docs/containment.md, "Costs").
import { BLOCK_EMPTY, I32, I64 } from "../../spec/binary.ts";
import type { CostTable } from "../../spec/costs.ts";
import { type InjectedGlobal, injectedOffset } from "../../spec/layout.ts";
import { type OpcodeName, op } from "../../spec/opcodes.ts";
import { Writer } from "../../util/bytes.ts";

/** A generated function: what is written, and what calling it costs besides the call itself. */
export interface Body {
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly bytes: Uint8Array;
  readonly cost: number;
}

export interface Target {
  readonly index: number;
  readonly params: number;
  /** Own cost of a generated callee; 0 for a charged guest function. */
  readonly cost: number;
}

export class Asm {
  readonly #out = new Writer(128);
  readonly #costs: CostTable;
  readonly #firstGlobal: number;
  cost = 0;

  /** @param locals declared locals, one group of `type`; none by default. */
  constructor(costs: CostTable, firstGlobal: number, locals = 0, type = I64) {
    this.#costs = costs;
    this.#firstGlobal = firstGlobal;
    this.#out.u8(locals === 0 ? 0 : 1);
    if (locals > 0) {
      this.#out.u32(locals);
      this.#out.u8(type);
      this.cost += Math.ceil(locals / costs.localsPerUnit);
    }
  }

  #code(name: OpcodeName): void {
    const code = op(name);
    this.cost += this.#costs.flat[code]!;
    if (code >= 0x100) {
      this.#out.u8(code >= 0x200 ? 0xfd : 0xfc);
      this.#out.u32(code & 0xff);
    } else this.#out.u8(code);
  }

  /** Instructions without immediates, in order. */
  op(...names: OpcodeName[]): this {
    for (const name of names) this.#code(name);
    return this;
  }

  i32(value: number): this {
    this.#code("i32.const");
    this.#out.signed(value);
    return this;
  }

  i64(value: number | bigint): this {
    this.#code("i64.const");
    if (typeof value === "bigint") this.#out.signed64(value);
    else this.#out.signed(value);
    return this;
  }

  local(verb: "get" | "set" | "tee", index: number): this {
    this.#code(`local.${verb}`);
    this.#out.u32(index);
    return this;
  }

  /** One local.get for each of the first `count` locals. */
  args(count: number): this {
    for (let i = 0; i < count; i++) this.local("get", i);
    return this;
  }

  get(global: InjectedGlobal): this {
    this.#code("global.get");
    this.#out.u32(this.#firstGlobal + injectedOffset(global));
    return this;
  }

  set(global: InjectedGlobal): this {
    this.#code("global.set");
    this.#out.u32(this.#firstGlobal + injectedOffset(global));
    return this;
  }

  if(): this {
    this.#code("if");
    this.#out.u8(BLOCK_EMPTY);
    return this;
  }

  call(target: Target): this {
    this.#code("call");
    this.#out.u32(target.index);
    this.cost += target.params + target.cost;
    return this;
  }

  /** A return of `results` values. */
  return(results: number): this {
    this.#code("return");
    this.cost += results;
    return this;
  }

  memory(name: OpcodeName, align: number, offset: number): this {
    this.#code(name);
    this.#out.u32(align);
    this.#out.u32(offset);
    return this;
  }

  /** memory.size or memory.grow of memory 0, memory.init of a segment. */
  memoryOp(name: "memory.size" | "memory.grow"): this {
    this.#code(name);
    this.#out.u8(0);
    return this;
  }

  init(segment: number): this {
    this.#code("memory.init");
    this.#out.u32(segment);
    this.#out.u8(0);
    return this;
  }

  /** Traps when the fuel is negative: every generated charge ends so. */
  checkFuel(): this {
    return this.get("fuel").i64(0).op("i64.lt_s").if().op("unreachable", "end");
  }

  /** The finished body; `extra` is added to its cost (the price of a host call). */
  body(params: readonly number[], results: readonly number[], extra = 0): Body {
    this.op("end");
    return { params, results, bytes: this.#out.view(), cost: this.cost + extra };
  }
}

export const NO_RESULT: readonly number[] = [];
export const ONE_I32: readonly number[] = [I32];
