// The metrics that a hardened module keeps of itself through its host (docs/telemetry.md): names, types, and what they
// say. harden writes them, verify expects them, the reference page lists them. No logic but look-up.
import { METRIC } from "./status.ts";

/** All names begin with this, the plugin's name and a dot. */
export const METRIC_PREFIX = "glovebox.";

/**
 * No plugin may define a metric whose name begins so, whatever follows: Prometheus has no dots, so
 * `glovebox_p_fuel` and `glovebox.p.fuel` are one metric there.
 */
export const METRIC_RESERVED = "glovebox";

export interface TelemetryMetric {
  readonly suffix: string;
  readonly type: (typeof METRIC)[keyof typeof METRIC];
  readonly what: string;
}

/** In the order of their ids; those of stubs and of clusters follow. */
export const telemetryMetrics = [
  { suffix: "fuel", type: METRIC.histogram, what: "fuel of one stream, over all its callbacks, when it is deleted" },
  { suffix: "memory_pages", type: METRIC.gauge, what: "pages of the instance that reported last" },
  { suffix: "callbacks", type: METRIC.counter, what: "callbacks of streams" },
  { suffix: "budget_exhausted", type: METRIC.counter, what: "traps for want of fuel or depth, and requests answered or let by instead" },
  { suffix: "memory_refused", type: METRIC.counter, what: "refused memory.grow" },
  { suffix: "unslotted", type: METRIC.counter, what: "streams that found no slot, and so had no budget of their own" },
] as const satisfies readonly TelemetryMetric[];

/** Place of a metric in the table. */
export function telemetryNumber(suffix: (typeof telemetryMetrics)[number]["suffix"]): number {
  return telemetryMetrics.findIndex((row) => row.suffix === suffix);
}

/** Suffix of the counter of a stub: this and the host function's name. */
export const DENIED_METRIC = "denied.";

/** Suffix of the counter of a cluster of the policy: this and its name. */
export const DISPATCH_METRIC = "dispatches.";

/** Calls that are counted by cluster. */
export const dispatchCalls: ReadonlySet<string> = new Set(["proxy_http_call", "proxy_grpc_call", "proxy_grpc_stream"]);

/** What telemetry imports, whether the plugin may call it or not. */
export const telemetryImports = ["proxy_define_metric", "proxy_increment_metric", "proxy_record_metric"] as const;

/** What answers for a plugin whose request is out of fuel. */
export const ANSWER_IMPORT = "proxy_send_local_response";

/** Bytes of a metric's name at the most: it is written into the window (WINDOW), in front of its id. */
export const METRIC_NAME_BYTES = 112;

/** Where in the window the host writes the id of a metric. */
export const METRIC_ID_OFFSET = 120;

/** Fuel kept back at entry beside RESERVE where telemetry is on: the failing template's report. */
export const TELEMETRY_RESERVE = 1024;

/** The status with which an exhausted request is answered. */
export const EXHAUSTED_STATUS = 503;
