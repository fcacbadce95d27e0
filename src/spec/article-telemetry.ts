// Each statistic of the article, and what in a stock Envoy says the same of a hardened plugin: metrics that its module
// keeps of itself, a statistic of Envoy's own, or nothing, with the reason. No logic.
// Sources: the article's telemetry section; /stats of Envoy 1.40, measured (docs/trial-envoy.md).
import type { StatKey } from "./stats.ts";
import { DISPATCH_METRIC, type telemetryMetrics } from "./telemetry.ts";

export interface ArticleTelemetry {
  /** Row of the table of statistics. */
  readonly key: StatKey;
  /** Ends of the module's own names, added up. */
  readonly own: readonly ((typeof telemetryMetrics)[number]["suffix"] | `${typeof DISPATCH_METRIC}{cluster}`)[];
  readonly note: string;
}

// biome-ignore format: a table
export const articleTelemetry: readonly ArticleTelemetry[] = [
  { key: "compileFailures", own: [], note: "Envoy counts none: a module that it can't compile keeps its listener from coming up, or answers 503 (`failed to load` in the log); `glovebox verify` says it before" },
  { key: "compileSuccesses", own: [], note: "Envoy's `wasm.envoy.wasm.runtime.v8.created` counts VMs that were made" },
  { key: "internalErrors", own: [], note: "of the lab alone" },
  { key: "executionFailures", own: ["budget_exhausted", "memory_refused"], note: "traps of the module's own limits, and requests that were answered or let by instead (onExhaustion); not other traps, which a dead VM can't count. With `failure: reload` Envoy's `wasm.{plugin}.vm_reload_success`, `_failure` and `_backoff` count what every trap led to" },
  { key: "failOpen", own: [], note: "Envoy counts none: requests go by silently. With onExhaustion `pass`, `budget_exhausted` counts each that went on; the article's alert is written on `callbacks`, which stands still when requests go by" },
  { key: "failClose", own: [], note: "Envoy counts none of its own: `http.{prefix}.downstream_rq_5xx` has them among others. With onExhaustion `deny`, `budget_exhausted` counts each that was answered" },
  { key: "dispatchCalls", own: [`${DISPATCH_METRIC}{cluster}`], note: "one counter for each cluster of dispatch.clusters; Envoy's `cluster.{cluster}.internal.upstream_rq_completed` counts those of all plugins" },
  { key: "memoryPages", own: ["memory_pages"], note: "pages of 64 KiB, as in the article's check" },
];
