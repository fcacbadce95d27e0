// Walks the body of a guest function: reads every instruction, pays for it, follows calls and branches into
// the flow, and collects what the stack judgement needs. The invariant: nothing that runs is passed over,
// and what touches the instrumentation is a template or a finding. No object is made per instruction.
import type { Policy } from "../policy/policy.ts";
import { BLOCK_EMPTY, FUNCREF, I64, V128 } from "../spec/binary.ts";
import { type CostTable, costTables } from "../spec/costs.ts";
import { injectedOffset } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { type OpcodeName, op, opcodeRow, refusedFeature } from "../spec/opcodes.ts";
import { frameBytes, WIDE_SLOTS } from "./expect/frame.ts";
import { TEMPLATE_OPERANDS, TemplateMatcher } from "./expect/templates.ts";
import { CONSTRUCT, Flow, MODE, MODE_NAMES } from "./flow.ts";
import type { Graph } from "./graph.ts";
import { type Layout, ROLE } from "./layout.ts";
import type { Module } from "./module.ts";
import { effect, extra, SHAPE, shapes } from "./ops.ts";
import { isValueType, type Scanner } from "./scanner.ts";
import type { StackJudge } from "./stack.ts";
import { nameFunction } from "./state.ts";

const { plain, local, global, const: constant, memarg } = SHAPE;
const BULK_PREFIX = 0xfc;
const VECTOR_PREFIX = 0xfd;
const [FIRST_BULK, FIRST_VECTOR, LAST_VECTOR] = [0x100, 0x200, 0x3ff];
const CONSTANT_MAX = 2 ** 31 - 1;
const codes = (...names: OpcodeName[]): number[] => names.map(op);
const [BLOCK, LOOP, IF, ELSE, END] = codes("block", "loop", "if", "else", "end");
const [BR, BR_IF, BR_TABLE, RETURN] = codes("br", "br_if", "br_table", "return");
const [UNREACHABLE, CALL, CALL_INDIRECT] = codes("unreachable", "call", "call_indirect");
const [LOCAL_GET, MEMORY_GROW, REF_FUNC] = codes("local.get", "memory.grow", "ref.func");
const memoryBulk = codes("memory.copy", "memory.fill", "memory.init");
const tableBulk = codes("table.copy", "table.fill", "table.init", "table.grow");

/** By function: what the walk finds out about guest functions. */
export class Walk {
  readonly charged: Uint8Array;
  /** What an uncharged function leaves to its callers, and whether it can't change the fuel (rule A5). */
  readonly shortfall: Float64Array;
  readonly fuelFree: Uint8Array;
  /** From the locals: where the code starts, a last local that may hold the fuel, slots, entry cost. */
  readonly #codeStart: Int32Array;
  readonly #fuelLocal: Int32Array;
  readonly #slots: Int32Array;
  readonly #hasWide: Uint8Array;
  readonly #entryCost: Int32Array;
  templates = 0;
  instructions = 0;
  readonly #s: Scanner;
  readonly #module: Module;
  readonly #layout: Layout;
  readonly #stack: StackJudge;
  readonly #flow: Flow;
  readonly #matcher: TemplateMatcher;
  readonly #table: CostTable;
  readonly #exact: boolean;
  // Of the function being walked.
  #func = -1;
  /** Where calls of uncharged functions go while nothing else is wanted of the walk. */
  #collected: Graph | null = null;
  #highest = 0;
  #arguments = 0;
  #wide = false;
  #fuelFree = false;
  /** The fuel local once a template has named it; where the guest used that local before. */
  #named = -1;
  #touched = -1;
  /** Where the operation that a bulk helper has charged for stands, and whether it is a table's. */
  #bulkAt = -1;
  #bulkTable = false;

  constructor(s: Scanner, module: Module, layout: Layout, stack: StackJudge, policy: Policy) {
    const { costs, mode } = policy.limits.fuel;
    const { functions, guestGlobals } = module;
    this.charged = new Uint8Array(functions);
    this.shortfall = new Float64Array(functions);
    this.fuelFree = new Uint8Array(functions);
    this.#codeStart = new Int32Array(functions);
    this.#fuelLocal = new Int32Array(functions);
    this.#slots = new Int32Array(functions);
    this.#hasWide = new Uint8Array(functions);
    this.#entryCost = new Int32Array(functions);
    this.#s = s;
    this.#module = module;
    this.#layout = layout;
    this.#stack = stack;
    this.#flow = new Flow(s);
    this.#table = costTables[costs];
    this.#exact = mode === "exact";
    const [fuel, deep] = [injectedOffset("fuel"), injectedOffset("stack")];
    this.#matcher = new TemplateMatcher(this.#table, guestGlobals + fuel, guestGlobals + deep);
  }

