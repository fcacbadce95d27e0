// Walks the body of a guest function: reads every instruction, pays for it, follows calls and branches into
// the flow, and collects what the stack judgement needs. The invariant: nothing that runs is passed over,
// and what touches the instrumentation is a template or a finding. No object is made per instruction.
import type { Policy } from "../policy/policy.ts";
import { BLOCK_EMPTY, FUNCREF, I64, V128 } from "../spec/binary.ts";
import { costTables } from "../spec/costs.ts";
import { injectedOffset } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { type OpcodeName, op, opcodeRow, refusedFeature } from "../spec/opcodes.ts";
import type { Graph } from "../util/graph.ts";
import { frameBytes, WIDE_SLOTS } from "./expect/frame.ts";
import { effect, extra, SHAPE, shapes } from "./expect/ops.ts";
import { ROLE } from "./expect/roster.ts";
import { TEMPLATE_OPERANDS, TemplateMatcher } from "./expect/templates.ts";
import { CONSTRUCT, Flow, MODE, MODE_NAMES } from "./flow.ts";
import type { Layout } from "./layout.ts";
import type { Module } from "./module.ts";
import { isValueType, type Scanner } from "./scanner.ts";
import type { StackJudge } from "./stack.ts";
import { nameFunction } from "./state.ts";

const { plain, local, global, const: constant, memarg } = SHAPE;
const [BULK_PREFIX, VECTOR_PREFIX] = [0xfc, 0xfd];
const [FIRST_BULK, FIRST_VECTOR, LAST_VECTOR] = [0x100, 0x200, 0x3ff];
const CONSTANT_MAX = 2 ** 31 - 1;
const codes = (...names: OpcodeName[]): number[] => names.map(op);
const [BLOCK, LOOP, IF, ELSE, END] = codes("block", "loop", "if", "else", "end");
const [BR, BR_IF, BR_TABLE, RETURN] = codes("br", "br_if", "br_table", "return");
const [UNREACHABLE, CALL, CALL_INDIRECT] = codes("unreachable", "call", "call_indirect");
const [LOCAL_GET, MEMORY_GROW, REF_FUNC] = codes("local.get", "memory.grow", "ref.func");
const memoryBulk = codes("memory.copy", "memory.fill", "memory.init");
const tableBulk = codes("table.copy", "table.fill", "table.init", "table.grow");

export class Walk {
  /** By function: whether it charges at its entry (set by `head`); what another leaves to its callers. */
  readonly charged: Uint8Array;
  readonly shortfall: Float64Array;
  /** By function: uncharged, and nothing in it can change the fuel global (rule A5). */
  readonly #isFree: Uint8Array;
  templates = 0;
  instructions = 0;
  readonly #s: Scanner;
  readonly #module: Module;
  readonly #layout: Layout;
  readonly #stack: StackJudge;
  readonly #flow: Flow;
  readonly #matcher: TemplateMatcher;
  readonly #table: (typeof costTables)["v1"];
  readonly #exact: boolean;
  /** Where calls of uncharged functions go while nothing else is wanted of the walk. */
  #collected: Graph | null = null;
  // Of the function being walked: slots of its parameters and locals, most operands and arguments.
  #slots = 0;
  #operands = 0;
  #arguments = 0;
  /** Whether v128 is anywhere in it; whether it is free of fuel so far. */
  #wide = false;
  #free = false;
  #entryCost = 0;
  /** A last local that may hold the fuel; once a template has named it; where the guest used it before. */
  #ownLocal = -1;
  #named = -1;
  #touched = -1;
  /** Where the operation that a bulk helper has charged for stands, and which it may be. */
  #bulkAt = -1;
  #bulk: readonly number[] = [];

  constructor(s: Scanner, module: Module, layout: Layout, stack: StackJudge, policy: Policy) {
    const { functions, guestGlobals } = module;
    this.charged = new Uint8Array(functions);
    this.shortfall = new Float64Array(functions);
    this.#isFree = new Uint8Array(functions);
    this.#s = s;
    this.#module = module;
    this.#layout = layout;
    this.#stack = stack;
    this.#flow = new Flow(s);
    this.#table = costTables[policy.limits.fuel.costs];
    this.#exact = policy.limits.fuel.mode === "exact";
    const [fuel, deep] = [injectedOffset("fuel"), injectedOffset("stack")];
    this.#matcher = new TemplateMatcher(this.#table, guestGlobals + fuel, guestGlobals + deep);
  }

