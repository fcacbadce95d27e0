// The expected body of an entry wrapper: opens the entry with its budget, calls, closes; an
// allocator inside a host call instead spends the fuel of the entry that is under way (rules A6,
// A35). Written from docs/containment.md, "Generated functions".
import type { Callback } from "../../spec/callbacks.ts";
import { PHASE, RESERVE } from "../../spec/layout.ts";
import { Body } from "./body.ts";
import { type Context, globalIndex, type Helper, trapIfExhausted } from "./context.ts";
import { closeType, openType } from "./enter.ts";
import type { Expected, Signature } from "./expected.ts";

export type WrapperKind = "start" | "context" | "allocator" | "callback" | "bare";

/** Which wrapper an export gets; unknown names and ABI markers are callbacks. */
export function wrapperKind(row: Callback | undefined): WrapperKind {
  const kind = row?.kind;
  return kind === "start" || kind === "context" || kind === "allocator" ? kind : "callback";
}

/** What every wrapper calls. */
export interface Entry {
  readonly open: Helper;
  readonly close: Helper;
}

/** The body is open at `call f`, the exported function; `bare` has none. */
export function wrapper(
  context: Context,
  name: string,
  kind: WrapperKind,
  type: Signature,
  entry: Entry,
): Expected {
  const { cost } = write(context, kind, type, entry, 0);
  const { start, callback } = context.policy.limits.fuel;
  const budgets = { start, bare: start, context: Math.min(start, callback) };
  const given = kind === "callback" || kind === "allocator" ? callback : budgets[kind];
  const body = write(context, kind, type, entry, cost);
  return body.done(`wrapper of "${name}"`, given - RESERVE - cost);
}

/** `own` is the cost of the whole body, on which its constants depend. */
function write(
  context: Context,
  kind: WrapperKind,
  type: Signature,
  { open, close }: Entry,
  own: number,
): Body {
  const phase = globalIndex(context, "phase");
  const fuel = globalIndex(context, "fuel");
  const start = context.policy.limits.fuel.start - RESERVE - own;
  const callback = context.policy.limits.fuel.callback - RESERVE - own;
  const body = new Body(context.table, type);

  const openEntry = (): void => {
    if (kind === "context") {
      body.op("i64.const", start).op("i64.const", callback);
      body.op("local.get", 1).op("i32.eqz").op("select");
    } else body.op("i64.const", kind === "start" || kind === "bare" ? start : callback);
    body.call(open.index, openType.params.length, 0, open.cost);
  };
  const closeEntry = (): Body => body.call(close.index, closeType.params.length, 0, close.cost);
  const ifPhase = (is: number, then: number): void => {
    body.op("global.get", phase).op("i32.const", is).op("i32.eq").if();
    body.op("i32.const", then).op("global.set", phase);
  };

  if (kind === "allocator") {
    ifPhase(PHASE.host, PHASE.alloc);
    body.op("global.get", fuel).op("i64.const", own).op("i64.sub").op("global.set", fuel);
    trapIfExhausted(body, fuel);
    body.else();
  }
  openEntry();
  if (kind === "allocator") body.end();
  if (kind !== "bare") {
    for (const q of type.params.keys()) body.op("local.get", q);
    body.call(null, type.params.length, type.results.length, 0);
  }
  if (kind === "allocator") {
    ifPhase(PHASE.alloc, PHASE.host);
    body.else();
    closeEntry().end();
  } else closeEntry();
  return body.end();
}
