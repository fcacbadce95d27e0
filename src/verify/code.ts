// Walks the body of a guest function once: reads every instruction, pays for it, follows calls and branches
// into the flow, and collects what the stack check needs. The invariant: nothing that runs is passed over,
// and what touches the instrumentation is a template or a finding. No object is made per instruction.
import type { Policy } from "../policy/policy.ts";
import { BLOCK_EMPTY, FUNCREF, I64, V128 } from "../spec/binary.ts";
import { costTables } from "../spec/costs.ts";
import { injectedOffset } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { op, opcodeRow, refusedFeature } from "../spec/opcodes.ts";
import { CONSTRUCT, Flow, MODE, MODE_NAMES } from "./flow.ts";
import { frameBytes, WIDE_SLOTS } from "./frame.ts";
import { nameFunction } from "./globals.ts";
import { type Layout, ROLE } from "./layout.ts";
import type { Module } from "./module.ts";
import { effect, extra, SHAPE, shapes } from "./ops.ts";
import type { Scanner } from "./scanner.ts";
import type { StackGraph } from "./stack.ts";
import { TEMPLATE, Templates } from "./templates.ts";
import { isValueType, readValueType } from "./types.ts";

const { plain, local, global, const: constant, memarg, raw } = SHAPE;
const PREFIXED = 0xfb;
const FIRST_VECTOR = 0x200;
const LOCAL_GET = op("local.get");
const OP = {
  unreachable: op("unreachable"),
  block: op("block"),
  loop: op("loop"),
  if: op("if"),
  else: op("else"),
  end: op("end"),
  br: op("br"),
  brIf: op("br_if"),
  brTable: op("br_table"),
  return: op("return"),
  call: op("call"),
  callIndirect: op("call_indirect"),
  selectTyped: op("select t"),
  memoryGrow: op("memory.grow"),
  refFunc: op("ref.func"),
} as const;

const memoryBulk = [op("memory.copy"), op("memory.fill"), op("memory.init")];
const tableBulk = [op("table.copy"), op("table.fill"), op("table.init"), op("table.grow")];

/** What a guest function turned out to be; filled by the walk, by function index. */
export class Facts {
  /** Set by the first template, before the walk. */
  readonly charged: Uint8Array;
  readonly shortfall: Float64Array;
  /** Uncharged and without anything that could change the fuel global (rule A5). */
  readonly fuelFree: Uint8Array;
  readonly codeStart: Int32Array;
  readonly fuelLocal: Int32Array;
  /** Slots of parameters and locals; bit by bit what the frame is made of. */
  readonly slots: Int32Array;
  readonly wide: Uint8Array;
  readonly entryCost: Int32Array;
  templates = 0;
  instructions = 0;

  constructor(functions: number) {
    this.charged = new Uint8Array(functions);
    this.shortfall = new Float64Array(functions);
    this.fuelFree = new Uint8Array(functions);
    this.codeStart = new Int32Array(functions);
    this.fuelLocal = new Int32Array(functions).fill(-1);
    this.slots = new Int32Array(functions);
    this.wide = new Uint8Array(functions);
    this.entryCost = new Int32Array(functions);
  }
}

export class Walk {
  readonly facts: Facts;
  readonly #s: Scanner;
  readonly #module: Module;
  readonly #layout: Layout;
  readonly #graph: StackGraph;
  readonly #flow: Flow;
  readonly #templates: Templates;
  readonly #price: Uint32Array;
  readonly #perUnit: number;
  readonly #exact: boolean;
  #func = -1;
  /** While collecting calls only, the uncharged functions called. */
  #collected: number[] | null = null;
  #highest = 0;
  #arguments = 0;
  #wide = false;
  #fuelFree = false;
  /** Index of the fuel local once a template has named it; where the guest used that local before. */
  #named = -1;
  #touched = -1;
  /** Where the operation that a bulk helper has charged for must stand, and whether it is a table's. */
  #bulkAt = -1;
  #bulkTable = false;

  constructor(s: Scanner, module: Module, layout: Layout, graph: StackGraph, policy: Policy) {
    const { costs, mode } = policy.limits.fuel;
    const table = costTables[costs];
    const globals = module.guestGlobals;
    this.facts = new Facts(module.functions);
    this.#s = s;
    this.#module = module;
    this.#layout = layout;
    this.#graph = graph;
    this.#flow = new Flow(s);
    const fuel = globals + injectedOffset("fuel");
    this.#templates = new Templates(table, fuel, globals + injectedOffset("stack"));
    this.#price = table.flat;
    this.#perUnit = table.localsPerUnit;
    this.#exact = mode === "exact";
  }

