// The expected body of a thunk: the only function that may call an import. It takes the price of the bytes
// that go into the host before the call and of those that come out after it, and holds the phase at HOST
// meanwhile. Written from docs/containment.md, "Generated functions".
import { I32 } from "../../spec/binary.ts";
import type { HostFunction, ParamRole } from "../../spec/host-function-row.ts";
import { Body, type Expected } from "./body.ts";
import { type Context, globalIndex, hostSignature, trapIfExhausted } from "./context.ts";

const INPUT_LENGTHS: readonly ParamRole[] = ["inLen", "bufLen", "iovsLen"];

/** The thunk of import number `index`, which is host function `row`. */
export function thunk(context: Context, row: HostFunction, index: number): Expected {
  const fuel = globalIndex(context, "fuel");
  const phase = globalIndex(context, "phase");
  const shift = context.table.hostShift;
  const type = hostSignature(row);
  const places = [...row.params.keys()];
  const inputs = places.filter((q) => INPUT_LENGTHS.includes(row.params[q]!.role));
  const outputs = places.filter((q) => row.params[q]!.role === "outLen");
  const result = row.result === "i32" && outputs.length > 0 ? row.params.length : -1;
  const body = new Body(context.table, type, result < 0 ? undefined : { count: 1, type: I32 });

  const charge = (load: () => void): void => {
    body.op("global.get", fuel);
    load();
    body.op("i64.extend_i32_u").op("i64.const", shift).op("i64.shr_u").op("i64.sub");
    body.op("global.set", fuel);
  };
  let charged = false;
  for (const q of inputs) {
    charge(() => body.op("local.get", q));
    charged = true;
  }
  if (charged) trapIfExhausted(body, fuel);
  body.op("global.get", phase).op("i32.const", 1).op("i32.add").op("global.set", phase);
  for (const q of places) body.op("local.get", q);
  body.call(index, type.params.length, type.results.length, row.price);
  body.op("global.get", phase).op("i32.const", 1).op("i32.sub").op("global.set", phase);
  if (result >= 0) {
    body.op("local.tee", result).op("i32.eqz").if();
    for (const q of outputs) charge(() => body.op("local.get", q).op("i32.load", 2, 0));
    trapIfExhausted(body, fuel);
    body.end().op("local.get", result);
  }
  return body.end().done();
}
