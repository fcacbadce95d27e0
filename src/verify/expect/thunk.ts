// The expected body of a thunk: the only function that may call an import. It takes the price of
// the bytes that go into the host before the call and of those that come out after it, and holds
// the phase at HOST meanwhile. Written from docs/containment.md, "Generated functions".
import { I32 } from "../../spec/binary.ts";
import type { HostFunction, ParamRole } from "../../spec/host-function-row.ts";
import { Body } from "./body.ts";
import { type Context, type Helper, hostSignature } from "./context.ts";
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

/** The helpers that thunks call. */
export interface Wall {
  readonly cross: Helper;
  readonly reach: Helper;
  readonly back: Helper;
}

/** The thunk of import number `index`, which is host function `row`. */
export function thunk(context: Context, row: HostFunction, index: number, wall: Wall): Expected {
  const { cross, reach, back } = wall;
  const type = hostSignature(row);
  const { inputs, outputs } = lengths(row);
  const result = row.params.length;
  const locals = outputs.length > 0 ? { count: 1, type: I32 } : undefined;
  const body = new Body(context.table, type, locals);
  for (const q of inputs) body.op("local.get", q).call(cross.index, 1, 0, cross.cost);
  body.call(reach.index, 0, 0, reach.cost);
  for (const q of row.params.keys()) body.op("local.get", q);
  body.call(index, type.params.length, type.results.length, row.price);
  body.call(back.index, 0, 0, back.cost);
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
