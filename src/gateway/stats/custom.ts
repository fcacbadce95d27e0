// Metrics that plugins define, as statistics: Envoy's name for them, and the number of values for a histogram. Those
// of one name are one statistic, the sum over the namespaces that have one each.
import type { Metric } from "../../host/metrics.ts";
import { type StatKey, stat } from "../../spec/stats.ts";
import { METRIC } from "../../spec/status.ts";
import type { Sample } from "./merge.ts";

const keys: Readonly<Record<number, StatKey>> = {
  [METRIC.counter]: "customCounter",
  [METRIC.gauge]: "customGauge",
  [METRIC.histogram]: "customCount",
};

export function customSamples(
  metrics: readonly Pick<Metric, "name" | "type" | "value">[],
): Sample[] {
  const sums = new Map<string, { name: string; type: number; value: bigint }>();
  for (const { name, type, value } of metrics) {
    const key = `${type} ${name}`;
    const sum = sums.get(key) ?? { name, type, value: 0n };
    sum.value += value;
    sums.set(key, sum);
  }
  return [...sums.values()].map(({ name, type, value }) => customSample(name, type, value));
}

function customSample(name: string, type: number, value: bigint): Sample {
  // Names are a plugin's own bytes: they may not make a line of their own.
  const safe = name.replace(/[^\x21-\x7e]/g, "_");
  return {
    row: stat(keys[type] ?? "customCounter"),
    labels: { name: safe },
    value: Number(value),
    histogram: null,
  };
}