  #locals(func: number): void {
    const s: Scanner = this.#s;
    this.#module.seek(s, func);
    const { params, results } = this.#module.signature(func);
    let [locals, units] = [0, 0];
    this.#slots = params.length + params.filter((one) => one === V128).length * (WIDE_SLOTS - 1);
    this.#wide = params.includes(V128) || results.includes(V128);
    this.#ownLocal = -1;
    for (let groups = s.count("local groups", limits.locals); groups > 0; groups--) {
      const count = s.u32();
      const type = s.valueType();
      locals += count;
      s.limit("locals", locals, limits.locals);
      units += type === V128 ? 2 * count : count;
      this.#slots += type === V128 ? WIDE_SLOTS * count : count;
      this.#wide ||= type === V128;
      this.#ownLocal = count === 1 && type === I64 ? params.length + locals - 1 : -1;
    }
    this.#entryCost = Math.ceil(units / this.#table.localsPerUnit);
  }

  /** Finds out whether a function charges at its entry. */
  head(func: number): void {
    this.#locals(func);
    const first = this.#matcher.match(this.#s, this.#ownLocal);
    const moves = first?.does === "move";
    const next = moves ? this.#matcher.match(this.#s, this.#ownLocal) : first;
    const charges = next?.does === "test" || (!moves && next?.does === "charge");
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
    const operands = this.#operands * (this.#wide ? WIDE_SLOTS : 1);
    const frame = frameBytes(this.#slots + operands, this.#arguments);
    this.#stack.frame[func] = frame;
    this.shortfall[func] = this.#flow.shortfall;
    this.#isFree[func] = whole && this.#free ? 1 : 0;
    this.#s.limit("stack bytes of one frame", frame, limits.frameBytes);
  }

  #body(func: number): void {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const module = this.#module;
    this.#locals(func);
    this.#free = this.charged[func] === 0;
    this.#operands = this.#arguments = 0;
    this.#named = this.#touched = this.#bulkAt = -1;
    flow.at = s.pos;
    flow.results = module.signature(func).results.length;
    flow.start(this.charged[func] === 1, this.#entryCost, this.#collected === null);

    const { bytes, end } = s;
    const { guestGlobals, globalIsWide } = module;
    const price = this.#table.flat;
    const ownLocal = this.#ownLocal;
    let pos = s.pos;
    let { credit, floor, height } = flow;
    let [operands, instructions] = [0, 0];
    while (!flow.ended) {
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
        else if (globalIsWide[index] === 1) this.#wide = true;
      } else if (shape === plain) pos += extra[code]!;
      else if (shape === constant) {
        if (bytes[pos++]! > 127) pos = s.skipNumber(pos - 1, extra[code]!);
      } else if (shape === memarg) {
        if (bytes[pos++]! > 31) s.malformed("an alignment above 2^31", at);
        if (bytes[pos++]! > 127) pos = s.skipNumber(pos - 1, 0);
        pos += extra[code]!;
      } else slow = true;
      if (!slow) {
        credit -= price[code]!;
        if (credit < floor) {
          flow.at = at;
          floor = flow.floor = flow.below(credit);
        }
        height += effect[code]!;
        if (height > operands) operands = height;
        continue;
      }
      flow.at = at;
      flow.credit = credit;
      flow.height = height;
      s.pos = pos;
      this.#operands = operands;
      if (shape === local || shape === global) this.#template();
      else this.#other(code);
      pos = s.pos;
      ({ credit, floor, height } = flow);
      operands = Math.max(this.#operands, height);
    }
    this.#operands = operands;
    if (this.#collected === null) this.instructions += instructions;
    if (pos !== end) s.malformed("bytes follow the function's last `end`", pos);
  }

  #prefixed(prefix: number, at: number): number {
    const code = (prefix === BULK_PREFIX ? FIRST_BULK : FIRST_VECTOR) + this.#s.u32();
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

  #template(): void {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const { at } = flow;
    s.pos = at;
    const found = this.#matcher.match(s, this.#ownLocal);
    const units = this.#matcher.constant;
    if (found === undefined) {
      s.stop("verify-template", { what: "an injected global or the fuel local" }, at);
    }
    const { does, needs, leaves } = found;
    if (needs !== -1) this.#needs(needs, "an instrumentation sequence");
    if (leaves === MODE.local) this.#named = this.#ownLocal;
    if (this.#named >= 0 && this.#touched >= 0) {
      s.stop("verify-template", { what: "the fuel local" }, this.#touched);
    }
    if (does !== "move" && (units < 1 || units > CONSTANT_MAX)) {
      s.stop("verify-charge-range", { found: units, limit: CONSTANT_MAX }, at);
    }
    const exact = does === "test" || does === "subtract";
    if (exact && !this.#exact) s.stop("verify-exact-only", {}, at);
    this.#free = false;
    this.#operands = Math.max(this.#operands, flow.height + TEMPLATE_OPERANDS);
    if (this.#collected === null) this.templates++;
    flow.payTemplate(found.cost);
    if (leaves !== -1) flow.mode = leaves;
    if (does === "charge") flow.charge(units);
    else if (does === "test") flow.headroom = Math.max(flow.headroom, units);
    else if (does === "subtract") flow.subtract(units);
    else if (does === "deepen") flow.deepen(0, units);
    else if (does === "rise") flow.deepen(units, 0);
  }

  /** Everything with an effect of its own. */
  #other(code: number): void {
    const s: Scanner = this.#s;
    const flow = this.#flow;
    const price = this.#table.flat[code]!;
    if (code === BLOCK || code === LOOP || code === IF) this.#construct(code, price);
    else if (code === ELSE) flow.otherwise(price);
    else if (code === END) flow.end(price);
    else if (code === BR || code === BR_IF) {
      const label = s.u32();
      if (code === BR_IF) flow.height--;
      flow.pay(price + flow.arity(label));
      flow.branch(label);
      flow.live = code === BR_IF;
    } else if (code === BR_TABLE) this.#brTable(price);
    else if (code === RETURN) flow.leave(price + flow.results);
    else if (code === UNREACHABLE) {
      if (flow.live) flow.pay(price);
      flow.live = false;
    } else if (code === CALL) this.#call(s.index("function", this.#module.functions), price);
    else if (code === CALL_INDIRECT) this.#callIndirect(price);
    else this.#rare(code, price);
    if (flow.live || flow.ended) return;
    // Nothing falls onto what follows: the construct must end, or after a dead one `unreachable` stand (A23).
    const next = s.pos < s.end ? s.bytes[s.pos] : -1;
    const ends = next === END || next === ELSE || (code === END && next === UNREACHABLE);
    if (!ends) s.stop("verify-dead-code", {});
  }

  #construct(code: number, price: number): void {
    const s: Scanner = this.#s;
    if (code === IF) this.#flow.height--;
    this.#flow.pay(price);
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
    flow.live = false;
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
    this.#free = false;
  }

  #call(func: number, price: number): void {
    const own = this.#layout.cost[func]! + this.shortfall[func]!;
    if (this.#layout.role[func] !== ROLE.guest) {
      this.#generated(func);
      this.#losesFuel("the call of a generated function");
    } else if (this.charged[func] === 1) this.#losesFuel("the call of a charged function");
    else if (this.#collected !== null) this.#collected.to(func);
    else if (this.#isFree[func] === 0) this.#losesFuel("the call of what is not fuel-free");
    this.#edge(func, this.#module.funcType[func]!, price + own);
  }

  /** What guest code may call of the generated functions (A3, A4). */
  #generated(func: number): void {
    const { bytes, pos, end } = this.#s;
    const role = this.#layout.role[func];
    const { at } = this.#flow;
    if (role === ROLE.callable) return;
    if (role === ROLE.import) this.#s.stop("verify-import-named", { func }, at);
    this.#bulk = role === ROLE.bulkBytes ? memoryBulk : role === ROLE.bulkElems ? tableBulk : [];
    const next = pos + 1 < end && bytes[pos] === BULK_PREFIX ? FIRST_BULK + bytes[pos + 1]! : -1;
    if (!this.#bulk.includes(next)) this.#s.stop("verify-private-function", { func }, at);
    this.#bulkAt = pos;
  }

  #callIndirect(price: number): void {
    const { types, tables, typeClass, functions } = this.#module;
    const type = this.#s.index("type", types.length);
    this.#s.index("table", tables);
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
    const isBulk = memoryBulk.includes(code) || tableBulk.includes(code);
    if (isBulk && this.#bulkAt !== at) s.stop("verify-bulk", { opcode: name }, at);
    if (code === MEMORY_GROW) s.stop("verify-grow", {}, at);
    const first = imm === "reftype" ? s.u8() : s.u32();
    if (imm === "reftype" && first !== FUNCREF) s.stop("verify-type", { found: "no funcref" }, at);
    if (imm === "types" && first !== 1) s.malformed("a typed select has one type", at);
    if (imm === "types") s.valueType();
    const second = imm.includes("-") ? s.u32() : 0;
    if (code === REF_FUNC) nameFunction(s, this.#module, first, at);
    const names = imm === "data" || imm === "data-memory";
    if (names && first === this.#layout.messages) s.stop("verify-private-data", {}, at);
    const memory = imm.startsWith("memory") ? first + second : imm === "data-memory" ? second : 0;
    if (memory !== 0) s.malformed("there is one memory", at);
    flow.height += effect[code]!;
    flow.pay(price);
  }
}