  /** Reads the locals of a function and whether it charges at its entry. */
  head(func: number): void {
    const s: Scanner = this.#s;
    this.#module.seek(s, func);
    const { params, results } = this.#module.signature(func);
    let [slots, locals, units, last] = [params.length, 0, 0, -1];
    for (const type of params) if (type === V128) slots += WIDE_SLOTS - 1;
    let wide = params.includes(V128) || results.includes(V128);
    for (let groups = s.count("local groups", limits.locals); groups > 0; groups--) {
      const count = s.u32();
      const type = s.valueType();
      locals += count;
      s.limit("locals", locals, limits.locals);
      units += type === V128 ? 2 * count : count;
      slots += type === V128 ? WIDE_SLOTS * count : count;
      wide ||= type === V128;
      last = count === 1 && type === I64 ? params.length + locals - 1 : -1;
    }
    this.#codeStart[func] = s.pos;
    this.#fuelLocal[func] = last;
    this.#slots[func] = slots;
    this.#hasWide[func] = wide ? 1 : 0;
    this.#entryCost[func] = Math.ceil(units / this.#table.localsPerUnit);
    const first = this.#matcher.match(s, last);
    const next = first?.does === "move" ? this.#matcher.match(s, last) : first;
    const charges = next?.does === "test" || (next === first && first?.does === "charge");
    this.charged[func] = charges ? 1 : 0;
  }

  /** Adds the uncharged functions that a function calls to a graph, and judges nothing. */
  collect(func: number, graph: Graph): void {
    graph.from(func);
    this.#collected = graph;
    this.#s.report.muted = true;
    this.#s.report.attempt(() => this.#body(func));
    this.#s.report.muted = false;
    this.#collected = null;
  }

  /** Judges a function; the uncharged functions that it calls have been judged. */
  judge(func: number): void {
    this.#stack.from(func);
    const whole = this.#s.report.attempt(() => this.#body(func));
    const operands = this.#highest * (this.#wide ? WIDE_SLOTS : 1);
    const frame = frameBytes(this.#slots[func]! + operands, this.#arguments);
    this.#stack.frame[func] = frame;
    this.shortfall[func] = this.#flow.shortfall;
    this.fuelFree[func] = whole && this.#fuelFree ? 1 : 0;
    this.#s.limit("stack bytes of one frame", frame, limits.frameBytes, this.#codeStart[func]!);
  }

  #body(func: number): void {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const module = this.#module;
    const judged = this.#collected === null;
    const charged = this.charged[func] === 1;
    module.seek(s, func);
    this.#func = func;
    this.#arguments = 0;
    this.#highest = 0;
    this.#wide = this.#hasWide[func] === 1;
    this.#fuelFree = !charged;
    this.#named = -1;
    this.#touched = -1;
    this.#bulkAt = -1;
    flow.at = this.#codeStart[func]!;
    const results = module.signature(func).results.length;
    flow.start(charged, this.#entryCost[func]!, results, judged);

    const { bytes, end } = s;
    const { guestGlobals } = module;
    const price = this.#table.flat;
    const ownLocal = this.#fuelLocal[func]!;
    let pos = flow.at;
    let { credit, floor, height } = flow;
    let highest = 0;
    let instructions = 0;
    for (;;) {
      if (pos >= end) s.malformed("the function has no `end`", end);
      const at = pos;
      let code = bytes[pos++]!;
      if (code === BULK_PREFIX || code === VECTOR_PREFIX) {
        s.pos = pos;
        code = this.#prefixed(code, at);
        pos = s.pos;
      }
      instructions++;
      const shape = shapes[code];
      let slow = false;
      if (shape === local || shape === global) {
        let index = bytes[pos++]!;
        if (index > 127) {
          s.pos = pos - 1;
          index = s.u32();
          pos = s.pos;
        }
        if (shape === local) slow = index === ownLocal && this.#usesFuelLocal(code, at);
        else if (index >= guestGlobals) slow = true;
        else if (module.globalIsWide[index] === 1) this.#wide = true;
      } else if (shape === plain) pos += extra[code]!;
      else if (shape === constant) {
        if (bytes[pos++]! > 127) {
          s.pos = pos - 1;
          s.signed(extra[code]!);
          pos = s.pos;
        }
      } else if (shape === memarg) {
        if (bytes[pos++]! > 31) s.malformed("an alignment above 2^31", at);
        if (bytes[pos++]! > 127) {
          s.pos = pos - 1;
          s.u32();
          pos = s.pos;
        }
        pos += extra[code]!;
      } else slow = true;
      if (!slow) {
        credit -= price[code]!;
        if (credit < floor) {
          flow.at = at;
          floor = flow.floor = flow.below(credit);
        }
        height += effect[code]!;
        if (height > highest) highest = height;
        continue;
      }
      flow.at = at;
      flow.credit = credit;
      flow.height = height;
      s.pos = pos;
      this.#highest = highest;
      const done = shape === local || shape === global ? this.#template() : this.#other(code);
      pos = s.pos;
      ({ credit, floor, height } = flow);
      highest = Math.max(this.#highest, height);
      if (done) break;
    }
    this.#highest = highest;
    if (judged) this.instructions += instructions;
    if (pos !== end) s.malformed("bytes follow the function's last `end`", pos);
  }

  #prefixed(prefix: number, at: number): number {
    const low = this.#s.u32();
    const code = (prefix === BULK_PREFIX ? FIRST_BULK : FIRST_VECTOR) + low;
    if (code > (prefix === BULK_PREFIX ? FIRST_VECTOR - 1 : LAST_VECTOR)) this.#unknown(code, at);
    if (prefix === VECTOR_PREFIX) this.#wide = true;
    return code;
  }

  #unknown(code: number, at: number): never {
    const feature = refusedFeature(code);
    const why = feature === undefined ? "" : `, which belongs to ${feature}`;
    return this.#s.stop("verify-opcode", { opcode: `0x${code.toString(16)}`, why }, at);
  }

