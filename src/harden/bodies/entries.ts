// Entries: `enter` (what the first entry runs, and where every entry after a trap ends) and the wrapper of
// each export (rules A6, A7, A27, A29, A35; docs/containment.md, and docs/guards.md for request slots).
import { fail } from "../../errors/failure.ts";
import type { Policy } from "../../policy/policy.ts";
import { I32 } from "../../spec/binary.ts";
import {
  answers,
  type CallbackKind,
  callback,
  HTTP_ANSWER,
  streamActions,
} from "../../spec/callbacks.ts";
import { type InjectedGlobal, PHASE, RESERVE, STACK_SHARE, UNNAMED } from "../../spec/layout.ts";
import { TELEMETRY_RESERVE } from "../../spec/telemetry.ts";
import type { FuncType } from "../../wasm/module.ts";
import { Asm, type Body, type Ground, NO_RESULT, type Target } from "./asm.ts";
import type { SlotTargets } from "./slots.ts";
import type { TelemetryTargets } from "./telemetry.ts";

/** Stack bytes that recursion may use from an entry on. */
export function stackAtEntry(stackBytes: number): number {
  return Math.floor((stackBytes * STACK_SHARE.numerator) / STACK_SHARE.denominator);
}

/** A budget without what the body itself and a failing template take. */
function netBudget(kind: "callback" | "start", policy: Policy, cost: number): number {
  const need = RESERVE + (policy.telemetry ? TELEMETRY_RESERVE : 0) + cost;
  const found = policy.limits.fuel[kind];
  if (found <= need) fail("harden-budget", { kind, found, need });
  return found - need;
}

/** The body twice: once to learn its cost, once with the budgets that follow from it. */
function withBudgets(policy: Policy, kinds: readonly ("callback" | "start")[], build: Build): Body {
  const cost = build(0, 0).cost;
  const start = kinds.includes("start") ? netBudget("start", policy, cost) : 0;
  const callback = kinds.includes("callback") ? netBudget("callback", policy, cost) : 0;
  return build(start, callback, cost);
}

type Build = (start: number, callback: number, cost?: number) => Body;

/** `enter`: traps unless the instance is new; runs the start function, if any, under the start budget. */
export function enterBody(start: Target | null, policy: Policy, ground: Ground): Body {
  const build: Build = (budget) => {
    const asm = new Asm(ground);
    asm.get("phase").if().op("unreachable", "end");
    if (start !== null) {
      asm.i32(PHASE.guest).set("phase").i64(budget).set("fuel");
      asm.i32(stackAtEntry(policy.limits.stackBytes)).set("stack");
      asm.call(start).i64(0).set("fuel");
    }
    asm.i32(PHASE.idle).set("phase");
    return asm.body(NO_RESULT, NO_RESULT);
  };
  return start === null ? build(0, 0) : withBudgets(policy, ["start"], build);
}

/** The last three stand in for callbacks that the guest lacks or the policy leaves out, where accounts need them. */
export type EntryKind = Exclude<CallbackKind, "abi"> | "bare" | "create" | "delete" | "settle";

export interface WrapperPlan {
  readonly kind: EntryKind;
  /** The export's name. */
  readonly name: string;
  readonly type: FuncType;
  /** Null where no guest function is entered. */
  readonly target: Target | null;
}

/** What all wrappers of a module share. */
export interface EntryPlan {
  readonly policy: Policy;
  readonly ground: Ground;
  readonly enter: Target;
  /** Null where the policy has no budget for whole requests. */
  readonly slots: SlotTargets | null;
  /** Null without telemetry. */
  readonly telemetry: TelemetryTargets | null;
  /** A body quota is counted. */
  readonly countsBodies: boolean;
  /** Something is counted in `used`. */
  readonly countsUse: boolean;
  /** HTTP calls without an answer are counted. */
  readonly countsOpen: boolean;
  /** What each new stream gives back of what the instance has spent. */
  readonly refills: readonly { readonly global: InjectedGlobal; readonly by: number }[];
}

/** Callbacks after which a module's metrics are defined: hosts refuse that earlier (rule A31). */
const definers: ReadonlySet<string> = new Set(["proxy_on_vm_start", "proxy_on_configure"]);

/** The budgets that each kind of wrapper writes. */
const BUDGETS = {
  start: ["start"],
  bare: ["start"],
  context: ["start", "callback"],
  create: ["start", "callback"],
  allocator: ["callback"],
  callback: ["callback"],
  delete: ["callback"],
  settle: ["callback"],
} as const satisfies Readonly<Record<EntryKind, readonly ("callback" | "start")[]>>;

/** What an entry from IDLE does first; `budget` leaves an i64. */
function open(asm: Asm, plan: EntryPlan, budget: () => void, begins: boolean): void {
  asm.get("phase").i32(PHASE.idle).op("i32.ne").if().call(plan.enter).op("end");
  asm.i32(PHASE.guest).set("phase");
  budget();
  asm.set("fuel").get("fuel").set("spent");
  asm.i32(stackAtEntry(plan.policy.limits.stackBytes)).set("stack");
  if (plan.countsBodies) asm.i64(0).set("bodied");
  if (plan.countsUse && !begins) asm.i64(0).set("used");
}

