// The expected body of a thunk: the only function that may call an import. It takes the price of
// the bytes that go into the host before the call and of those that come out after it, and holds
// the phase at HOST meanwhile. Written from docs/containment.md, "Generated functions".
import { I32 } from "../../spec/binary.ts";
import type { HostFunction, ParamRole } from "../../spec/host-function-row.ts";
import { Body } from "./body.ts";
import { type Context, globalIndex, type Helper, hostSignature } from "./context.ts";
import type { Expected } from "./expected.ts";

const INPUT_LENGTHS: readonly ParamRole[] = ["inLen", "bufLen", "iovsLen"];

/** Parameters that hold the length of an input, and of an output that is known after the call. */
function lengths(row: HostFunction): { inputs: number[]; outputs: number[] } {
  const places = [...row.params.keys()];
  const role = (q: number): ParamRole => row.params[q]!.role;
  const inputs = places.filter((q) => INPUT_LENGTHS.includes(role(q)));
  const outputs = places.filter((q) => row.result === "i32" && role(q) === "outLen");
  return { inputs, outputs };
}

/** Whether the thunk of this host function calls the helper `cross`. */
export function crosses(row: HostFunction): boolean {
  const { inputs, outputs } = lengths(row);
  return inputs.length + outputs.length > 0;
}

/** The thunk of import number `index`, which is host function `row`. */
export function thunk(context: Context, row: HostFunction, index: number, cross: Helper): Expected {
  const phase = globalIndex(context, "phase");
  const type = hostSignature(row);
  const { inputs, outputs } = lengths(row);
  const result = row.params.length;
  const locals = outputs.length > 0 ? { count: 1, type: I32 } : undefined;
  const body = new Body(context.table, type, locals);
  for (const q of inputs) body.op("local.get", q).call(cross.index, 1, 0, cross.cost);
  body.op("global.get", phase).op("i32.const", 1).op("i32.add").op("global.set", phase);
  for (const q of row.params.keys()) body.op("local.get", q);
  body.call(index, type.params.length, type.results.length, row.price);
  body.op("global.get", phase).op("i32.const", 1).op("i32.sub").op("global.set", phase);
  if (outputs.length > 0) {
    body.op("local.tee", result).op("i32.eqz").if();
    for (const q of outputs) {
      body.unlessNull(q, row.params[q]!.nullable === true, () => {
        body.op("local.get", q).op("i32.load", 2, 0).call(cross.index, 1, 0, cross.cost);
      });
    }
    body.end().op("local.get", result);
  }
  return body.end().done(`thunk of ${row.name}`);
}
