// The metrics that a module keeps of itself, by name and number (A30, A31), and the imports that
// generated functions call by themselves. From docs/telemetry.md.
import type { Policy } from "../../policy/policy.ts";
import type { HostFunction } from "../../spec/host-function-row.ts";
import { injectedGlobals, slotGlobals } from "../../spec/layout.ts";
import { METRIC } from "../../spec/status.ts";
import {
  ANSWER_IMPORT,
  DENIED_METRIC,
  DISPATCH_METRIC,
  dispatchCalls,
  METRIC_NAME_BYTES,
  METRIC_PREFIX,
  telemetryImports,
  telemetryMetrics,
} from "../../spec/telemetry.ts";
import type { Context } from "./context.ts";
import { slotCount } from "./guards/slot-globals.ts";
import { denialMessage } from "./stub.ts";

export interface Metric {
  readonly name: string;
  readonly type: number;
}

/** Imports that generated functions call, whether the policy allows them to the guest or not. */
export function ownImports({ telemetry, onExhaustion }: Policy): readonly string[] {
  return [
    ...(telemetry ? telemetryImports : []),
    ...(onExhaustion === "deny" ? [ANSWER_IMPORT] : []),
  ];
}

/** Clusters that have a metric. */
export function countedClusters(
  policy: Policy,
  imports: readonly HostFunction[],
): readonly string[] {
  const calls = imports.some(({ name }) => dispatchCalls.has(name));
  return policy.telemetry && calls ? (policy.rules.dispatch.clusters ?? []) : [];
}

/** How many metrics a module with so many stubs has. */
export function metricCount(
  policy: Policy,
  stubs: number,
  imports: readonly HostFunction[],
): number {
  if (!policy.telemetry) return 0;
  return telemetryMetrics.length + stubs + countedClusters(policy, imports).length;
}

/** The metrics in the order of their ids. */
export function metricsOf(
  policy: Policy,
  stubs: readonly HostFunction[],
  imports: readonly HostFunction[],
): readonly Metric[] {
  if (!policy.telemetry) return [];
  const own = `${METRIC_PREFIX}${policy.name}.`;
  const counts = [
    ...stubs.map(({ name }) => DENIED_METRIC + name),
    ...countedClusters(policy, imports).map((cluster) => DISPATCH_METRIC + cluster),
  ];
  return [
    ...telemetryMetrics.map(({ suffix, type }) => ({ name: own + suffix, type })),
    ...counts.map((name) => ({ name: own + name, type: METRIC.counter })),
  ];
}

/** Whether a name fits into the window, and is text. */
export function isMetricName(name: string): boolean {
  return name.length <= METRIC_NAME_BYTES && /^[\x20-\x7e]*$/.test(name);
}

/** Index of the global with the id of metric j. */
export function idOf({ policy, globals }: Context, j: number): number {
  return globals + injectedGlobals.length + slotCount(policy) * slotGlobals.length + j;
}

/** Index of the global that counts metric j, which is one of a stub or a cluster. */
export function countOf(context: Context, j: number): number {
  return idOf(context, context.metrics) + j - telemetryMetrics.length;
}

/** One more of metric j. */
export function countUp(context: Context, j: number): string {
  const index = countOf(context, j);
  return `global.get ${index} i32.const 1 i32.add global.set ${index}`;
}

/** What the passive segment holds: the lines of denials, where they are logged, then names. */
export function textOf(
  policy: Policy,
  stubs: readonly HostFunction[],
  imports: readonly HostFunction[],
  logs: boolean,
) {
  const names = metricsOf(policy, stubs, imports);
  const lines = logs ? stubs.map(denialMessage).join("") : "";
  const all = new TextEncoder().encode(lines + names.map(({ name }) => name).join(""));
  return { names, text: lines.length, all, fits: names.every(({ name }) => isMetricName(name)) };
}
