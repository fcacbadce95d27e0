// What every expected body depends on: the policy, its cost table, and where the injected globals
// start. Nothing here is read from the module but that one index.
import type { Policy } from "../../policy/policy.ts";
import { I32, I64 } from "../../spec/binary.ts";
import type { CostTable } from "../../spec/costs.ts";
import type { HostFunction } from "../../spec/host-function-row.ts";
import { type InjectedGlobal, injectedOffset, RESERVE, STACK_SHARE } from "../../spec/layout.ts";
import { TELEMETRY_RESERVE } from "../../spec/telemetry.ts";
import type { Body } from "./body.ts";
import type { Signature } from "./expected.ts";

export interface Context {
  readonly policy: Policy;
  readonly table: CostTable;
  /** Index of the first injected global: the number of the guest's. */
  readonly globals: number;
  /** How many metrics the module has; what follows is known only once the stubs are. */
  readonly metrics: number;
  readonly names: readonly { readonly name: string; readonly type: number }[];
  /** The passive segment, and where in it the names of metrics begin. */
  readonly segment: number;
  readonly text: number;
}

/** A context before anything but the globals has been read. */
export function firstContext(policy: Policy, table: CostTable, globals: number): Context {
  return { policy, table, globals, metrics: 0, names: [], segment: -1, text: 0 };
}

/** Fuel that is kept back at entry. */
export function reserveOf({ telemetry }: Policy): number {
  return RESERVE + (telemetry ? TELEMETRY_RESERVE : 0);
}

/** A generated function that others call: its index and its own cost. */
export interface Helper {
  readonly index: number;
  readonly cost: number;
}

export function globalIndex(context: Context, key: InjectedGlobal): number {
  return context.globals + injectedOffset(key);
}

/** Bytes of stack that the wrappers and `enter` put into the stack global. */
export function stackAtEntry(policy: Policy): number {
  return Math.floor((policy.limits.stackBytes * STACK_SHARE.numerator) / STACK_SHARE.denominator);
}

/** The wasm type of a host function. */
export function hostSignature(row: HostFunction): Signature {
  const params = row.params.map((param) => (param.type === "i32" ? I32 : I64));
  return { params, results: row.result === null ? [] : [I32] };
}

/** Traps when the fuel global is negative. */
export function trapIfExhausted(body: Body, fuel: number): void {
  body.op("global.get", fuel).op("i64.const", 0).op("i64.lt_s");
  body.if().op("unreachable").end();
}
