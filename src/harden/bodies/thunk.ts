// Import thunks: the only code that calls an import. A thunk pays for the bytes that cross, and marks the
// phase while the host runs (rules A4, A6, A36).
import { I32, I64 } from "../../spec/binary.ts";
import type { CostTable } from "../../spec/costs.ts";
import type { HostFunction, ParamRole } from "../../spec/host-function-row.ts";
import { Asm, type Body, NO_RESULT, ONE_I32 } from "./asm.ts";

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

/** The thunk of the import with index `index`. */
export function thunkBody(row: HostFunction, index: number, costs: CostTable, firstGlobal: number): Body {
  const indices = row.params.map((_, i) => i);
  const ins = indices.filter((i) => SIZES.has(row.params[i]!.role));
  const outs = row.result === null ? [] : indices.filter((i) => row.params[i]!.role === "outLen");
  const result = row.params.length;
  const asm = new Asm(costs, firstGlobal, outs.length > 0 ? 1 : 0, I32);
  const shift = () => asm.op("i64.extend_i32_u").i64(costs.hostShift).op("i64.shr_u", "i64.sub").set("fuel");
  for (const i of ins) {
    asm.get("fuel").local("get", i);
    shift();
  }
  if (ins.length > 0) asm.checkFuel();
  asm.get("phase").i32(1).op("i32.add").set("phase");
  asm.args(row.params.length).call({ index, params: row.params.length, cost: 0 });
  asm.get("phase").i32(1).op("i32.sub").set("phase");
  if (outs.length > 0) {
    asm.local("tee", result).op("i32.eqz").if();
    for (const i of outs) {
      asm.get("fuel").local("get", i).memory("i32.load", 2, 0);
      shift();
    }
    asm.checkFuel().op("end").local("get", result);
  }
  return asm.body(paramTypes(row), resultTypes(row), row.price);
}
