// Import thunks: the only code, beside `deny`, that calls an import. A thunk answers for a host that would refuse
// the pointers, asks the row's check, pays for the bytes that cross, and marks the phase while the host runs
// (rules A4, A6, A12, A13, A36; docs/guards.md, "Thunk").
import type { Policy } from "../../policy/policy.ts";
import { I32, I64 } from "../../spec/binary.ts";
import { CHECK, EFFECTIVE_CONTEXT } from "../../spec/guards.ts";
import type { HostFunction, ParamRole } from "../../spec/host-function-row.ts";
import { allowedInAllocator } from "../../spec/host-functions.ts";
import { PHASE } from "../../spec/layout.ts";
import { ERRNO, STATUS } from "../../spec/status.ts";
import { dispatchCalls } from "../../spec/telemetry.ts";
import { Asm, type Body, type Ground, NO_RESULT, ONE_I32, type Target } from "./asm.ts";
import { bytesOf, pieces } from "./guards/pieces.ts";

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

/** The import itself, whose price counts where it is called. */
export function importTarget(row: HostFunction, index: number): Target {
  const results = resultTypes(row).length;
  return { index, params: row.params.length, results, cost: 0, stack: 0 };
}

/** Indices of the parameters with one of these roles. */
export function paramsOf(row: HostFunction, roles: ReadonlySet<ParamRole>): number[] {
  return row.params.flatMap((param, i) => (roles.has(param.role) ? [i] : []));
}

/** Pointers and lengths of the bytes that the host reads. */
export function inPairs(row: HostFunction): readonly (readonly [ptr: number, len: number])[] {
  return paramsOf(row, new Set(["inLen"])).map((len) => [len - 1, len] as const);
}

/** What a thunk keeps of an allowed call, once it has succeeded. */
type After = "open" | "token" | "adopt" | null;

function afterOf({ name }: HostFunction, { limits }: Policy): After {
  if (name === EFFECTIVE_CONTEXT) return limits.fuel.request === null ? null : "adopt";
  if (name === "proxy_register_shared_queue" || name === "proxy_resolve_shared_queue")
    return "token";
  return name === "proxy_http_call" && limits.dispatch.outstanding !== null ? "open" : null;
}

/** The clusters to which calls are counted: the last of the module's metrics. */
function countedClusters({ name }: HostFunction, { telemetry, rules }: Policy): readonly string[] {
  return telemetry && dispatchCalls.has(name) ? (rules.dispatch.clusters ?? []) : [];
}

/** Whether a thunk keeps the token of a queue, and so calls `keepToken`. */
export function keepsToken(row: HostFunction, policy: Policy): boolean {
  return afterOf(row, policy) === "token";
}

/** The generated functions that a thunk calls. */
export interface ThunkCallees {
  /** Null where the host reads no bytes, or answers nothing. */
  readonly inside: Target | null;
  readonly check: Target | null;
  /** Null where the check denies nothing. */
  readonly stub: Target | null;
  readonly keepToken: Target | null;
  /** Null without slots. */
  readonly adopt: Target | null;
}

/** Takes the price of bytes that cross off the fuel; each value leaves an i32. */
function cross(asm: Asm, values: readonly (() => void)[], shift: number): void {
  asm.get("fuel");
  for (const value of values) {
    value();
    asm.op("i64.extend_i32_u").i64(shift).op("i64.shr_u", "i64.sub");
  }
  asm.set("fuel").checkFuel();
}

/** The thunk of the import with index `index`. */
export function thunkBody(
  row: HostFunction,
  index: number,
  callees: ThunkCallees,
  policy: Policy,
  ground: Ground,
): Body {
  const wasi = row.module === "wasi";
  const answers = row.result !== null;
  const count = row.params.length;
  const res = count;
  const outs = answers ? paramsOf(row, new Set(["outLen"])) : [];
  const after = answers ? afterOf(row, policy) : null;
  const clusters = answers ? countedClusters(row, policy) : [];
  const late = outs.length > 0 || after !== null || clusters.length > 0;
  const { inside, check, stub, keepToken, adopt } = callees;
  const { hostShift } = ground.costs;
  const asm = new Asm(ground, late || check !== null ? [[1, I32]] : []);
  const say = (status: number) => asm.i32(status).return(1).op("end");
  if (answers && !allowedInAllocator.has(row.name)) {
    asm.get("phase").i32(PHASE.alloc).op("i32.eq").if();
    say(wasi ? ERRNO.notcapable : STATUS.internalFailure);
  }
  if (inside !== null) {
    for (const [ptr, len] of inPairs(row)) {
      asm.local("get", ptr).local("get", len).call(inside).op("i32.eqz").if();
      say(wasi ? ERRNO.fault : STATUS.invalidMemoryAccess);
    }
  }
  if (check !== null) {
    asm.args(count).call(check).local("tee", res).i32(CHECK.pass).op("i32.ne").if();
    if (stub !== null) {
      asm.local("get", res).i32(CHECK.deny).op("i32.eq").if();
      asm.args(count).call(stub).return(1).op("end");
    }
    asm.local("get", res).return(1).op("end");
  }
  const ins = paramsOf(row, SIZES);
  if (ins.length > 0)
    cross(
      asm,
      ins.map((i) => () => asm.local("get", i)),
      hostShift,
    );
  asm.reach().args(count).call(importTarget(row, index)).back();
  if (late) {
    asm.local("tee", res).op("i32.eqz").if();
    for (const i of outs) {
      const nullable = row.params[i]!.nullable === true;
      if (nullable) asm.local("get", i).if();
      cross(asm, [() => asm.local("get", i).memory("i32.load", 2, 0)], hostShift);
      if (nullable) asm.op("end");
    }
    for (const [k, cluster] of clusters.entries()) {
      const metric = ground.metrics - clusters.length + k;
      const text = bytesOf(cluster, false);
      asm.local("get", 1).i32(text.length).op("i32.eq").if();
      pieces(asm, text).if().metricGlobal("get", "count", metric).i32(1).op("i32.add");
      asm.metricGlobal("set", "count", metric).op("end", "end");
    }
    if (after === "open") asm.get("open").i32(1).op("i32.add").set("open");
    if (after === "token") {
      const token = count - 1;
      asm.local("get", token).memory("i32.load", 0, 0).call(keepToken!);
    }
    if (after === "adopt") asm.local("get", 0).call(adopt!);
    asm.op("end").local("get", res);
  }
  return asm.body(paramTypes(row), resultTypes(row), row.price);
}
