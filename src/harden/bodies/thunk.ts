// Import thunks: the only code that calls an import. A thunk pays for the bytes that cross, and marks the
// phase while the host runs (rules A4, A6, A36).
import { I32, I64 } from "../../spec/binary.ts";
import type { CostTable } from "../../spec/costs.ts";
import type { HostFunction, ParamRole } from "../../spec/host-function-row.ts";
import { Asm, type Body, NO_RESULT, ONE_I32, type Target } from "./asm.ts";

/** Parameters that tell how many bytes go in, or how many entries a vector has. */
const SIZES: ReadonlySet<ParamRole> = new Set(["inLen", "bufLen", "iovsLen"]);

/** Value type bytes of a host function's parameters. */
export function paramTypes(row: HostFunction): readonly number[] {
  return row.params.map((param) => (param.type === "i32" ? I32 : I64));
}

/** Result types of a host function. */
export function resultTypes(row: HostFunction): readonly number[] {
  return row.result === null ? NO_RESULT : ONE_I32;
}

/** Parameters by the part they play in what a call costs. */
function crossing(row: HostFunction): { ins: number[]; outs: number[] } {
  const indices = row.params.map((_, i) => i);
  return {
    ins: indices.filter((i) => SIZES.has(row.params[i]!.role)),
    outs: row.result === null ? [] : indices.filter((i) => row.params[i]!.role === "outLen"),
  };
}

/** Whether bytes cross the wall in this call, so that its thunk needs the helper `cross`. */
export function crosses(row: HostFunction): boolean {
  const { ins, outs } = crossing(row);
  return ins.length + outs.length > 0;
}

/** The helpers that thunks call. */
export interface Around {
  readonly cross: Target;
  readonly reach: Target;
  readonly back: Target;
}

/** The thunk of the import with index `index`. */
export function thunkBody(
  row: HostFunction,
  index: number,
  { cross, reach, back }: Around,
  costs: CostTable,
  firstGlobal: number,
): Body {
  const { ins, outs } = crossing(row);
  const result = row.params.length;
  const asm = new Asm(costs, firstGlobal, outs.length > 0 ? 1 : 0, I32);
  for (const i of ins) asm.local("get", i).call(cross);
  asm.call(reach).args(row.params.length).call({ index, params: row.params.length, cost: 0 });
  asm.call(back);
  if (outs.length > 0) {
    asm.local("tee", result).op("i32.eqz").if();
    for (const i of outs) {
      const nullable = row.params[i]!.nullable === true;
      if (nullable) asm.local("get", i).if();
      asm.local("get", i).memory("i32.load", 2, 0).call(cross);
      if (nullable) asm.op("end");
    }
    asm.op("end").local("get", result);
  }
  return asm.body(paramTypes(row), resultTypes(row), row.price);
}
