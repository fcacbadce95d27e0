// The statistics that the lab keeps, one row each: names with placeholders in braces, kind, unit and what a
// value means. The article's names come in both its spellings; Envoy's own as Envoy prints them. The registry,
// every output format and the reference derive from it. No logic but look-up.
// Sources: the article's telemetry section and its verification commands; Envoy 1.40's /stats.

export type StatKind = "counter" | "gauge" | "histogram";
export type StatOrigin = "article" | "envoy" | "glovebox";

export interface Stat {
  readonly key: string;
  /** All of them are printed, with the same value. `{vm_}` is the VM id with underscores. */
  readonly names: readonly string[];
  readonly kind: StatKind;
  /** How the values of several threads become one; counters are always added. */
  readonly merge?: "sum" | "max";
  /** Upper bounds of a histogram's buckets. */
  readonly bounds?: Bounds;
  readonly prometheus: string;
  /** Prometheus label of each placeholder. */
  readonly labels: Readonly<Record<string, string>>;
  readonly origin: StatOrigin;
  readonly doc: string;
}

export type Bounds = "milliseconds" | "microseconds" | "fuel";

/** Envoy's default buckets for milliseconds; ours for the others. */
export const bounds: Readonly<Record<Bounds, readonly number[]>> = {
  milliseconds: [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000],
  microseconds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000, 1_000_000],
  fuel: [100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000],
};

const PLUGIN = { plugin: "plugin" } as const;
const CLUSTER = { cluster: "envoy_cluster_name" } as const;
const HTTP = { prefix: "envoy_http_conn_manager_prefix" } as const;
const LISTENER = { listener: "envoy_listener_address" } as const;