/** What it does last. */
function close(asm: Asm): void {
  asm.get("spent").get("fuel").op("i64.sub").set("spent").i64(0).set("fuel");
  asm.i32(PHASE.idle).set("phase");
}

/** An answer came: one call less is open. */
function answered(asm: Asm): void {
  asm.get("open").if().get("open").i32(1).op("i32.sub").set("open").op("end");
}

/** A new stream: what the instance may spend grows again, up to the whole. */
function refill(asm: Asm, { refills }: EntryPlan): void {
  for (const { global, by } of refills) {
    asm.i64(0).get(global).i64(by).op("i64.sub").get(global).i64(by).op("i64.lt_u", "select");
    asm.set(global);
  }
}

function callTarget(asm: Asm, { target, type }: WrapperPlan): void {
  if (target !== null) asm.args(type.params.length).call(target);
}

/** The wrapper of an allocator: inside a host call it runs on the same fuel, else like any callback. */
function allocatorBody(asm: Asm, one: WrapperPlan, plan: EntryPlan, budget: number, cost: number) {
  asm.get("phase").i32(PHASE.host).op("i32.eq").if().i32(PHASE.alloc).set("phase");
  // Inside a host call nothing is refilled: the allocator pays for this wrapper out of the same fuel.
  asm.get("fuel").i64(cost).op("i64.sub").set("fuel").checkFuel().op("else");
  open(asm, plan, () => asm.i64(budget), false);
  asm.op("end");
  callTarget(asm, one);
  asm.get("phase").i32(PHASE.alloc).op("i32.eq").if().i32(PHASE.host).set("phase").op("else");
  close(asm);
  asm.op("end");
}

/** A callback that the host makes for a context, on the account of its request. */
function requestBody(asm: Asm, one: WrapperPlan, plan: EntryPlan, slots: SlotTargets, b: number) {
  const { request } = plan.policy.limits.fuel;
  if (slots.spentOut !== null && landsSoftly(one)) {
    const outcome = one.type.params.length;
    asm
      .local("get", 0)
      .i64(Math.min(b, Math.floor(request! / 2)))
      .call(slots.spentOut);
    asm.local("tee", outcome).i32(-1).op("i32.ne").if();
    asm.local("get", outcome).return(1).op("end");
  }
  open(asm, plan, () => asm.local("get", 0).i64(b).call(slots.begin), true);
  if (plan.telemetry !== null) asm.get("calls").i64(1).op("i64.add").set("calls");
  if (plan.countsOpen && one.name === HTTP_ANSWER) answered(asm);
  if (slots.adopt !== null && answers.has(one.name))
    asm.get("slot").op("i32.eqz").if().i32(UNNAMED).set("slot").op("end");
  callTarget(asm, one);
  asm.call(slots.finish);
  if (one.name === "proxy_on_delete") asm.local("get", 0).call(slots.release);
  close(asm);
}

/** Whether a callback answers with an action, which can be answered in its plugin's place. */
function landsSoftly({ name, type }: WrapperPlan): boolean {
  return type.results.length === 1 && streamActions.has(name);
}

/** The wrapper of one export. */
export function wrapperBody(one: WrapperPlan, plan: EntryPlan): Body {
  const { kind, name, type } = one;
  const { slots, policy, ground } = plan;
  const ofRequest = slots !== null && kind === "callback" && callback(name)?.kind === "callback";
  return withBudgets(policy, BUDGETS[kind], (start, each, cost = 0) => {
    const lands = ofRequest && slots.spentOut !== null && landsSoftly(one);
    const asm = new Asm(ground, lands ? [[1, I32]] : []);
    const ofContext = kind === "context" || kind === "create";
    const budget = () => {
      if (ofContext) asm.i64(start).i64(each).local("get", 1).op("i32.eqz", "select");
      else asm.i64(kind === "start" || kind === "bare" ? start : each);
    };
    if (kind === "allocator") allocatorBody(asm, one, plan, each, cost);
    else if (ofRequest) requestBody(asm, one, plan, slots, each);
    else {
      open(asm, plan, budget, false);
      if (ofContext && (slots !== null || plan.refills.length > 0)) {
        asm.local("get", 1).if();
        if (slots !== null) asm.local("get", 0).call(slots.take);
        refill(asm, plan);
        asm.op("end");
      }
      if (slots !== null && kind === "delete") asm.local("get", 0).call(slots.release);
      if (plan.countsOpen && name === HTTP_ANSWER) answered(asm);
      callTarget(asm, one);
      if (plan.telemetry !== null && definers.has(name)) asm.call(plan.telemetry.define);
      close(asm);
    }
    return asm.body(type.params, type.results);
  });
}

/** What stands in for callbacks that accounts need, where the guest has none or the policy leaves it out (rule A29). */
export const slotCallbacks = [
  { name: "proxy_on_context_create", kind: "create", params: [I32, I32] },
  { name: "proxy_on_delete", kind: "delete", params: [I32] },
] as const;
export const settleCallback = {
  name: HTTP_ANSWER,
  kind: "settle",
  params: [I32, I32, I32, I32, I32],
} as const;
