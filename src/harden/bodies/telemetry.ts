// Telemetry (rules A30 to A32): a hardened module tells its host's metrics of itself. Names are written once, through
// a borrowed window of page 0; after that only numbers pass (docs/telemetry.md).
import type { Policy } from "../../policy/policy.ts";
import { I32, I64 } from "../../spec/binary.ts";
import type { HostFunction } from "../../spec/host-function-row.ts";
import { PHASE, WINDOW } from "../../spec/layout.ts";
import {
  DENIED_METRIC,
  DISPATCH_METRIC,
  dispatchCalls,
  METRIC_ID_OFFSET,
  METRIC_PREFIX,
  telemetryMetrics,
  telemetryNumber,
} from "../../spec/telemetry.ts";
import { Asm, type Body, type Ground, NO_RESULT, ONE_I64, type Target, targetOf } from "./asm.ts";
import { restoreWindow, saveWindow } from "./helpers.ts";

export interface Metric {
  readonly name: string;
  readonly type: number;
}

/** Every metric of a module, in the order of their ids. */
export function metricsOf(
  policy: Policy,
  stubs: readonly HostFunction[],
  imports: readonly HostFunction[],
): readonly Metric[] {
  const dispatches = imports.some(({ name }) => dispatchCalls.has(name));
  const clusters = dispatches ? (policy.rules.dispatch.clusters ?? []) : [];
  const counter = (suffix: string) => ({ suffix, type: 0 });
  return [
    ...telemetryMetrics,
    ...stubs.map(({ name }) => counter(`${DENIED_METRIC}${name}`)),
    ...clusters.map((name) => counter(`${DISPATCH_METRIC}${name}`)),
  ].map(({ suffix, type }) => ({ name: `${METRIC_PREFIX}${policy.name}.${suffix}`, type }));
}

/** The imports that telemetry calls itself. */
export interface MetricImports {
  readonly define: Target;
  readonly increment: Target;
  readonly record: Target;
  /** Prices of the three, in that order. */
  readonly prices: readonly [define: number, increment: number, record: number];
}

export interface TelemetryTargets {
  readonly define: Target;
  readonly tell: Target;
  readonly report: Target;
  readonly exhausted: Target;
  readonly refuse: Target;
}

/** How many functions `telemetryFunctions` makes. */
export const TELEMETRY_FUNCTIONS = 5;

/** `define`: names every metric, once in an instance's life; `text` is where the first name lies in the segment. */
function defineBody(
  metrics: readonly Metric[],
  { define, prices }: MetricImports,
  segment: number,
  text: number,
  ground: Ground,
): Body {
  const asm = new Asm(ground, [[WINDOW.bytes / 8, I64]]);
  asm.get("told").if().return(0).op("end");
  asm.memoryOp("memory.size").op("i32.eqz").if().return(0).op("end");
  asm.i32(1).set("told");
  saveWindow(asm, 0);
  let offset = text;
  for (const [j, { name, type }] of metrics.entries()) {
    asm.i32(WINDOW.address).i32(offset).i32(name.length).init(segment);
    asm.reach().i32(type).i32(WINDOW.address).i32(name.length);
    asm
      .i32(WINDOW.address + METRIC_ID_OFFSET)
      .call(define)
      .back();
    asm.op("i32.eqz").if().i32(WINDOW.address).memory("i32.load", 2, METRIC_ID_OFFSET);
    asm.metricGlobal("set", "id", j).op("end");
    offset += name.length;
  }
  restoreWindow(asm, 0);
  return asm.body(NO_RESULT, NO_RESULT, metrics.length * prices[0]);
}

/** `tell`: adds n to a counter, unless there is nothing to add or no such metric. */
function tellBody({ increment, prices }: MetricImports, ground: Ground): Body {
  const asm = new Asm(ground);
  asm.local("get", 0).op("i32.eqz").if().return(0).op("end");
  asm.local("get", 1).op("i64.eqz").if().return(0).op("end");
  asm.reach().local("get", 0).local("get", 1).call(increment).op("drop").back();
  return asm.body([I32, I64], NO_RESULT, prices[1]);
}

/** `report`: what a stream leaves behind when it is deleted, and what has changed since the last one. */
function reportBody(
  metrics: readonly Metric[],
  tell: Target,
  { record, prices }: MetricImports,
  ground: Ground,
): Body {
  const asm = new Asm(ground);
  const id = (suffix: Parameters<typeof telemetryNumber>[0]) =>
    asm.metricGlobal("get", "id", telemetryNumber(suffix));
  asm.get("told").op("i32.eqz").if().return(0).op("end");
  asm.reach();
  id("fuel").local("get", 0).call(record).op("drop").back();
  id("callbacks").get("calls").call(tell).i64(0).set("calls");
  asm.memoryOp("memory.size").get("pages").op("i32.ne").if();
  asm.memoryOp("memory.size").set("pages").reach();
  id("memory_pages").memoryOp("memory.size").op("i64.extend_i32_u").call(record).op("drop");
  asm.back().op("end");
  const news = (
    suffix: "memory_refused" | "unslotted",
    now: "refused" | "unslotted",
    old: "refusedTold" | "unslottedTold",
  ) => {
    asm.get(now).get(old).op("i32.ne").if();
    id(suffix).get(now).get(old).op("i32.sub", "i64.extend_i32_u").call(tell);
    asm.get(now).set(old).op("end");
  };
  news("memory_refused", "refused", "refusedTold");
  news("unslotted", "unslotted", "unslottedTold");
  for (let j = telemetryMetrics.length; j < metrics.length; j++) {
    asm.metricGlobal("get", "count", j).if().metricGlobal("get", "id", j);
    asm.metricGlobal("get", "count", j).op("i64.extend_i32_u").call(tell);
    asm.i32(0).metricGlobal("set", "count", j).op("end");
  }
  return asm.body(ONE_I64, NO_RESULT, 2 * prices[2]);
}

/** `exhausted` and `refuse`: one more of a metric, where the plugin's own code runs and not an allocator's. */
function onceBody(
  suffix: "budget_exhausted" | "memory_refused",
  tell: Target,
  ground: Ground,
): Body {
  const asm = new Asm(ground).get("phase").i32(PHASE.guest).op("i32.eq").if();
  asm.metricGlobal("get", "id", telemetryNumber(suffix)).i64(1).call(tell).op("end");
  return asm.body(NO_RESULT, NO_RESULT);
}

/** The telemetry functions, from index `first` on. */
export function telemetryFunctions(
  metrics: readonly Metric[],
  imports: MetricImports,
  segment: number,
  text: number,
  first: number,
  ground: Ground,
) {
  const functions: { name: string; body: Body }[] = [];
  const add = (name: string, body: Body): Target => {
    functions.push({ name, body });
    return targetOf(first + functions.length - 1, body);
  };
  const define = add("define", defineBody(metrics, imports, segment, text, ground));
  const tell = add("tell", tellBody(imports, ground));
  const report = add("report", reportBody(metrics, tell, imports, ground));
  const exhausted = add("exhausted", onceBody("budget_exhausted", tell, ground));
  const refuse = add("refuse", onceBody("memory_refused", tell, ground));
  const targets: TelemetryTargets = { define, tell, report, exhausted, refuse };
  return { functions, targets };
}
