// Walks the body of a guest function: reads every instruction, pays for it, follows calls and
// branches into the flow, collects what the stack judgement needs. The invariant: nothing that runs
// is passed over, and what touches the instrumentation is a template or a finding.
import type { Policy } from "../policy/policy.ts";
import { BLOCK_EMPTY, FUNCREF, I64, V128 } from "../spec/binary.ts";
import { costTables } from "../spec/costs.ts";
import { injectedOffset } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { opcodeRow, refusedFeature } from "../spec/opcodes.ts";
import type { Graph } from "../util/graph.ts";
import { frameBytes, WIDE_SLOTS } from "./expect/frame.ts";
import { BULK, effect, extra, FIRST, OP, PREFIX, SHAPE, shapes } from "./expect/ops.ts";
import { ROLE } from "./expect/roster.ts";
import { TEMPLATE_OPERANDS, TemplateMatcher } from "./expect/templates.ts";
import { CONSTRUCT, Flow, MODE, MODE_NAMES } from "./flow.ts";
import type { Layout } from "./layout.ts";
import type { Module } from "./module.ts";
import { isValueType, type Scanner } from "./scanner.ts";
import type { Stack } from "./stack.ts";
import { nameFunction } from "./state.ts";

const { plain, local, global, const: constant, memarg } = SHAPE;
const CONSTANT_MAX = 2 ** 31 - 1;

export type Walk = ReturnType<typeof walkOver>;

