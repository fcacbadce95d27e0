// Metrics that plugins define, as statistics: Envoy's name for them, and the number of values for a histogram.

import { type StatKey, stat } from "../../spec/stats.ts";
import { METRIC } from "../../spec/status.ts";
import type { Sample } from "./merge.ts";

const keys: Readonly<Record<number, StatKey>> = {
  [METRIC.counter]: "customCounter",
  [METRIC.gauge]: "customGauge",
  [METRIC.histogram]: "customCount",
};

export function customSample(name: string, type: number, value: bigint): Sample {
  // Names are a plugin's own bytes: they may not make a line of their own.
  const safe = name.replace(/[^\x21-\x7e]/g, "_");
  return {
    row: stat(keys[type] ?? "customCounter"),
    labels: { name: safe },
    value: Number(value),
    histogram: null,
  };
}