  #seek(func: number): void {
    const s: Scanner = this.#s;
    const defined = func - this.#module.imports.length;
    s.section = "code";
    s.func = func;
    s.pos = this.#module.bodyStart[defined]!;
    s.end = this.#module.bodyEnd[defined]!;
    this.#func = func;
  }

  /** Reads the locals of a function and whether it charges at its entry. */
  head(func: number): void {
    this.#seek(func);
    const s: Scanner = this.#s;
    const { facts } = this;
    const { params, results } = this.#module.signature(func);
    let slots = 0;
    for (const type of params) slots += type === V128 ? WIDE_SLOTS : 1;
    let [locals, units, wide, last] = [0, 0, results.includes(V128) || params.includes(V128), -1];
    for (let groups = s.count("local groups", limits.locals); groups > 0; groups--) {
      const count = s.u32();
      const type = readValueType(s);
      locals += count;
      s.limit("locals", locals, limits.locals);
      units += type === V128 ? 2 * count : count;
      slots += type === V128 ? WIDE_SLOTS * count : count;
      wide ||= type === V128 && count > 0;
      last = count === 1 && type === I64 ? params.length + locals - 1 : -1;
    }
    facts.codeStart[func] = s.pos;
    facts.fuelLocal[func] = last;
    facts.slots[func] = slots;
    facts.wide[func] = wide ? 1 : 0;
    facts.entryCost[func] = Math.ceil(units / this.#perUnit);
    let first = this.#templates.match(s, last);
    if (first === TEMPLATE.load) {
      first = this.#templates.match(s, last) === TEMPLATE.testL ? TEMPLATE.testL : TEMPLATE.none;
    }
    facts.charged[func] = entryCharges.includes(first) ? 1 : 0;
  }

  /** The uncharged guest functions that a function calls, in the order of its calls. */
  collect(func: number): readonly number[] {
    const calls: number[] = [];
    this.#collected = calls;
    this.#s.report.muted = true;
    this.#s.report.attempt(() => this.#body(func));
    this.#s.report.muted = false;
    this.#collected = null;
    return calls;
  }

  /** Judges a function; the uncharged functions that it calls have been judged. */
  judge(func: number): void {
    const { facts } = this;
    this.#graph.begin(func);
    const whole = this.#s.report.attempt(() => this.#body(func));
    this.#graph.finish(func);
    const operands = this.#highest * (this.#wide ? WIDE_SLOTS : 1);
    const frame = frameBytes(facts.slots[func]! + operands, this.#arguments);
    this.#graph.frame[func] = frame;
    if (facts.charged[func] === 0) {
      facts.shortfall[func] = this.#flow.shortfall;
      facts.fuelFree[func] = whole && this.#fuelFree ? 1 : 0;
    }
    if (frame > limits.frameBytes) {
      const args = { what: "stack bytes of one frame", found: frame, limit: limits.frameBytes };
      this.#s.add("verify-limits", args, facts.codeStart[func]!);
    }
  }

  #body(func: number): void {
    const { facts } = this;
    const flow = this.#flow;
    const module = this.#module;
    this.#seek(func);
    const charged = facts.charged[func] === 1;
    const s: Scanner = this.#s;
    s.pos = facts.codeStart[func]!;
    this.#highest = 0;
    this.#arguments = 0;
    this.#wide = facts.wide[func] === 1;
    this.#fuelFree = !charged;
    this.#named = -1;
    this.#touched = -1;
    this.#bulkAt = -1;
    flow.at = s.pos;
    const results = module.signature(func).results.length;
    flow.start(charged, facts.entryCost[func]!, results, this.#collected === null);

    const bytes = s.bytes;
    const end = s.end;
    const price = this.#price;
    const ownLocal = facts.fuelLocal[func]!;
    const guestGlobals = module.guestGlobals;
    let pos = s.pos;
    let credit = flow.credit;
    let floor = flow.floor;
    let height = 0;
    let highest = 0;
    let instructions = 0;
    for (;;) {
      if (pos >= end) s.malformed("the function has no `end`", end);
      const at = pos;
      let code = bytes[pos++]!;
      if (code > PREFIXED) {
        s.pos = pos;
        code = this.#prefixed(code, at);
        pos = s.pos;
      }
      instructions++;
      let slow = false;
      switch (shapes[code]) {
        case plain:
          break;
        case local: {
          let index = bytes[pos++]!;
          if (index > 127) {
            s.pos = pos - 1;
            index = s.u32();
            pos = s.pos;
          }
          slow = index === ownLocal && this.#touchesFuelLocal(code, at);
          break;
        }
        case global: {
          let index = bytes[pos++]!;
          if (index > 127) {
            s.pos = pos - 1;
            index = s.u32();
            pos = s.pos;
          }
          slow = index >= guestGlobals;
          if (!slow && module.globalIsWide[index] === 1) this.#wide = true;
          break;
        }
        case constant:
          if (bytes[pos++]! > 127) {
            s.pos = pos - 1;
            s.signed(extra[code]!);
            pos = s.pos;
          }
          break;
        case memarg:
          if (bytes[pos++]! > 31) s.malformed("an alignment above 2^31", at);
          if (bytes[pos++]! > 127) {
            s.pos = pos - 1;
            s.u32();
            pos = s.pos;
          }
          pos += extra[code]!;
          break;
        case raw:
          pos += extra[code]!;
          break;
        default:
          slow = true;
      }
      if (!slow) {
        credit -= price[code]!;
        if (credit < floor) {
          flow.at = at;
          floor = flow.floor;
          floor = flow.floor = flow.below(credit);
        }
        height += effect[code]!;
        if (height > highest) highest = height;
        continue;
      }
      flow.at = at;
      flow.credit = credit;
      flow.height = height;
      this.#highest = highest;
      s.pos = pos;
      const shape = shapes[code];
      const instrumented = shape === local || shape === global;
      const done = instrumented ? this.#template(at) : this.#other(code);
      pos = s.pos;
      credit = flow.credit;
      floor = flow.floor;
      height = flow.height;
      highest = Math.max(this.#highest, height);
      if (done) break;
    }
    this.#highest = highest;
    if (this.#collected === null) facts.instructions += instructions;
    if (pos !== end) s.malformed("bytes follow the function's last `end`", pos);
  }

  #prefixed(prefix: number, at: number): number {
    const s: Scanner = this.#s;
    if (prefix > 0xfd) return prefix;
    const low = s.u32();
    const code = prefix === 0xfc ? 0x100 + low : prefix === 0xfd ? FIRST_VECTOR + low : prefix;
    const known = prefix === 0xfc ? low < 0x100 : low < 0x200;
    if (!known) this.#unknown(`0x${prefix.toString(16)} ${low}`, undefined, at);
    if (code >= FIRST_VECTOR) this.#wide = true;
    return code;
  }

  #unknown(opcode: string, feature: string | undefined, at: number): never {
    const why = feature === undefined ? "" : `, which belongs to ${feature}`;
    return this.#s.stop("verify-opcode", { opcode, why }, at);
  }

  /** True when a use of the last local starts a template; a use by the guest is noted or refused. */
  #touchesFuelLocal(code: number, at: number): boolean {
    if (this.#named < 0) {
      this.#touched = at;
      return false;
    }
    if (code !== LOCAL_GET) this.#s.stop("verify-template", { what: "the fuel local" }, at);
    return true;
  }

  #template(at: number): boolean {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    s.pos = at;
    const own = this.facts.fuelLocal[this.#func]!;
    const found = this.#templates.match(s, own);
    if (found === TEMPLATE.none) {
      const what = this.#named < 0 ? "an injected global" : "an injected global or the fuel local";
      s.stop("verify-template", { what }, at);
    }
    const needs = templateModes[found]!;
    if (needs >= 0 && flow.mode !== needs) {
      s.stop("verify-mode", { what: "an instrumentation sequence", needs: MODE_NAMES[needs]! }, at);
    }
    if (found === TEMPLATE.load || found === TEMPLATE.enterL) {
      this.#named = own;
      if (this.#touched >= 0) s.stop("verify-template", { what: "the fuel local" }, this.#touched);
    }
    const { constant: units, operands, cost } = this.#templates;
    const counted = found !== TEMPLATE.load && found !== TEMPLATE.flush;
    if (counted && (units < 1 || units > CONSTANT_MAX)) {
      s.stop("verify-charge-range", { found: units, limit: CONSTANT_MAX }, at);
    }
    if (!this.#exact && exactOnly.includes(found)) s.stop("verify-exact-only", {}, at);
    this.#fuelFree = false;
    this.#highest = Math.max(this.#highest, flow.height + operands);
    if (this.#collected === null) this.facts.templates++;
    flow.payTemplate(cost[found]!);
    this.#effect(found, units);
    return false;
  }

  #effect(found: number, units: number): void {
    const flow = this.#flow;
    const s: Scanner = this.#s;
    switch (found) {
      case TEMPLATE.chargeG:
      case TEMPLATE.chargeL:
      case TEMPLATE.enterL:
        flow.headroom = 0;
        flow.charge(units);
        break;
      case TEMPLATE.testG:
      case TEMPLATE.testL:
        flow.headroom = Math.max(flow.headroom, units);
        break;
      case TEMPLATE.subG:
      case TEMPLATE.subL:
        if (flow.headroom < units) {
          s.stop("verify-headroom", { found: units, known: flow.headroom }, flow.at);
        }
        flow.headroom -= units;
        flow.charge(units);
        break;
      case TEMPLATE.stackIn:
        if (flow.depth !== 0) s.stop("verify-depth", { found: units, depth: flow.depth }, flow.at);
        flow.depth = units;
        break;
      case TEMPLATE.stackOut:
        if (flow.depth !== units) {
          s.stop("verify-depth", { found: units, depth: flow.depth }, flow.at);
        }
        flow.depth = 0;
        break;
    }
    if (found === TEMPLATE.load || found === TEMPLATE.enterL) flow.mode = MODE.local;
    else if (found === TEMPLATE.flush) flow.mode = MODE.global;
  }

  /** Everything with an effect of its own; true at the function's last `end`. */
  #other(code: number): boolean {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const price = this.#price[code]!;
    switch (code) {
      case OP.block:
      case OP.loop:
        flow.pay(price);
        this.#construct(code === OP.loop ? CONSTRUCT.loop : CONSTRUCT.block);
        return false;
      case OP.if:
        flow.height--;
        flow.pay(price);
        this.#construct(CONSTRUCT.if);
        return false;
      case OP.else:
        flow.otherwise(price);
        return false;
      case OP.end: {
        const last = flow.end(price);
        if (!last && !flow.live) this.#deadUntil(true);
        return last;
      }
      case OP.br: {
        const label = s.u32();
        flow.pay(price + flow.arity(label));
        flow.branch(label);
        return this.#dead();
      }
      case OP.brIf: {
        const label = s.u32();
        flow.height--;
        flow.pay(price + flow.arity(label));
        flow.branch(label);
        return false;
      }
      case OP.brTable:
        this.#brTable(price);
        return this.#dead();
      case OP.return:
        flow.pay(price + this.#module.signature(this.#func).results.length);
        flow.leave();
        return this.#dead();
      case OP.unreachable:
        if (flow.live) flow.pay(price);
        return this.#dead();
      case OP.call:
        this.#call(s.u32(), price);
        return false;
      case OP.callIndirect:
        this.#callIndirect(price);
        return false;
      default:
        this.#rare(code, price);
        return false;
    }
  }

  #dead(): false {
    this.#flow.live = false;
    this.#deadUntil(false);
    return false;
  }

  /** After dead code, the construct ends; after a dead construct one `unreachable` may stand (A23). */
  #deadUntil(unreachable: boolean): void {
    const { bytes, pos, end } = this.#s;
    const next = pos < end ? bytes[pos] : -1;
    if (next === OP.end || next === OP.else || (unreachable && next === OP.unreachable)) return;
    this.#s.stop("verify-dead-code", {});
  }

  #construct(kind: number): void {
    const s: Scanner = this.#s;
    const start = s.pos;
    const byte = s.u8();
    if (byte === BLOCK_EMPTY || isValueType[byte] === 1) {
      if (byte === V128) this.#wide = true;
      this.#flow.push(kind, 0, byte === BLOCK_EMPTY ? 0 : 1);
      return;
    }
    s.pos = start;
    const index = s.signed(33);
    const type = this.#module.types[index];
    if (type === undefined) s.malformed("there is no such block type", start);
    if (this.#module.typeIsWide[index] === 1) this.#wide = true;
    this.#flow.push(kind, type.params.length, type.results.length);
  }

  #brTable(price: number): void {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const count = s.count("br_table targets", limits.brTableTargets);
    const first = s.pos;
    for (let i = 0; i < count; i++) s.u32();
    const byDefault = s.u32();
    flow.height--;
    flow.pay(price + flow.arity(byDefault));
    const end = s.pos;
    s.pos = first;
    while (s.pos < end) flow.branch(s.u32());
  }

  #needsGlobal(what: string): void {
    const flow = this.#flow;
    if (flow.mode !== MODE.global)
      this.#s.stop("verify-mode", { what, needs: MODE_NAMES[0] }, flow.at);
    flow.headroom = 0;
    this.#fuelFree = false;
  }

  #call(func: number, price: number): void {
    const flow = this.#flow;
    const module = this.#module;
    if (func >= module.functions) this.#s.malformed(`there is no function ${func}`, flow.at);
    const role = this.#layout.role[func]!;
    const type = module.signature(func);
    let cost = price + type.params.length + this.#layout.cost[func]!;
    if (role !== ROLE.guest) {
      this.#generated(func, role);
      this.#needsGlobal("the call of a generated function");
    } else if (this.facts.charged[func] === 1) this.#needsGlobal("the call of a charged function");
    else {
      this.#collected?.push(func);
      cost += this.facts.shortfall[func]!;
      if (this.facts.fuelFree[func] === 0 && this.#collected === null) {
        this.#needsGlobal("the call of a function that is not fuel-free");
      }
    }
    this.#edge(func, module.funcType[func]!);
    flow.pay(cost);
  }

  #generated(func: number, role: number): void {
    const s: Scanner = this.#s;
    const { at } = this.#flow;
    if (role === ROLE.import) s.stop("verify-import-named", { func }, at);
    if (role === ROLE.thunk || role === ROLE.stub || role === ROLE.grow) return;
    const next = s.pos;
    const code = s.bytes[next] === 0xfc && next + 1 < s.end ? 0x100 + s.bytes[next + 1]! : -1;
    const known = role === ROLE.bulkBytes || role === ROLE.bulkElems;
    const operations = role === ROLE.bulkBytes ? memoryBulk : tableBulk;
    if (!known || !operations.includes(code)) s.stop("verify-private-function", { func }, at);
    this.#bulkAt = next;
    this.#bulkTable = role === ROLE.bulkElems;
  }

  /** A call's effect on operands, frame and stack graph; `to` is a function or a type class. */
  #edge(to: number, type: number): void {
    const flow = this.#flow;
    const { params, results } = this.#module.types[type]!;
    if (this.#module.typeIsWide[type] === 1) this.#wide = true;
    if (params.length > this.#arguments) this.#arguments = params.length;
    flow.height += results.length - params.length;
    if (this.#collected === null) this.#graph.edge(to, flow.depth, flow.at);
  }

  #callIndirect(price: number): void {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const type = s.u32();
    const table = s.u32();
    const signature = this.#module.types[type];
    if (signature === undefined || table >= this.#module.tables) {
      s.malformed("there is no such type or table", flow.at);
    }
    this.#needsGlobal("an indirect call");
    flow.height--;
    this.#edge(this.#module.functions + this.#module.typeClass[type]!, type);
    flow.pay(price + signature.params.length);
  }

  /** Memory, table, reference and segment instructions. */
  #rare(code: number, price: number): void {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const { at } = flow;
    const row = opcodeRow(code);
    if (row === undefined) this.#unknown(`0x${code.toString(16)}`, refusedFeature(code), at);
    const isTable = tableBulk.includes(code);
    if (isTable || memoryBulk.includes(code)) {
      if (this.#bulkAt !== at || this.#bulkTable !== isTable) {
        s.stop("verify-bulk", { opcode: row.name }, at);
      }
    }
    if (code === OP.memoryGrow) s.stop("verify-grow", {}, at);
    if (code === OP.selectTyped) {
      if (s.u32() !== 1) s.malformed("a typed select has one type", at);
      readValueType(s);
      flow.height -= 2;
    } else if (row.imm === "reftype") {
      if (s.u8() !== FUNCREF) s.stop("verify-type", { found: "a reference type" }, at);
    } else {
      const first = s.u32();
      if (code === OP.refFunc) nameFunction(this.#module, s, first, at);
      const names = row.imm === "data" || row.imm === "data-memory";
      if (names && first === this.#layout.messages) s.stop("verify-private-data", {}, at);
      const second = pairs.includes(row.imm) ? s.u32() : 0;
      const memory = row.imm === "memory" ? first : row.imm === "data-memory" ? second : 0;
      const both = row.imm === "memory-memory" ? first + second : memory;
      if (both !== 0) s.malformed("there is one memory", at);
    }
    flow.height += effect[code]!;
    flow.pay(price);
  }
}

const CONSTANT_MAX = 2 ** 31 - 1;
const pairs: readonly string[] = ["data-memory", "memory-memory", "elem-table", "table-table"];
const entryCharges: readonly number[] = [
  TEMPLATE.chargeG,
  TEMPLATE.enterL,
  TEMPLATE.testG,
  TEMPLATE.testL,
];
const exactOnly: readonly number[] = [TEMPLATE.testG, TEMPLATE.subG, TEMPLATE.testL, TEMPLATE.subL];
/** The mode that a template needs, by template; -1 where any will do. */
const templateModes: readonly number[] = [
  ...[-1, MODE.global, MODE.global, MODE.global, MODE.global, MODE.global],
  ...[MODE.local, MODE.local, MODE.local, MODE.local, -1, -1],
];
