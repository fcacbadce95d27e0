// Writes the body of a generated function and adds up what it costs: every instruction once, both arms of an
// `if` included, and what the callees cost themselves (docs/containment.md, "Costs"); and how much native stack
// a call of it takes, callees included ("Stack"). Labels have no type: a block leaves the stack as it found it.
import { BLOCK_EMPTY, I32, I64 } from "../../spec/binary.ts";
import type { CostTable } from "../../spec/costs.ts";
import {
  type InjectedGlobal,
  injectedGlobals,
  injectedOffset,
  type SlotGlobal,
  slotOffset,
} from "../../spec/layout.ts";
import { type OpcodeName, op, opcodes } from "../../spec/opcodes.ts";
import { telemetryMetrics } from "../../spec/telemetry.ts";
import { Writer } from "../../util/bytes.ts";

/** A generated function: what is written, and what calling it costs besides the call itself. */
export interface Body {
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly bytes: Uint8Array;
  readonly cost: number;
  /** Estimated stack bytes of a call, generated callees and a guest's start function included. */
  readonly stack: number;
}

export interface Target {
  readonly index: number;
  readonly params: number;
  readonly results: number;
  /** Own cost of a generated callee; 0 for a charged guest function. */
  readonly cost: number;
  readonly stack: number;
}

/** What every body is written for: prices, and where the injected globals begin. */
export interface Ground {
  readonly costs: CostTable;
  readonly firstGlobal: number;
  /** Slots that have globals, and metrics that have; 0 where there are none. */
  readonly slots: number;
  readonly metrics: number;
}

/** Declared locals: how many of which type. None is a v128. */
export type LocalGroup = readonly [count: number, type: number];

/** Pops and pushes of opcodes without operands of their own. */
const effects = new Map<string, readonly [pops: number, pushes: number]>();
for (const row of opcodes) {
  const [pops, pushes] = row.sig.split(":");
  if (pushes !== undefined) effects.set(row.name, [pops!.length, pushes.length]);
}
for (const name of ["drop", "local.set", "global.set", "if", "br_if", "br_table"]) {
  effects.set(name, [1, 0]);
}
for (const name of ["local.get", "global.get"]) effects.set(name, [0, 1]);
effects.set("select", [3, 1]);

/** Stack bytes of a frame (rule A26). */
function frameBytes(params: number, locals: number, operands: number, args: number): number {
  return 128 + 8 * (params + locals + operands) + 16 * args;
}

export class Asm {
  readonly #out = new Writer(128);
  readonly #ground: Ground;
  readonly #locals: number;
  /** Operand height now, at the most, and where each open label began. */
  #height = 0;
  #most = 0;
  readonly #labels: number[] = [];
  #args = 0;
  #below = 0;
  cost = 0;

  constructor(ground: Ground, locals: readonly LocalGroup[] = []) {
    this.#ground = ground;
    this.#out.u32(locals.length);
    this.#locals = locals.reduce((sum, [count]) => sum + count, 0);
    for (const [count, type] of locals) {
      this.#out.u32(count);
      this.#out.u8(type);
    }
    this.cost += Math.ceil(this.#locals / ground.costs.localsPerUnit);
  }

  #move(pops: number, pushes: number): void {
    this.#height += pushes - pops;
    this.#most = Math.max(this.#most, this.#height);
  }

  #code(name: OpcodeName): void {
    const code = op(name);
    this.cost += this.#ground.costs.flat[code]!;
    const [pops, pushes] = effects.get(name) ?? [0, 0];
    this.#move(pops, pushes);
    if (name === "else") this.#height = this.#labels.at(-1) ?? 0;
    if (name === "end") this.#height = this.#labels.pop() ?? 0;
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

  /** A 32-bit constant, signed or not. */
  i32(value: number): this {
    this.#code("i32.const");
    this.#out.signed(value | 0);
    return this;
  }

  i64(value: number | bigint): this {
    this.#code("i64.const");
    this.#out.signed64(BigInt(value));
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

  #global(verb: "get" | "set", offset: number): this {
    this.#code(`global.${verb}`);
    this.#out.u32(this.#ground.firstGlobal + offset);
    return this;
  }

  get(global: InjectedGlobal): this {
    return this.#global("get", injectedOffset(global));
  }

  set(global: InjectedGlobal): this {
    return this.#global("set", injectedOffset(global));
  }

  /** A global of a request slot. */
  slotGlobal(verb: "get" | "set", slot: number, key: SlotGlobal): this {
    return this.#global(verb, injectedGlobals.length + slotOffset(slot, key));
  }

  /** The id that the host gave a metric, or what is counted of one of a stub or a cluster. */
  metricGlobal(verb: "get" | "set", what: "id" | "count", metric: number): this {
    const { slots, metrics } = this.#ground;
    const first = injectedGlobals.length + slotOffset(slots, "id");
    const place = what === "id" ? metric : metrics + metric - telemetryMetrics.length;
    return this.#global(verb, first + place);
  }

  #open(name: "if" | "block" | "loop"): this {
    this.#code(name);
    this.#labels.push(this.#height);
    this.#out.u8(BLOCK_EMPTY);
    return this;
  }

  if(): this {
    return this.#open("if");
  }

  block(): this {
    return this.#open("block");
  }

  loop(): this {
    return this.#open("loop");
  }

  branch(name: "br" | "br_if", label: number): this {
    this.#code(name);
    this.#out.u32(label);
    return this;
  }

  /** br_table over the labels 0 … last-1, of which `last` is the default. */
  table(last: number): this {
    this.#code("br_table");
    this.#out.u32(last);
    for (let label = 0; label <= last; label++) this.#out.u32(label);
    return this;
  }

  call(target: Target): this {
    this.#code("call");
    this.#out.u32(target.index);
    this.#move(target.params, target.results);
    this.#args = Math.max(this.#args, target.params);
    this.#below = Math.max(this.#below, target.stack);
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

  /** The host is about to run (rule A6). */
  reach(): this {
    return this.get("phase").i32(1).op("i32.add").set("phase");
  }

  /** The host has returned; traps where a trap inside it was swallowed and left another phase behind. */
  back(): this {
    this.get("phase").i32(1).op("i32.and", "i32.eqz").if().op("unreachable", "end");
    return this.get("phase").i32(1).op("i32.sub").set("phase");
  }

  /** The finished body; `extra` is added to its cost (the price of a host call). */
  body(params: readonly number[], results: readonly number[], extra = 0): Body {
    this.op("end");
    const frame = frameBytes(params.length, this.#locals, this.#most, this.#args);
    const stack = frame + this.#below;
    return { params, results, bytes: this.#out.view(), cost: this.cost + extra, stack };
  }
}

/** What a generated function is to those that call it. */
export function targetOf(index: number, body: Body): Target {
  const { params, results, cost, stack } = body;
  return { index, params: params.length, results: results.length, cost, stack };
}

/** Price of what `write` writes, with what its callees cost themselves. */
export function priceOf(ground: Ground, write: (asm: Asm) => void): number {
  const asm = new Asm(ground);
  write(asm);
  return asm.cost;
}

export const NO_RESULT: readonly number[] = [];
export const ONE_I32: readonly number[] = [I32];
export const ONE_I64: readonly number[] = [I64];
