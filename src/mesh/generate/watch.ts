// What is recorded of plugins, the same names whoever counts: `glovebox:…` series by plugin, which alerts and
// dashboards stand on. A series that nobody counts is left out, and said.
import { type Finding, finding } from "../../errors/failure.ts";
import type { Policy } from "../../policy/policy.ts";
import {
  ANSWERS,
  type MetricSource,
  prometheusName,
  REQUESTS,
  type SeriesRow,
  seriesOf,
  uncounted,
  type Watched,
} from "../../spec/plugin-metrics.ts";

export interface WatchedPlugin {
  readonly policy: Policy;
  /** The policy's dispatch.clusters; null where it names none. */
  readonly dispatch: readonly string[] | null;
  /** Whether the policy allows outbound calls at all. */
  readonly calls: boolean;
}

export interface WatchRequest {
  readonly plugins: readonly WatchedPlugin[];
  readonly source: MetricSource;
  /** What stands before a plugin's name in the proxy, such as a namespace and a dot. */
  readonly prefix: string;
  /** Clusters of the proxy's own that call through it internally: dispatches there are nobody's. */
  readonly expected: readonly string[];
  readonly runbooks: string;
  readonly percent: number | null;
}

export interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly what: Watched;
}

export const recorded = {
  traps: "glovebox:plugin_traps:rate5m",
  bypassed: "glovebox:plugin_bypassed:rate5m",
  memory: "glovebox:plugin_memory:ratio",
  dispatches: "glovebox:plugin_unexpected_dispatches:rate5m",
} as const satisfies Readonly<Record<Watched, string>>;

/** Share of the answers of a connection manager that are errors of the server. */
export const errorsRecord = "glovebox:http_5xx:ratio5m";

/** A PromQL string. */
export const quoted = (text: string): string => JSON.stringify(text);

/** Text as an RE2 expression that matches nothing else. */
export const literal = (text: string): string => text.replace(/[^A-Za-z0-9_-]/g, "\\$&");

function selector(row: SeriesRow, name: string, more: readonly string[] = []): string {
  const own =
    row.plugin === null
      ? []
      : row.plugin === "vm_id"
        ? [`vm_id=~${quoted(`${literal(name)}(-.+)?`)}`]
        : [`${row.plugin}=${quoted(name)}`];
  const all = [...own, ...more];
  return all.length === 0 ? "" : `{${all.join(", ")}}`;
}

const rates = (row: SeriesRow, name: string, by: string, more: readonly string[] = []): string =>
  row.names
    .map((one) => {
      const metric = one.replaceAll("{plugin}", prometheusName(name));
      return `sum${by}(rate(${metric}${selector(row, name, more)}[5m]))`;
    })
    .join(" + ");

/** How much less often the plugin is called per request than at its best an hour before. */
function partOf(row: SeriesRow, name: string): string {
  const calls = rates(row, name, "");
  const per = `((${calls}) / scalar(sum(rate(${REQUESTS}{envoy_http_conn_manager_prefix!="admin"}[5m]))))`;
  return `1 - ${per} / max_over_time(${per}[1h:5m])`;
}

function one(row: SeriesRow, plugin: WatchedPlugin, request: WatchRequest): string {
  const name = row.own === true ? plugin.policy.name : `${request.prefix}${plugin.policy.name}`;
  if (row.as === "part of an hour ago") return partOf(row, name);
  if (row.what === "memory") {
    const cap = (plugin.policy.limits.memoryPages * 65_536) / (row.unit ?? 1);
    const metric = row.names[0]!.replaceAll("{plugin}", prometheusName(name));
    return `max(${metric}${selector(row, name)}) / ${cap}`;
  }
  if (row.what !== "dispatches") return rates(row, name, "");
  const expected = [...(plugin.calls ? (plugin.dispatch ?? []) : []), ...request.expected];
  const label = row.cluster!;
  const others =
    expected.length === 0 ? [] : [`${label}!~${quoted(expected.map(literal).join("|"))}`];
  return `label_replace(${rates(row, name, ` by (${label}) `, others)}, "cluster", "$1", ${quoted(label)}, "(.*)")`;
}

/** Series that one source may lack are worth nothing then; the others still count. */
function expression(
  rows: readonly SeriesRow[],
  plugin: WatchedPlugin,
  request: WatchRequest,
): string {
  if (rows.length === 1) return one(rows[0]!, plugin, request);
  return rows.map((row) => `((${one(row, plugin, request)}) or vector(0))`).join(" + ");
}

/** Dispatches that nobody attributes to one plugin are watched once, for all plugins of the proxy. */
function together(request: WatchRequest): WatchedPlugin {
  const [first] = request.plugins;
  const all = request.plugins.filter((one) => one.calls).flatMap((one) => one.dispatch ?? []);
  return { policy: first!.policy, dispatch: [...new Set(all)].sort(), calls: true };
}

/** The recordings of one plugin, and why some are missing. */
function ofPlugin(
  plugin: WatchedPlugin,
  request: WatchRequest,
): { readonly rules: readonly Recording[]; readonly findings: readonly Finding[] } {
  const rules: Recording[] = [];
  const findings: Finding[] = [];
  const { name } = plugin.policy;
  for (const what of Object.keys(recorded) as readonly Watched[]) {
    const rows = seriesOf(request.source, what, plugin.policy);
    if (rows.length === 0) {
      const why = uncounted[request.source][what] ?? "nobody counts it";
      findings.push(finding("generate-no-statistic", "warning", { plugin: name, what, why }));
      continue;
    }
    if (what === "dispatches" && rows[0]!.plugin === null) continue;
    rules.push({
      record: recorded[what],
      expr: expression(rows, plugin, request),
      labels: { plugin: name },
      what,
    });
  }
  return { rules, findings };
}

/** All recordings, in the plugins' order, and what could not be recorded. */
export function recordings(request: WatchRequest): {
  readonly rules: readonly Recording[];
  readonly findings: readonly Finding[];
} {
  const each = request.plugins.map((one) => ofPlugin(one, request));
  const shared = seriesOf(request.source, "dispatches", request.plugins[0]!.policy);
  const proxy: Recording[] =
    shared.length === 0 || shared[0]!.plugin !== null
      ? []
      : [
          {
            record: recorded.dispatches,
            expr: expression(shared, together(request), request),
            labels: { plugin: "any" },
            what: "dispatches",
          },
        ];
  return {
    rules: [...each.flatMap((one) => one.rules), ...proxy],
    findings: each.flatMap((one) => one.findings),
  };
}

/** The share of 5xx, for plugins whose traps are counted nowhere else. */
export const errorsExpression = `sum by (envoy_http_conn_manager_prefix) (rate(${ANSWERS}{envoy_response_code_class="5"}[5m])) / sum by (envoy_http_conn_manager_prefix) (rate(${ANSWERS}[5m]))`;