/** Prepares the walk over the guest functions of a module. */
export function walkOver(s: Scanner, module: Module, layout: Layout, stack: Stack, policy: Policy) {
  const { functions, guestGlobals, types, typeIsWide } = module;
  /** By function: what charges at entry (`head` tells); what another leaves to its callers. */
  const charged = new Uint8Array(functions);
  const shortfall = new Float64Array(functions);
  /** By uncharged function, once judged: 2 when nothing in it can change the fuel (A5), else 1. */
  const judged = new Uint8Array(functions);
  const flow = new Flow(s);
  const table = costTables[policy.limits.fuel.costs];
  const [fuelAt, stackAt] = [injectedOffset("fuel"), injectedOffset("stack")];
  const at = [guestGlobals + fuelAt, guestGlobals + stackAt, layout.trap] as const;
  const matcher = new TemplateMatcher(table, ...at);
  /** Where calls of uncharged functions go while nothing else is wanted of the walk. */
  let collected: Graph | null = null;
  // Of the function being walked: slots of parameters and locals, most operands and arguments;
  // whether v128 is anywhere in it, and whether it is fuel-free so far.
  let [slots, mostOperands, mostArguments, entryCost] = [0, 0, 0, 0];
  let [wide, free] = [false, false];
  /** A last local that may hold the fuel; when a template named it; earlier use by the guest. */
  let [ownLocal, named, touched] = [-1, -1, -1];
  /** Where the operation that a bulk helper has charged for stands. */
  let bulkAt = -1;

  function readLocals(func: number): void {
    module.seek(s, func);
    const { params, results } = module.signature(func);
    let [locals, units] = [0, 0];
    slots = params.length + params.filter((one) => one === V128).length * (WIDE_SLOTS - 1);
    wide = params.includes(V128) || results.includes(V128);
    ownLocal = -1;
    for (let groups = s.count("local groups", limits.locals); groups > 0; groups--) {
      const count = s.u32();
      const type = s.valueType();
      locals += count;
      units += type === V128 ? 2 * count : count;
      slots += type === V128 ? WIDE_SLOTS * count : count;
      wide ||= type === V128;
      ownLocal = count === 1 && type === I64 ? params.length + locals - 1 : -1;
    }
    entryCost = Math.ceil(units / table.localsPerUnit);
  }

  /** Finds out whether a function charges at its entry. */
  function head(func: number): void {
    readLocals(func);
    const first = matcher.match(s, ownLocal);
    const moves = first?.does === "move";
    const next = moves ? matcher.match(s, ownLocal) : first;
    const charges = next?.does === "test" || (!moves && next?.does === "charge");
    charged[func] = charges ? 1 : 0; // rule C-HEAD
  }

  /** Adds the uncharged functions that a function calls to a graph, and judges nothing. */
  function collect(func: number, graph: Graph): void {
    graph.from(func);
    collected = graph;
    s.muted = true;
    s.attempt(() => body(func));
    s.muted = false;
    collected = null;
  }

  /** Judges a function; the uncharged functions that it calls have been judged. */
  function judge(func: number): void {
    stack.from(func);
    const whole = s.attempt(() => body(func));
    const operands = mostOperands * (wide ? WIDE_SLOTS : 1);
    const frame = frameBytes(slots + operands, mostArguments);
    stack.frame[func] = frame;
    shortfall[func] = flow.shortfall;
    judged[func] = whole && free ? 2 : 1;
    s.limit("stack bytes of one frame", frame, limits.frameBytes);
  }

  function body(func: number): void {
    readLocals(func);
    free = charged[func] === 0;
    mostOperands = mostArguments = 0;
    named = touched = bulkAt = -1;
    flow.at = s.pos;
    flow.results = module.signature(func).results.length;
    flow.start(charged[func] === 1, entryCost, collected === null);

    const { bytes, end } = s;
    const { guestGlobals, globalIsWide } = module;
    const price = table.flat;
    let pos = s.pos;
    let { credit, floor, height } = flow;
    let operands = 0;
    while (!flow.ended) {
      if (pos >= end) s.malformed("the function has no `end`", end);
      const at = pos;
      let code = bytes[pos++]!;
      if (code === PREFIX.bulk || code === PREFIX.vector) {
        s.pos = pos;
        code = prefixed(code, at);
        pos = s.pos;
      }
      const shape = shapes[code];
      let slow = false;
      if (shape === local || shape === global) {
        let index = bytes[pos++]!;
        if (index > 127) {
          s.pos = pos - 1;
          index = s.u32();
          pos = s.pos;
        }
        if (shape === local) slow = index === ownLocal && usesFuelLocal(code, at);
        else if (index >= guestGlobals) slow = true;
        else if (globalIsWide[index] === 1) wide = true;
      } else if (shape === plain) pos += extra[code]!;
      else if (shape === constant) {
        if (bytes[pos++]! > 127) pos = s.skipNumber(pos - 1, extra[code]!);
      } else if (shape === memarg) {
        if (bytes[pos++]! > 31) s.malformed("an alignment above 2^31", at);
        if (bytes[pos++]! > 127) pos = s.skipNumber(pos - 1, 0);
        pos += extra[code]!;
      } else slow = true;
      if (!slow) {
        credit -= price[code]!; // rule C-PLAIN
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
      mostOperands = operands;
      if (shape === local || shape === global) template();
      else other(code);
      pos = s.pos;
      ({ credit, floor, height } = flow);
      operands = Math.max(mostOperands, height);
    }
    mostOperands = operands;
    if (pos !== end) s.malformed("bytes follow the function's last `end`", pos);
  }

  function prefixed(prefix: number, at: number): number {
    const code = (prefix === PREFIX.bulk ? FIRST.bulk : FIRST.vector) + s.u32();
    if (prefix === PREFIX.bulk && code >= FIRST.vector) unknown(code, at);
    if (prefix === PREFIX.vector) wide = true;
    return code;
  }

  function unknown(code: number, at: number): never {
    const feature = refusedFeature(code);
    const why = feature === undefined ? "" : `, which belongs to ${feature}`;
    return s.stop("verify-opcode", { opcode: `0x${code.toString(16)}`, why }, at);
  }

  /** True when a use of the last local starts a template; the guest's is noted or refused. */
  function usesFuelLocal(code: number, at: number): boolean {
    if (named < 0) touched = at;
    else if (code !== OP.localGet) s.stop("verify-template", { what: "the fuel local" }, at);
    return named >= 0;
  }

  function template(): void {
    const { at } = flow;
    s.pos = at;
    const found = matcher.match(s, ownLocal); // rule C-TEMPLATE
    const units = matcher.constant;
    if (found === undefined) {
      s.stop("verify-template", { what: "an injected global or the fuel local" }, at);
    }
    const { does, needs, leaves } = found;
    if (needs !== -1) needsMode(needs, "an instrumentation sequence");
    if (leaves === MODE.local) named = ownLocal;
    const early = named >= 0 && touched >= 0; // rule C-LOCAL
    if (early) s.stop("verify-template", { what: "the fuel local" }, touched);
    if (does !== "move" && (units < 1 || units > CONSTANT_MAX)) {
      s.stop("verify-charge-range", { found: units, limit: CONSTANT_MAX }, at); // rule C-RANGE
    }
    const exact = does === "test" || does === "subtract"; // rule C-EXACT
    if (exact && policy.limits.fuel.mode !== "exact") s.stop("verify-exact-only", {}, at);
    free = false;
    mostOperands = Math.max(mostOperands, flow.height + TEMPLATE_OPERANDS);
    flow.payTemplate(found.cost);
    if (leaves !== -1) flow.mode = leaves; // rules C-MOVE, C-TEST
    if (does === "charge") flow.charge(units);
    else if (does === "test") flow.headroom = Math.max(flow.headroom, units);
    else if (does === "subtract") flow.subtract(units);
    else if (does === "deepen") flow.deepen(0, units);
    else if (does === "rise") flow.deepen(units, 0);
  }

  /** Everything with an effect of its own. */
  function other(code: number): void {
    const price = table.flat[code]!; // rule C-RETURN
    if (code === OP.block || code === OP.loop || code === OP.if) construct(code, price);
    else if (code === OP.else) flow.otherwise(price);
    else if (code === OP.end) flow.end(price);
    else if (code === OP.br || code === OP.brIf) {
      const label = s.u32();
      if (code === OP.brIf) flow.height--;
      flow.pay(price + flow.arity(label)); // rule C-BR
      flow.branch(label);
      flow.live = code === OP.brIf;
    } else if (code === OP.brTable) brTable(price);
    else if (code === OP.return) flow.leave(price + flow.results);
    else if (code === OP.unreachable) {
      if (flow.live) flow.pay(price); // rule C-UNREACHABLE
      flow.live = false;
    } else if (code === OP.call) call(s.index("function", functions), price);
    else if (code === OP.callIndirect) callIndirect(price);
    else rare(code, price);
    if (flow.live || flow.ended) return;
    // Nothing falls onto what follows: the construct ends, or `unreachable` after a dead one (A23).
    const next = s.pos < s.end ? s.bytes[s.pos] : -1;
    const ends =
      next === OP.end || next === OP.else || (code === OP.end && next === OP.unreachable);
    if (!ends) s.stop("verify-dead-code", {}); // rule C-DEAD
  }

  function construct(code: number, price: number): void {
    if (code === OP.if) flow.height--;
    flow.pay(price); // rule C-BLOCK
    const kind =
      code === OP.loop ? CONSTRUCT.loop : code === OP.if ? CONSTRUCT.if : CONSTRUCT.block;
    const byte = s.bytes[s.pos]!;
    if (byte === V128) wide = true;
    if (byte === BLOCK_EMPTY || isValueType[byte] === 1) {
      s.pos++;
      flow.push(kind, 0, byte === BLOCK_EMPTY ? 0 : 1);
      return;
    }
    const index = s.signed(33);
    if (!(index >= 0 && index < types.length)) s.malformed("there is no such block type");
    if (typeIsWide[index] === 1) wide = true;
    flow.push(kind, types[index]!.params.length, types[index]!.results.length);
  }

  function brTable(price: number): void {
    const count = s.count("br_table targets", limits.brTableTargets);
    const first = s.pos;
    for (let i = 0; i < count; i++) s.u32();
    const byDefault = s.u32();
    flow.height--;
    flow.pay(price + flow.arity(byDefault)); // rule C-BR-TABLE
    const end = s.pos;
    s.pos = first;
    while (s.pos < end) flow.branch(s.u32());
    flow.live = false;
  }

  function needsMode(mode: 0 | 1, what: string): void {
    const needs = MODE_NAMES[mode];
    if (flow.mode !== mode) s.stop("verify-mode", { what, needs }, flow.at); // rule C-MODE
  }

  /** What may change the fuel global runs here. */
  function losesFuel(what: string): void {
    needsMode(MODE.global, what);
    flow.headroom = 0;
    free = false; // rule C-FUEL-LOST
  }

  function call(func: number, price: number): void {
    const own = layout.cost[func]! + shortfall[func]!; // rules C-CALL-COST, C-CALL-CHARGED, C-DAG
    if (layout.role[func] !== ROLE.guest) {
      generated(func);
      losesFuel("the call of a generated function"); // rule C-CALL-GENERATED
    } else if (charged[func] === 1) losesFuel("the call of a charged function");
    else if (collected !== null) collected.to(func);
    else if (judged[func] === 0) s.stop("verify-uncharged-cycle", {}, flow.at);
    else if (judged[func] === 1) losesFuel("the call of what is not fuel-free"); // rule C-CALL-FREE
    edge(func, module.funcType[func]!, price + own);
  }

  /** What guest code may call of the generated functions (A3, A4). */
  function generated(func: number): void {
    const { bytes, pos, end } = s;
    const { at } = flow;
    const role = layout.role[func];
    if (role === ROLE.callable) return;
    if (role === ROLE.import) s.stop("verify-import-named", { func }, at);
    const bulk = role === ROLE.bulkBytes ? BULK.memory : role === ROLE.bulkElems ? BULK.table : [];
    const next = pos + 1 < end && bytes[pos] === PREFIX.bulk ? FIRST.bulk + bytes[pos + 1]! : -1;
    if (!bulk.includes(next)) s.stop("verify-private-function", { func }, at); // rule C-PRIVATE
    bulkAt = pos;
  }

  function callIndirect(price: number): void {
    const type = s.index("type", types.length);
    s.index("table", module.tables);
    losesFuel("an indirect call"); // rule C-CALL-INDIRECT
    flow.height--;
    edge(functions + module.typeClass[type]!, type, price);
  }

  /** A call of a type: its price, operands, and its place in the stack graph. */
  function edge(to: number, type: number, price: number): void {
    const { params, results } = types[type]!;
    if (typeIsWide[type] === 1) wide = true;
    mostArguments = Math.max(mostArguments, params.length);
    flow.height += results.length - params.length;
    if (collected === null) stack.call(to, flow.depth, flow.at);
    flow.pay(price + params.length); // rule C-CALL
  }

  /** Memory, table, reference and segment instructions. */
  function rare(code: number, price: number): void {
    const { at } = flow;
    const { imm, name } = opcodeRow(code) ?? unknown(code, at);
    const isBulk = BULK.memory.includes(code) || BULK.table.includes(code);
    if (isBulk && bulkAt !== at) s.stop("verify-bulk", { opcode: name }, at); // rule C-BULK
    if (code === OP.memoryGrow) s.stop("verify-grow", {}, at); // rule C-GROW
    const first = imm === "reftype" ? s.u8() : s.u32();
    if (imm === "reftype" && first !== FUNCREF) s.stop("verify-type", { found: "no funcref" }, at);
    if (imm === "types" && first !== 1) s.malformed("a typed select has one type", at);
    if (imm === "types") s.valueType();
    const second = imm.includes("-") ? s.u32() : 0;
    if (code === OP.refFunc) nameFunction(s, module, first, at);
    const names = imm === "data" || imm === "data-memory";
    if (names && first === layout.messages) s.stop("verify-private-data", {}, at);
    const memory = imm.startsWith("memory") ? first + second : imm === "data-memory" ? second : 0;
    if (memory !== 0) s.malformed("there is one memory", at);
    flow.height += effect[code]!;
    flow.pay(price); // rule C-RARE
  }

  return { charged, shortfall, head, collect, judge };
}
