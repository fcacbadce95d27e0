// Entries: `enter` (what the first entry runs, and where every entry after a trap ends) and the wrapper of
// each export (rules A6, A7, A27, A35).
import { fail } from "../../errors/failure.ts";
import type { Policy } from "../../policy/policy.ts";
import { I64 } from "../../spec/binary.ts";
import type { CallbackKind } from "../../spec/callbacks.ts";
import type { CostTable } from "../../spec/costs.ts";
import { PHASE, RESERVE, STACK_SHARE } from "../../spec/layout.ts";
import type { FuncType } from "../../wasm/module.ts";
import { Asm, type Body, NO_RESULT, type Target } from "./asm.ts";

type Fuel = Policy["limits"]["fuel"];

/** Stack bytes that recursion may use from an entry on. */
export function stackAtEntry(stackBytes: number): number {
  return Math.floor((stackBytes * STACK_SHARE.numerator) / STACK_SHARE.denominator);
}

/** A budget without what the body itself and a failing template take. */
function netBudget(kind: "callback" | "start", fuel: Fuel, cost: number): number {
  const need = RESERVE + cost;
  const found = fuel[kind];
  if (found <= need) fail("harden-budget", { kind, found, need });
  return found - need;
}

/** The body twice: once to learn its cost, once with the budgets that follow from it. */
function withBudgets(fuel: Fuel, kinds: readonly ("callback" | "start")[], build: Build): Body {
  const cost = build(0, 0).cost;
  const start = kinds.includes("start") ? netBudget("start", fuel, cost) : 0;
  const callback = kinds.includes("callback") ? netBudget("callback", fuel, cost) : 0;
  return build(start, callback, cost);
}

type Build = (start: number, callback: number, cost?: number) => Body;

/** `enter`: traps unless the instance is new; runs the start function, if any, under the start budget. */
export function enterBody(
  start: Target | null,
  policy: Policy,
  costs: CostTable,
  firstGlobal: number,
): Body {
  const build: Build = (budget) => {
    const asm = new Asm(costs, firstGlobal);
    asm.get("phase").if().op("unreachable", "end");
    if (start !== null) {
      asm.i32(PHASE.guest).set("phase").i64(budget).set("fuel");
      asm.i32(stackAtEntry(policy.limits.stackBytes)).set("stack");
      asm.call(start).i64(0).set("fuel");
    }
    asm.i32(PHASE.idle).set("phase");
    return asm.body(NO_RESULT, NO_RESULT);
  };
  return start === null ? build(0, 0) : withBudgets(policy.limits.fuel, ["start"], build);
}

/** `open`: what every entry from IDLE does first; its parameter is the budget. */
export function openBody(
  enter: Target,
  policy: Policy,
  costs: CostTable,
  firstGlobal: number,
): Body {
  const asm = new Asm(costs, firstGlobal);
  asm.get("phase").i32(PHASE.idle).op("i32.ne").if().call(enter).op("end");
  asm.i32(PHASE.guest).set("phase").local("get", 0).set("fuel").local("get", 0).set("spent");
  asm.i32(stackAtEntry(policy.limits.stackBytes)).set("stack");
  return asm.body([I64], NO_RESULT);
}

/** `close`: what it does last. */
export function closeBody(costs: CostTable, firstGlobal: number): Body {
  const asm = new Asm(costs, firstGlobal);
  asm.get("spent").get("fuel").op("i64.sub").set("spent").i64(0).set("fuel");
  asm.i32(PHASE.idle).set("phase");
  return asm.body(NO_RESULT, NO_RESULT);
}

export interface WrapperPlan {
  readonly kind: Exclude<CallbackKind, "abi"> | "bare";
  readonly type: FuncType;
  /** Null for the bare wrapper. */
  readonly target: Target | null;
  readonly open: Target;
  readonly close: Target;
}

/** The budgets that each kind of wrapper writes. */
const BUDGETS = {
  start: ["start"],
  bare: ["start"],
  context: ["start", "callback"],
  allocator: ["callback"],
  callback: ["callback"],
} as const satisfies Readonly<Record<WrapperPlan["kind"], readonly ("callback" | "start")[]>>;

/** The wrapper of one export. */
export function wrapperBody(
  plan: WrapperPlan,
  policy: Policy,
  costs: CostTable,
  firstGlobal: number,
): Body {
  const { kind, type, target, open, close } = plan;
  return withBudgets(policy.limits.fuel, BUDGETS[kind], (start, callback, cost = 0) => {
    const asm = new Asm(costs, firstGlobal);
    const openWith = () => {
      if (kind === "context") asm.i64(start).i64(callback).local("get", 1).op("i32.eqz", "select");
      else asm.i64(kind === "start" || kind === "bare" ? start : callback);
      asm.call(open);
    };
    const callTarget = () => {
      if (target !== null) asm.args(type.params.length).call(target);
    };
    if (kind !== "allocator") {
      openWith();
      callTarget();
      asm.call(close);
      return asm.body(type.params, type.results);
    }
    asm.get("phase").i32(PHASE.host).op("i32.eq").if().i32(PHASE.alloc).set("phase");
    // Inside a host call nothing is refilled: the allocator pays for this wrapper out of the same fuel.
    asm.get("fuel").i64(cost).op("i64.sub").set("fuel").checkFuel().op("else");
    openWith();
    asm.op("end");
    callTarget();
    asm.get("phase").i32(PHASE.alloc).op("i32.eq").if().i32(PHASE.host).set("phase").op("else");
    asm.call(close).op("end");
    return asm.body(type.params, type.results);
  });
}