// biome-ignore format: a table
export const stats = [
  // The article's.
  { key: "compileFailures", names: ["envoy.wasm.runtime.v8.engine.compile_failures"], kind: "counter", prometheus: "envoy_wasm_runtime_v8_engine_compile_failures", labels: {}, origin: "article", doc: "Modules that were refused before they ran: not containable, not valid, or not the pinned one" },
  { key: "compileSuccesses", names: ["envoy.wasm.runtime.v8.engine.compile_successes"], kind: "counter", prometheus: "envoy_wasm_runtime_v8_engine_compile_successes", labels: {}, origin: "article", doc: "Modules that were compiled" },
  { key: "internalErrors", names: ["envoy.wasm_runtime_internal_errors"], kind: "counter", prometheus: "envoy_wasm_runtime_internal_errors", labels: {}, origin: "article", doc: "Mistakes of the gateway itself while it served a request" },
  { key: "executionFailures", names: ["envoy.wasm_filter.{plugin}.execution_failures", "wasm_filter.{plugin_}.execution_failures"], kind: "counter", prometheus: "envoy_wasm_filter_execution_failures", labels: PLUGIN, origin: "article", doc: "Traps" },
  { key: "failOpen", names: ["envoy.wasm_filter.{plugin}.fail_open_count", "wasm_filter.{plugin_}.fail_open_count"], kind: "counter", prometheus: "envoy_wasm_filter_fail_open_count", labels: PLUGIN, origin: "article", doc: "Requests that went on without the plugin because it had failed" },
  { key: "failClose", names: ["envoy.wasm_filter.{plugin}.fail_close_count", "wasm_filter.{plugin_}.fail_close_count"], kind: "counter", prometheus: "envoy_wasm_filter_fail_close_count", labels: PLUGIN, origin: "article", doc: "Requests that were rejected because the plugin had failed" },
  { key: "dispatchCalls", names: ["envoy.wasm_vm_{vm}.dispatch_calls_total", "wasm_vm.{vm_}.dispatch_calls_total"], kind: "counter", prometheus: "envoy_wasm_vm_dispatch_calls_total", labels: { vm: "vm_id" }, origin: "article", doc: "Outbound calls that left" },
  { key: "memoryPages", names: ["envoy.wasm_vm_{vm}.memory_pages_current", "wasm_vm.{vm_}.memory_pages_current"], kind: "gauge", merge: "max", prometheus: "envoy_wasm_vm_memory_pages_current", labels: { vm: "vm_id" }, origin: "article", doc: "Pages of 64 KiB of the largest instance of any thread: what the cap is compared with" },

  // Envoy's own.
  { key: "wasmActive", names: ["wasm.envoy.wasm.runtime.v8.active", "wasm.wasm_vm_count"], kind: "gauge", merge: "sum", prometheus: "envoy_wasm_envoy_wasm_runtime_v8_active", labels: {}, origin: "envoy", doc: "VMs that are alive" },
  { key: "wasmCreated", names: ["wasm.envoy.wasm.runtime.v8.created"], kind: "counter", prometheus: "envoy_wasm_envoy_wasm_runtime_v8_created", labels: {}, origin: "envoy", doc: "VMs that were made" },
  { key: "vmReload", names: ["wasm.{plugin}.vm_reload"], kind: "counter", prometheus: "envoy_wasm_vm_reload", labels: PLUGIN, origin: "envoy", doc: "New instances after a failure" },
  { key: "vmReloadSuccess", names: ["wasm.{plugin}.vm_reload_success"], kind: "counter", prometheus: "envoy_wasm_vm_reload_success", labels: PLUGIN, origin: "envoy", doc: "New instances after a failure that came up" },
  { key: "vmReloadFailure", names: ["wasm.{plugin}.vm_reload_failure"], kind: "counter", prometheus: "envoy_wasm_vm_reload_failure", labels: PLUGIN, origin: "envoy", doc: "New instances after a failure that did not come up" },
  { key: "vmReloadBackoff", names: ["wasm.{plugin}.vm_reload_backoff"], kind: "counter", prometheus: "envoy_wasm_vm_reload_backoff", labels: PLUGIN, origin: "envoy", doc: "Requests that came before the back-off between two new instances was over" },
  { key: "remoteCacheHits", names: ["wasm.remote_load_cache_hits"], kind: "counter", prometheus: "envoy_wasm_remote_load_cache_hits", labels: {}, origin: "envoy", doc: "Remote modules that were in the cache by their digest" },
  { key: "remoteCacheNegativeHits", names: ["wasm.remote_load_cache_negative_hits"], kind: "counter", prometheus: "envoy_wasm_remote_load_cache_negative_hits", labels: {}, origin: "envoy", doc: "Remote modules that were not asked for, because they could not be fetched less than ten seconds before" },
  { key: "remoteCacheEntries", names: ["wasm.remote_load_cache_entries"], kind: "gauge", merge: "sum", prometheus: "envoy_wasm_remote_load_cache_entries", labels: {}, origin: "envoy", doc: "Remote modules that the process has met, by digest and address, those that could not be fetched among them" },
  { key: "remoteCacheMisses", names: ["wasm.remote_load_cache_misses"], kind: "counter", prometheus: "envoy_wasm_remote_load_cache_misses", labels: {}, origin: "envoy", doc: "Remote modules that had to be fetched" },
  { key: "remoteFetchSuccesses", names: ["wasm.remote_load_fetch_successes"], kind: "counter", prometheus: "envoy_wasm_remote_load_fetch_successes", labels: {}, origin: "envoy", doc: "Remote modules that were fetched and are the pinned ones" },
  { key: "remoteFetchFailures", names: ["wasm.remote_load_fetch_failures"], kind: "counter", prometheus: "envoy_wasm_remote_load_fetch_failures", labels: {}, origin: "envoy", doc: "Remote modules that could not be fetched, or are of another digest" },
  { key: "listenerCxTotal", names: ["listener.{listener}.downstream_cx_total"], kind: "counter", prometheus: "envoy_listener_downstream_cx_total", labels: LISTENER, origin: "envoy", doc: "Connections that were accepted" },
  { key: "listenerCxActive", names: ["listener.{listener}.downstream_cx_active"], kind: "gauge", merge: "sum", prometheus: "envoy_listener_downstream_cx_active", labels: LISTENER, origin: "envoy", doc: "Connections that are open" },
  { key: "rqTotal", names: ["http.{prefix}.downstream_rq_total"], kind: "counter", prometheus: "envoy_http_downstream_rq_total", labels: HTTP, origin: "envoy", doc: "Requests" },
  { key: "rqActive", names: ["http.{prefix}.downstream_rq_active"], kind: "gauge", merge: "sum", prometheus: "envoy_http_downstream_rq_active", labels: HTTP, origin: "envoy", doc: "Requests in flight" },
  { key: "rq1xx", names: ["http.{prefix}.downstream_rq_1xx"], kind: "counter", prometheus: "envoy_http_downstream_rq_1xx", labels: HTTP, origin: "envoy", doc: "Responses of class 1xx" },
  { key: "rq2xx", names: ["http.{prefix}.downstream_rq_2xx"], kind: "counter", prometheus: "envoy_http_downstream_rq_2xx", labels: HTTP, origin: "envoy", doc: "Responses of class 2xx" },
  { key: "rq3xx", names: ["http.{prefix}.downstream_rq_3xx"], kind: "counter", prometheus: "envoy_http_downstream_rq_3xx", labels: HTTP, origin: "envoy", doc: "Responses of class 3xx" },
  { key: "rq4xx", names: ["http.{prefix}.downstream_rq_4xx"], kind: "counter", prometheus: "envoy_http_downstream_rq_4xx", labels: HTTP, origin: "envoy", doc: "Responses of class 4xx" },
  { key: "rq5xx", names: ["http.{prefix}.downstream_rq_5xx"], kind: "counter", prometheus: "envoy_http_downstream_rq_5xx", labels: HTTP, origin: "envoy", doc: "Responses of class 5xx" },
  { key: "rqRxReset", names: ["http.{prefix}.downstream_rq_rx_reset"], kind: "counter", prometheus: "envoy_http_downstream_rq_rx_reset", labels: HTTP, origin: "envoy", doc: "Requests that the client gave up" },
  { key: "rqTime", names: ["http.{prefix}.downstream_rq_time"], kind: "histogram", bounds: "milliseconds", prometheus: "envoy_http_downstream_rq_time", labels: HTTP, origin: "envoy", doc: "Milliseconds from the first byte of a request to the last of its response" },
  { key: "noRoute", names: ["http.{prefix}.no_route"], kind: "counter", prometheus: "envoy_http_no_route", labels: HTTP, origin: "envoy", doc: "Requests that no route matched" },

  { key: "cluster", names: ["cluster.{cluster}.{counter}"], kind: "counter", prometheus: "envoy_cluster_{counter}", labels: CLUSTER, origin: "envoy", doc: "Envoy's counters of a cluster" },
  { key: "clusterActive", names: ["cluster.{cluster}.{counter}"], kind: "gauge", merge: "sum", prometheus: "envoy_cluster_{counter}", labels: CLUSTER, origin: "envoy", doc: "Envoy's gauges of a cluster" },
  { key: "codec", names: ["http.{prefix}.{counter}"], kind: "counter", prometheus: "envoy_http_{counter}", labels: HTTP, origin: "envoy", doc: "Envoy's counters of client connections" },
  { key: "tcp", names: ["tcp.{prefix}.{counter}"], kind: "counter", prometheus: "envoy_tcp_{counter}", labels: { prefix: "envoy_tcp_prefix" }, origin: "envoy", doc: "Envoy's counters of a TCP proxy" },

  // What hardening and the host know.
  { key: "requests", names: ["glovebox.plugin.{plugin}.requests"], kind: "counter", prometheus: "glovebox_plugin_requests", labels: PLUGIN, origin: "glovebox", doc: "Requests that met the plugin" },
  { key: "traps", names: ["glovebox.plugin.{plugin}.traps.{reason}"], kind: "counter", prometheus: "glovebox_plugin_traps", labels: { ...PLUGIN, reason: "reason" }, origin: "glovebox", doc: "Traps by reason" },
  { key: "trapsAtEnd", names: ["glovebox.plugin.{plugin}.traps_at_end"], kind: "counter", prometheus: "glovebox_plugin_traps_at_end", labels: PLUGIN, origin: "glovebox", doc: "Traps of a plugin that was told of its own end, after a reload or a move to a cell; no failures of requests, so not among the traps" },
  { key: "denied", names: ["glovebox.plugin.{plugin}.denied.{function}"], kind: "counter", prometheus: "glovebox_plugin_denied", labels: { ...PLUGIN, function: "function" }, origin: "glovebox", doc: "Denied calls by host function; where the module itself denies without a word, the instances that have done so" },
  { key: "dispatches", names: ["glovebox.plugin.{plugin}.dispatches.{cluster}"], kind: "counter", prometheus: "glovebox_plugin_dispatches", labels: { ...PLUGIN, cluster: "cluster" }, origin: "glovebox", doc: "Outbound calls by cluster" },
  { key: "calls", names: ["glovebox.plugin.{plugin}.callbacks.{callback}"], kind: "counter", prometheus: "glovebox_plugin_callbacks", labels: { ...PLUGIN, callback: "callback" }, origin: "glovebox", doc: "Calls of a callback" },
  { key: "fuelTotal", names: ["glovebox.plugin.{plugin}.fuel_total.{callback}"], kind: "counter", prometheus: "glovebox_plugin_fuel_total", labels: { ...PLUGIN, callback: "callback" }, origin: "glovebox", doc: "Fuel that all calls of a callback used" },
  { key: "fuelCallback", names: ["glovebox.plugin.{plugin}.fuel.{phase}"], kind: "histogram", bounds: "fuel", prometheus: "glovebox_plugin_fuel", labels: { ...PLUGIN, phase: "phase" }, origin: "glovebox", doc: "Fuel of one step of a request: headers, body or trailers, of request or response" },
  { key: "fuelRequest", names: ["glovebox.plugin.{plugin}.fuel_request"], kind: "histogram", bounds: "fuel", prometheus: "glovebox_plugin_fuel_request", labels: PLUGIN, origin: "glovebox", doc: "Fuel that one request used in all" },
  { key: "latency", names: ["glovebox.plugin.{plugin}.time_us.{phase}"], kind: "histogram", bounds: "microseconds", prometheus: "glovebox_plugin_time_us", labels: { ...PLUGIN, phase: "phase" }, origin: "glovebox", doc: "Microseconds that one step of a request took" },
  { key: "overBudget", names: ["glovebox.plugin.{plugin}.request_fuel_exceeded"], kind: "counter", prometheus: "glovebox_plugin_request_fuel_exceeded", labels: PLUGIN, origin: "glovebox", doc: "Requests whose callbacks used more than the budget of a request" },
  { key: "unslotted", names: ["glovebox.plugin.{plugin}.streams_without_account"], kind: "counter", prometheus: "glovebox_plugin_streams_without_account", labels: PLUGIN, origin: "glovebox", doc: "Streams beyond limits.streams of the policy: their callbacks have budgets, they as a whole have none" },
  { key: "logDropped", names: ["glovebox.plugin.{plugin}.log_lines_dropped"], kind: "counter", prometheus: "glovebox_plugin_log_lines_dropped", labels: PLUGIN, origin: "glovebox", doc: "Log lines beyond what one plugin may write" },
  { key: "overload", names: ["glovebox.cell.{plugin}.overload"], kind: "counter", prometheus: "glovebox_cell_overload", labels: PLUGIN, origin: "glovebox", doc: "Requests that a cell answered with 503 because too many waited" },
  { key: "cellWaited", names: ["glovebox.cell.{plugin}.waited"], kind: "counter", prometheus: "glovebox_cell_waited", labels: PLUGIN, origin: "glovebox", doc: "Requests that a cell kept waiting because its share of the processor was used up" },
  { key: "customCounter", names: ["wasmcustom.{name}"], kind: "counter", prometheus: "{name}", labels: {}, origin: "envoy", doc: "A counter that a plugin defines" },
  { key: "customGauge", names: ["wasmcustom.{name}"], kind: "gauge", prometheus: "{name}", labels: {}, origin: "envoy", doc: "A gauge that a plugin defines" },
  { key: "customCount", names: ["wasmcustom.{name}"], kind: "counter", prometheus: "{name}_count", labels: {}, origin: "envoy", doc: "How many values a plugin has recorded" },
] as const satisfies readonly Stat[];

export type StatKey = (typeof stats)[number]["key"];

const byKey: ReadonlyMap<string, Stat> = new Map(stats.map((row) => [row.key, row]));

/** The row of a key. */
export function stat(key: StatKey): Stat {
  return byKey.get(key)!;
}
