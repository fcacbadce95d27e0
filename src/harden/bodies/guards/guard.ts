// What guard functions are to each other: names, what they are written for, and the few shapes that all of them
// are made of. A guard calls others by name; which of them a module has follows from that (plan.ts).
import type { Policy } from "../../../policy/policy.ts";
import { CHECK } from "../../../spec/guards.ts";
import type { Asm, Body, Ground, Target } from "../asm.ts";

export type MatcherName =
  | "clusters"
  | "methods"
  | "paths"
  | "authorities"
  | "names"
  | "headersRead"
  | "headersAdd"
  | "headersReplace"
  | "headersRemove"
  | "hidden"
  | "propertiesRead"
  | "propertiesWrite"
  | "sharedRead"
  | "sharedWrite"
  | "queuesRegister"
  | "queuesResolve"
  | "metrics"
  | "foreign";

export type SpenderName =
  | "spendLog"
  | "spendHeaders"
  | "spendDispatches"
  | "spendBody"
  | "spendKept"
  | "spendQueued"
  | "spendDefined";

export type GuardName =
  | MatcherName
  | SpenderName
  | "inside"
  | "overlap"
  | "pay"
  | "segments"
  | "pairsDispatch"
  | "pairsReply"
  | "vectors"
  | "hasToken"
  | "keepToken";

/** What a guard is written for. */
export interface GuardContext {
  readonly policy: Policy;
  readonly ground: Ground;
  /** Another guard, which stands before. */
  readonly target: (name: GuardName) => Target;
}

export interface GuardRow {
  readonly name: GuardName;
  readonly build: (context: GuardContext) => Body;
}

/** Ends the function with a status. */
export function say(asm: Asm, status: number): Asm {
  return asm.i32(status).return(1);
}

/** Leaves the function with a denial where the i32 on the stack is not 0. */
export function denyIf(asm: Asm): Asm {
  return say(asm.if(), CHECK.deny).op("end");
}

/** Leaves the function with a denial where the i32 on the stack is 0. */
export function denyUnless(asm: Asm): Asm {
  return denyIf(asm.op("i32.eqz"));
}

/** Leaves the function with a status where the i32 on the stack is not 0. */
export function sayIf(asm: Asm, status: number): Asm {
  return say(asm.if(), status).op("end");
}
