// What things cost in the module that is being written: templates, and every instruction with the templates
// that will stand around it. One object, made once per module; the metering passes ask it.
import type { CostTable } from "../spec/costs.ts";
import { OPCODE_SPACE, type OpcodeName, op } from "../spec/opcodes.ts";
import { OP, type Walker } from "../wasm/walker.ts";
import type { Survey } from "./survey.ts";
import { bulkKind, DOES } from "./surveyor.ts";

/** Prices of the templates on the path that goes on (docs/containment.md, "Templates"). */
export interface TemplatePrices {
  readonly chargeG: number;
  readonly chargeL: number;
  readonly enterL: number;
  readonly test: number;
  readonly sub: number;
  readonly load: number;
  readonly flush: number;
  readonly stackIn: number;
  readonly stackOut: number;
}

function templatePrices(costs: CostTable): TemplatePrices {
  const sum = (...names: OpcodeName[]) =>
    names.reduce((total, name) => total + costs.flat[op(name)]!, 0);
  const step = sum("global.get", "i64.const", "i64.sub");
  const sign = sum("i64.const", "i64.lt_s", "if");
  return {
    chargeG: step + sum("global.set", "global.get") + sign,
    chargeL: sum("local.get", "i64.const", "i64.sub", "local.tee") + sign,
    enterL: step + sum("local.tee") + sign,
    test: sum("global.get", "i64.const", "i64.lt_s", "if"),
    sub: sum("global.get", "i64.const", "i64.sub", "global.set"),
    load: sum("global.get", "local.set"),
    flush: sum("local.get", "global.set"),
    stackIn: sum(
      "global.get",
      "i32.const",
      "i32.sub",
      "global.set",
      "global.get",
      "i32.const",
      "i32.lt_s",
      "if",
    ),
    stackOut: sum("global.get", "i32.const", "i32.add", "global.set"),
  };
}

/** How one function will be written. */
export interface Shape {
  /** Fuel is kept in a local. */
  local: boolean;
  /** The whole function runs under one stack template. */
  counted: boolean;
  /** The body stands in a block, so that every return runs what follows it. */
  wrapped: boolean;
}

/** Own costs of the generated callees that guest code may reach. */
export interface CalleeCosts {
  /** Of the thunk or stub that takes an import's place, by import index. */
  readonly imports: Float64Array;
  readonly bulkBytes: number;
  readonly bulkElems: number;
  readonly grow: number;
}

export class Prices {
  readonly templates: TemplatePrices;
  readonly #flat: Uint32Array;
  readonly #costs: CostTable;
  readonly #survey: Survey;
  /** Cost of a direct call by function index: the call, its parameters and what the callee leaves to pay. */
  readonly call: Float64Array;
  /** 1 where a call may look at or change the fuel. */
  readonly observes: Uint8Array;
  readonly #params: Uint8Array;
  readonly #results: Uint8Array;
  readonly #siteWeight: Float64Array;
  readonly #bulk: readonly number[];
  readonly #grow: number;
  /** Opcodes that need more than their flat price. */
  readonly special = new Uint8Array(OPCODE_SPACE);

  constructor(
    costs: CostTable,
    survey: Survey,
    params: Uint8Array,
    results: Uint8Array,
    siteWeight: Float64Array,
    callees: CalleeCosts,
  ) {
    this.#costs = costs;
    this.#flat = costs.flat;
    this.#survey = survey;
    this.#params = params;
    this.#results = results;
    this.#siteWeight = siteWeight;
    this.templates = templatePrices(costs);
    const total = survey.imported + survey.count;
    this.call = new Float64Array(total);
    this.observes = new Uint8Array(total).fill(1);
    const callPrice = costs.flat[OP.call]!;
    for (let f = 0; f < total; f++) {
      const own = f < survey.imported ? callees.imports[f]! : 0;
      this.call[f] = callPrice + params[survey.typeOf[f]!]! + own;
    }
    const helper = callPrice + 1;
    this.#bulk = [0, helper + callees.bulkBytes, helper + callees.bulkElems];
    this.#grow = helper + callees.grow;
    for (const code of [
      OP.br,
      OP.brIf,
      OP.brTable,
      OP.return,
      OP.call,
      OP.callIndirect,
      OP.memoryGrow,
    ]) {
      this.special[code] = 1;
    }
    for (let code = 0; code < OPCODE_SPACE; code++)
      if (bulkKind[code] !== 0) this.special[code] = 1;
  }

  /** Units at a function's entry, before any template. */
  entry(i: number, local: boolean): number {
    return Math.ceil((this.#survey.localSlots[i]! + (local ? 1 : 0)) / this.#costs.localsPerUnit);
  }

  /** Arity of a label of the current body; `results` is that of the function. */
  arity(blockType: number, loop: boolean): number {
    if (blockType < 0) return loop || blockType === -65 ? 0 : 1;
    return loop ? this.#params[blockType]! : this.#results[blockType]!;
  }

  /** A template pair around a call that may observe the fuel. */
  #around(shape: Shape): number {
    return shape.local ? this.templates.flush + this.templates.load : 0;
  }

  /** Price of a site's stack templates, 0 where it has none. */
  site(typeIndex: number, shape: Shape): number {
    if (shape.counted || this.#siteWeight[this.#survey.typeIds[typeIndex]!] === 0) return 0;
    return this.templates.stackIn + this.templates.stackOut;
  }

  /**
   * The price of the walker's current instruction, which is one of `special`, with the templates around it.
   * `labelArity` is the arity of the label it branches to, or the function's number of results.
   */
  specialPrice(w: Walker, shape: Shape, labelArity: number): number {
    const code = w.code;
    const flat = this.#flat[code]!;
    if (code === OP.call) {
      const around = this.observes[w.a] === 1 ? this.#around(shape) : 0;
      return this.call[w.a]! + around;
    }
    if (code === OP.callIndirect) {
      return flat + this.#params[w.a]! + this.#around(shape) + this.site(w.a, shape);
    }
    if (code === OP.memoryGrow) return this.#grow + this.#around(shape);
    if (code === OP.return) return (shape.wrapped ? this.#flat[OP.br]! : flat) + labelArity;
    const bulk = bulkKind[code]!;
    if (bulk !== 0) return flat + this.#bulk[bulk]! + this.#around(shape);
    return flat + labelArity;
  }

  /** Flat price by dense code. */
  get flat(): Uint32Array {
    return this.#flat;
  }

  /** Units from the end of the guest's code to the function's end, `end` included. */
  tail(shape: Shape): number {
    const flush = shape.local ? this.templates.flush : 0;
    return flush + (shape.counted ? this.templates.stackOut : 0) + this.#flat[OP.end]!;
  }

  /** Units of what stands before the guest's code, without entry charge and locals. */
  head(shape: Shape): number {
    const stack = shape.counted ? this.templates.stackIn : 0;
    return stack + (shape.wrapped ? this.#flat[OP.block]! : 0);
  }
}

/** Whether a function returns early, so that a tail needs a block around the body. */
export function returnsEarly(survey: Survey, i: number): boolean {
  return (survey.flags[i]! & DOES.returns) !== 0;
}