  /** True when a use of the last local starts a template; a use by the guest is noted or refused. */
  #usesFuelLocal(code: number, at: number): boolean {
    if (this.#named < 0) this.#touched = at;
    else if (code !== LOCAL_GET) this.#s.stop("verify-template", { what: "the fuel local" }, at);
    return this.#named >= 0;
  }

  #template(): false {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const { at } = flow;
    s.pos = at;
    const own = this.#fuelLocal[this.#func]!;
    const found = this.#matcher.match(s, own);
    const units = this.#matcher.constant;
    if (found === undefined) {
      const what = this.#named < 0 ? "an injected global" : "an injected global or the fuel local";
      return s.stop("verify-template", { what }, at);
    }
    if (found.needs !== -1) this.#needs(found.needs, "an instrumentation sequence");
    if (found.leaves === MODE.local) {
      this.#named = own;
      if (this.#touched >= 0) s.stop("verify-template", { what: "the fuel local" }, this.#touched);
    }
    if (found.does !== "move" && (units < 1 || units > CONSTANT_MAX)) {
      s.stop("verify-charge-range", { found: units, limit: CONSTANT_MAX }, at);
    }
    const exact = found.does === "test" || found.does === "subtract";
    if (exact && !this.#exact) s.stop("verify-exact-only", {}, at);
    this.#fuelFree = false;
    this.#highest = Math.max(this.#highest, flow.height + TEMPLATE_OPERANDS);
    if (this.#collected === null) this.templates++;
    flow.payTemplate(found.cost);
    if (found.leaves !== -1) flow.mode = found.leaves;
    if (found.does === "charge") flow.charge(units);
    else if (found.does === "test") flow.headroom = Math.max(flow.headroom, units);
    else if (found.does === "subtract") flow.subtract(units);
    else if (found.does === "deepen") flow.deepen(0, units);
    else if (found.does === "rise") flow.deepen(units, 0);
    return false;
  }

  /** Everything with an effect of its own; true at the function's last `end`. */
  #other(code: number): boolean {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const price = this.#table.flat[code]!;
    switch (code) {
      case BLOCK:
      case LOOP:
      case IF:
        if (code === IF) flow.height--;
        flow.pay(price);
        this.#construct(code);
        return false;
      case ELSE:
        flow.otherwise(price);
        return false;
      case END: {
        const last = flow.end(price);
        return last || flow.live ? last : this.#deadUntil(UNREACHABLE!);
      }
      case BR:
      case BR_IF: {
        const label = s.u32();
        if (code === BR_IF) flow.height--;
        flow.pay(price + flow.arity(label));
        flow.branch(label);
        return code === BR_IF ? false : this.#deadUntil(END!);
      }
      case BR_TABLE:
        this.#brTable(price);
        return this.#deadUntil(END!);
      case RETURN:
        flow.pay(price + this.#module.signature(this.#func).results.length);
        flow.leave();
        return this.#deadUntil(END!);
      case UNREACHABLE:
        if (flow.live) flow.pay(price);
        return this.#deadUntil(END!);
      case CALL:
        this.#call(s.index("function", this.#module.functions), price);
        return false;
      case CALL_INDIRECT:
        this.#callIndirect(price);
        return false;
      default:
        this.#rare(code, price);
        return false;
    }
  }

  /** Nothing falls onto what follows: only the end of the construct, or `also`, may stand there (A23). */
  #deadUntil(also: number): false {
    const { bytes, pos, end } = this.#s;
    this.#flow.live = false;
    const next = pos < end ? bytes[pos] : -1;
    if (next !== END && next !== ELSE && next !== also) this.#s.stop("verify-dead-code", {});
    return false;
  }

  #construct(code: number): void {
    const s: Scanner = this.#s;
    const kind = code === LOOP ? CONSTRUCT.loop : code === IF ? CONSTRUCT.if : CONSTRUCT.block;
    const byte = s.bytes[s.pos]!;
    const index = byte === BLOCK_EMPTY || isValueType[byte] === 1 ? -1 : s.signed(33);
    const type = this.#module.types[index];
    if (index !== -1 && type === undefined) s.malformed("there is no such block type");
    if (index === -1) s.pos++;
    if (byte === V128 || this.#module.typeIsWide[index] === 1) this.#wide = true;
    const results = byte === BLOCK_EMPTY ? 0 : 1;
    this.#flow.push(kind, type?.params.length ?? 0, type?.results.length ?? results);
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

  #needs(mode: 0 | 1, what: string): void {
    const { at } = this.#flow;
    if (this.#flow.mode === mode) return;
    this.#s.stop("verify-mode", { what, needs: MODE_NAMES[mode] }, at);
  }

  /** What may change the fuel global runs here. */
  #losesFuel(what: string): void {
    this.#needs(MODE.global, what);
    this.#flow.headroom = 0;
    this.#fuelFree = false;
  }

  #call(func: number, price: number): void {
    const own = this.#layout.cost[func]! + this.shortfall[func]!;
    if (this.#layout.role[func] !== ROLE.guest) {
      this.#generated(func);
      this.#losesFuel("the call of a generated function");
    } else if (this.charged[func] === 1) this.#losesFuel("the call of a charged function");
    else if (this.#collected !== null) this.#collected.to(func);
    else if (this.fuelFree[func] === 0) this.#losesFuel("the call of what is not fuel-free");
    this.#edge(func, this.#module.funcType[func]!, price + own);
  }

  /** What guest code may call of the generated functions (A3, A4). */
  #generated(func: number): void {
    const s: Scanner = this.#s;
    const role = this.#layout.role[func];
    const { at } = this.#flow;
    if (role === ROLE.callable) return;
    if (role === ROLE.import) s.stop("verify-import-named", { func }, at);
    const operations = role === ROLE.bulkBytes ? memoryBulk : tableBulk;
    const bulk = role === ROLE.bulkBytes || role === ROLE.bulkElems;
    const prefixed = bulk && s.pos + 1 < s.end && s.bytes[s.pos] === BULK_PREFIX;
    if (!prefixed || !operations.includes(FIRST_BULK + s.bytes[s.pos + 1]!)) {
      s.stop("verify-private-function", { func }, at);
    }
    this.#bulkAt = s.pos;
    this.#bulkTable = role === ROLE.bulkElems;
  }

