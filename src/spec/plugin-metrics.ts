// What can be watched of a plugin, and under which Prometheus name, by who counts it: a stock Envoy and the
// hardened module in it, or the lab. A row
// that nobody counts says why, so that no alert is ever written on a name that doesn't exist.
// Sources: /stats/prometheus of Envoy 1.36 and 1.40, measured; the lab's from the table of its statistics.
import { stat } from "./stats.ts";
import { METRIC_PREFIX, telemetryMetrics } from "./telemetry.ts";

export const metricSources = ["envoy", "lab"] as const;

export type MetricSource = (typeof metricSources)[number];

export type Watched = "traps" | "bypassed" | "memory" | "dispatches";

/** What a policy says that decides who counts what. */
export interface Counting {
  readonly failure: "closed" | "open" | "reload";
  /** The hardened module reports through the proxy's own metrics. */
  readonly telemetry: boolean;
}

/** Names of a plugin's series; `{plugin}` is its name as Prometheus spells it. */
export interface SeriesRow {
  readonly source: MetricSource;
  readonly what: Watched;
  /** Counters that are added up, or one gauge. */
  readonly names: readonly string[];
  /** The label that tells plugins apart; null where the name does, or nothing does. */
  readonly plugin: string | null;
  /** The label that tells clusters apart. */
  readonly cluster?: string;
  /** Under which policies it counts; absent: under every. */
  readonly when?: (counting: Counting) => boolean;
  /** Bytes of one unit of a gauge. */
  readonly unit?: number;
  /** The hardened module names it: by its policy, whatever the proxy calls the plugin. */
  readonly own?: true;
  /** How it tells: by itself, or as a part of what there was an hour before. */
  readonly as?: "part of an hour ago";
}

const PAGE = 65_536;
const tells = ({ telemetry }: Counting): boolean => telemetry;

/** A metric of the hardened module: Envoy prints what plugins define without a prefix of its own. */
const own = (suffix: (typeof telemetryMetrics)[number]["suffix"]): string =>
  `${prometheusName(METRIC_PREFIX)}{plugin}_${telemetryMetrics.find((row) => row.suffix === suffix)!.suffix}`;

export const series: readonly SeriesRow[] = [
  {
    source: "envoy",
    what: "traps",
    names: ["envoy_wasm_{plugin}_vm_reload_success", "envoy_wasm_{plugin}_vm_reload_failure", "envoy_wasm_{plugin}_vm_reload_backoff"],
    plugin: null,
    when: ({ failure }) => failure === "reload",
  },
  { source: "envoy", what: "traps", names: [own("budget_exhausted"), own("memory_refused")], plugin: null, when: tells, own: true },
  { source: "envoy", what: "bypassed", names: [own("callbacks")], plugin: null, when: tells, own: true, as: "part of an hour ago" },
  { source: "envoy", what: "memory", names: [own("memory_pages")], plugin: null, when: tells, own: true, unit: PAGE },
  { source: "envoy", what: "dispatches", names: ["envoy_cluster_internal_upstream_rq_completed"], plugin: null, cluster: "envoy_cluster_name" },
  { source: "lab", what: "traps", names: [stat("executionFailures").prometheus], plugin: "plugin" },
  { source: "lab", what: "bypassed", names: [stat("failOpen").prometheus], plugin: "plugin" },
  { source: "lab", what: "memory", names: [stat("memoryPages").prometheus], plugin: "vm_id", unit: PAGE },
  { source: "lab", what: "dispatches", names: [stat("dispatches").prometheus], plugin: "plugin", cluster: "cluster" },
];

/** Why a source has no series for something. */
export const uncounted: Readonly<Record<MetricSource, Readonly<Partial<Record<Watched, string>>>>> = {
  envoy: {
    traps: "a stock Envoy counts traps under `failure: reload` only, and the policy has no telemetry",
    bypassed: "a stock Envoy doesn't count requests that go by a plugin that failed open, and the policy has no telemetry",
    memory: "no release of Envoy up to 1.40 counts a plugin's memory, and the policy has no telemetry",
  },
  lab: {},
};

/** Of a connection manager: all answers by class, with `envoy_response_code_class`. */
export const ANSWERS = "envoy_http_downstream_rq_xx";

/** Of a connection manager: requests, and those that a composite filter gave to a delegate. The rest went by. */
export const REQUESTS = "envoy_http_downstream_rq_total";
export const DELEGATED = "envoy_http_composite_filter_delegation_success";

/** The rows of a source; none where it counts no such thing under that policy. */
export function seriesOf(source: MetricSource, what: Watched, counting: Counting): readonly SeriesRow[] {
  return series.filter((row) => row.source === source && row.what === what && (row.when === undefined || row.when(counting)));
}

/** A name as Prometheus spells it inside Envoy's own. */
export function prometheusName(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, "_");
}
