// The expected bodies of the three helpers that every entry shares: `enter` takes the instance from
// NEW to IDLE and runs the moved start function, `open` gives an entry its budget, `close` takes
// back what is left. In any other phase than the right one they trap (rules A6, A27). Written from
// docs/containment.md, "Generated functions".
import { I64 } from "../../spec/binary.ts";
import { PHASE, RESERVE } from "../../spec/layout.ts";
import { Body } from "./body.ts";
import { type Context, globalIndex, type Helper, stackAtEntry } from "./context.ts";
import type { Expected, Signature } from "./expected.ts";

export const enterType: Signature = { params: [], results: [] };
export const openType: Signature = { params: [I64], results: [] };
export const closeType: Signature = { params: [], results: [] };

/** With a start function the body is open at `call s`. */
export function enter(context: Context, starts: boolean): Expected {
  if (!starts) return writeEnter(context, null).done("enter");
  const budget = context.policy.limits.fuel.start - RESERVE - writeEnter(context, 0).cost;
  return writeEnter(context, budget).done("enter", budget);
}

function writeEnter(context: Context, budget: number | null): Body {
  const phase = globalIndex(context, "phase");
  const fuel = globalIndex(context, "fuel");
  const body = new Body(context.table, enterType);
  body.op("global.get", phase).if().op("unreachable").end();
  if (budget !== null) {
    body.op("i32.const", PHASE.guest).op("global.set", phase);
    body.op("i64.const", budget).op("global.set", fuel);
    body.op("i32.const", stackAtEntry(context.policy));
    body.op("global.set", globalIndex(context, "stack"));
    body.call(null, 0, 0, 0);
    body.op("i64.const", 0).op("global.set", fuel);
  }
  return body.op("i32.const", PHASE.idle).op("global.set", phase).end();
}

export function open(context: Context, enter: Helper): Expected {
  const phase = globalIndex(context, "phase");
  const body = new Body(context.table, openType);
  body.op("global.get", phase).op("i32.const", PHASE.idle).op("i32.ne").if();
  body.call(enter.index, 0, 0, enter.cost).end();
  body.op("i32.const", PHASE.guest).op("global.set", phase);
  for (const key of ["fuel", "spent"] as const) {
    body.op("local.get", 0).op("global.set", globalIndex(context, key));
  }
  body.op("i32.const", stackAtEntry(context.policy));
  return body.op("global.set", globalIndex(context, "stack")).end().done("open");
}

export function close(context: Context): Expected {
  const spent = globalIndex(context, "spent");
  const fuel = globalIndex(context, "fuel");
  const body = new Body(context.table, closeType);
  body.op("global.get", spent).op("global.get", fuel).op("i64.sub").op("global.set", spent);
  body.op("i64.const", 0).op("global.set", fuel);
  body.op("i32.const", PHASE.idle).op("global.set", globalIndex(context, "phase"));
  return body.end().done("close");
}
