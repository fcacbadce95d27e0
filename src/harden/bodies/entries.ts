// Entries: `enter` (what the first entry runs, and where every entry after a trap ends) and the wrapper of
// each export (rules A6, A7, A27, A35).
import { fail } from "../../errors/failure.ts";
import type { Policy } from "../../policy/policy.ts";
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
export function enterBody(start: Target | null, policy: Policy, costs: CostTable, firstGlobal: number): Body {
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

export interface WrapperPlan {
  readonly kind: Exclude<CallbackKind, "abi"> | "bare";
  readonly type: FuncType;
  /** Null for the bare wrapper. */
  readonly target: Target | null;
  readonly enter: Target;
}

/** The wrapper of one export. */
export function wrapperBody(plan: WrapperPlan, policy: Policy, costs: CostTable, firstGlobal: number): Body {
  const { kind, type, target, enter } = plan;
  const start = kind === "start" || kind === "context" || kind === "bare";
  const kinds = [...(start ? ["start" as const] : []), ...(kind === "start" || kind === "bare" ? [] : ["callback" as const])];
  return withBudgets(policy.limits.fuel, kinds, (startBudget, callbackBudget, cost = 0) => {
    const asm = new Asm(costs, firstGlobal);
    const budget = () => {
      if (kind === "context") {
        asm.i64(startBudget).i64(callbackBudget).local("get", 1).op("i32.eqz", "select");
      } else asm.i64(start ? startBudget : callbackBudget);
    };
    const prologue = () => {
      asm.get("phase").i32(PHASE.idle).op("i32.ne").if().call(enter).op("end");
      asm.i32(PHASE.guest).set("phase");
      budget();
      asm.set("fuel").i32(stackAtEntry(policy.limits.stackBytes)).set("stack");
    };
    const epilogue = () => {
      budget();
      asm.get("fuel").op("i64.sub").set("spent").i64(0).set("fuel").i32(PHASE.idle).set("phase");
    };
    if (kind !== "allocator") {
      prologue();
      if (target !== null) asm.args(type.params.length).call(target);
      epilogue();
      return asm.body(type.params, type.results);
    }
    asm.get("phase").i32(PHASE.host).op("i32.eq").if().i32(PHASE.alloc).set("phase");
    // Inside a host call nothing is refilled: the allocator pays for this wrapper out of the same fuel.
    asm.get("fuel").i64(cost).op("i64.sub").set("fuel").checkFuel().op("else");
    prologue();
    asm.op("end").args(type.params.length).call(target!);
    asm.get("phase").i32(PHASE.alloc).op("i32.eq").if().i32(PHASE.host).set("phase").op("else");
    epilogue();
    asm.op("end");
    return asm.body(type.params, type.results);
  });
}