  #callIndirect(price: number): void {
    const s: Scanner = this.#s;
    const { types, tables, typeClass, functions } = this.#module;
    const type = s.index("type", types.length);
    s.index("table", tables);
    this.#losesFuel("an indirect call");
    this.#flow.height--;
    this.#edge(functions + typeClass[type]!, type, price);
  }

  /** A call of a type: its price, operands, and its place in the stack graph. */
  #edge(to: number, type: number, price: number): void {
    const flow = this.#flow;
    const { params, results } = this.#module.types[type]!;
    if (this.#module.typeIsWide[type] === 1) this.#wide = true;
    this.#arguments = Math.max(this.#arguments, params.length);
    flow.height += results.length - params.length;
    if (this.#collected === null) this.#stack.call(to, flow.depth, flow.at);
    flow.pay(price + params.length);
  }

  /** Memory, table, reference and segment instructions. */
  #rare(code: number, price: number): void {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const { at } = flow;
    const { imm, name } = opcodeRow(code) ?? this.#unknown(code, at);
    const forTable = tableBulk.includes(code);
    if (forTable || memoryBulk.includes(code)) {
      const paid = this.#bulkAt === at && this.#bulkTable === forTable;
      if (!paid) s.stop("verify-bulk", { opcode: name }, at);
    }
    if (code === MEMORY_GROW) s.stop("verify-grow", {}, at);
    const first = imm === "reftype" ? s.u8() : s.u32();
    if (imm === "reftype" && first !== FUNCREF) s.stop("verify-type", { found: "no funcref" }, at);
    if (imm === "types") {
      if (first !== 1) s.malformed("a typed select has one type", at);
      s.valueType();
    }
    const second = imm.includes("-") ? s.u32() : 0;
    if (code === REF_FUNC) nameFunction(s, this.#module, first, at);
    const drops = imm === "data" || imm === "data-memory";
    if (drops && first === this.#layout.messages) s.stop("verify-private-data", {}, at);
    const memory = imm.startsWith("memory") ? first + second : imm === "data-memory" ? second : 0;
    if (memory !== 0) s.malformed("there is one memory", at);
    flow.height += effect[code]!;
    flow.pay(price);
  }
}
