// `generate prometheus`: recording rules that give a plugin's series one name each, and the article's four alerts on
// them: it traps, requests go by it, its memory nears the cap, it calls where it shouldn't; and what ends a canary.
import type { Finding } from "../../errors/failure.ts";
import { type Counting, prometheusName, seriesOf } from "../../spec/plugin-metrics.ts";
import {
  at,
  type Entry,
  type MapNode,
  map,
  type Node,
  tree,
  under,
} from "../envoy/generate/yaml.ts";
import { CANARY, headOf, object, type Written } from "./common.ts";
import {
  errorsExpression,
  errorsRecord,
  quoted,
  recorded,
  recordings,
  type WatchedPlugin,
  type WatchRequest,
} from "./watch.ts";

export const prometheusForms = ["rules", "operator"] as const;

export type PrometheusForm = (typeof prometheusForms)[number];

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly lasts: string;
  readonly severity: "critical" | "warning";
  readonly summary: string;
  readonly description: string;
  readonly why: string;
}

const plugins = (some: readonly WatchedPlugin[]): string =>
  quoted(some.map(({ policy }) => policy.name.replace(/[^A-Za-z0-9_-]/g, "\\$&")).join("|"));

function trapAlerts(request: WatchRequest, counted: readonly WatchedPlugin[]): readonly Alert[] {
  const named: readonly Alert[] =
    counted.length === 0
      ? []
      : [
          {
            name: "GloveboxPluginTraps",
            expr: `${recorded.traps}{plugin=~${plugins(counted)}} > 0`,
            lasts: "5m",
            severity: "critical",
            summary: "Plugin {{ $labels.plugin }} traps",
            description:
              "It has trapped again and again for five minutes: a crash, or a limit that it meets.",
            why: "Sustained: one trap is a bug, traps for five minutes are an outage or an attack.",
          },
        ];
  // Telemetry counts limits that were met, not a plugin's own crashes: those show as 5xx, but under reload.
  const crashes = ({ policy }: WatchedPlugin) =>
    request.source === "lab" || policy.failure === "reload";
  if (counted.length === request.plugins.length && counted.every(crashes)) return named;
  return [
    ...named,
    {
      name: "GloveboxProxyErrors",
      expr: `${errorsRecord} > 0.05`,
      lasts: "5m",
      severity: "critical",
      summary: "One in twenty answers of {{ $labels.envoy_http_conn_manager_prefix }} is a 5xx",
      description:
        "A plugin that failed closed answers 503 to everything on its worker; look for wasm_fail_stream in the access log's response code details.",
      why: "Instead of traps: this proxy counts none for some of the plugins. JUDGE: 5xx have other causes.",
    },
  ];
}

function bypassAlert(request: WatchRequest): Alert {
  const decides = request.plugins.some(({ policy }) => policy.security);
  if (request.source === "envoy") {
    return {
      name: "GloveboxPluginBypassed",
      expr: `${recorded.bypassed} > 0.1`,
      lasts: "5m",
      severity: decides ? "critical" : "warning",
      summary:
        "{{ $value | humanizePercentage }} of the requests go by plugin {{ $labels.plugin }}",
      description:
        "It is called less often per request than an hour ago: on some workers it has failed open, or it was taken out of the configuration.",
      why: "Envoy counts no requests that go by; the hardened module counts those that it meets. JUDGE: with more than ten workers the first one that fails stays below a tenth; other shapes of traffic change the part too.",
    };
  }
  return {
    name: "GloveboxPluginBypassed",
    expr: `${recorded.bypassed} > 0`,
    lasts: "0m",
    severity: decides ? "critical" : "warning",
    summary: "Requests go by plugin {{ $labels.plugin }} unchecked",
    description:
      "It has failed open. Where it decides about requests nobody decides now: set failure to closed or reload.",
    why: "At once: for a plugin that decides, the first request is one too many.",
  };
}

const memory: Alert = {
  name: "GloveboxPluginMemoryHigh",
  expr: `${recorded.memory} > 0.9`,
  lasts: "10m",
  severity: "warning",
  summary: "Plugin {{ $labels.plugin }} is at {{ $value | humanizePercentage }} of its memory",
  description:
    "It will trap, or be refused memory, when it reaches the cap of its policy: a leak, or a cap too low for its traffic.",
  why: "Memory of a module never shrinks, so what stays near the cap has got there to stay.",
};

function dispatchAlert(request: WatchRequest): Alert {
  const own = request.source === "envoy";
  return {
    name: "GloveboxPluginUnexpectedDispatch",
    expr: `${recorded.dispatches} > 0`,
    lasts: "0m",
    severity: "critical",
    summary: own
      ? "The proxy itself calls {{ $labels.cluster }}, which no plugin may"
      : "Plugin {{ $labels.plugin }} calls {{ $labels.cluster }}, which it may not",
    description:
      "An outbound call to a cluster that no policy names: exfiltration, or a policy that lags behind.",
    why: own
      ? "Envoy counts what it sends by itself as internal, whoever asked it to. JUDGE: so do ext_authz and health checks of their own, and requests with x-envoy-internal; name those clusters with --expected."
      : "Calls to clusters that the policy names are not counted here.",
  };
}

/** Whether a canary's traps are counted, and under which names. */
export interface CanaryWatch {
  /** Of the plugin in the proxy, and of the module's own statistics: the canary's. */
  readonly name: string;
  readonly module: string;
  readonly percent: number;
  readonly counting: Counting;
}

/** The new version traps, by whoever counts it; and 5xx, where its own crashes are counted nowhere. */
function canaryAlert({ name, module, percent, counting }: CanaryWatch): Alert {
  const one = (metric: string): string => `sum(rate(${metric}[5m]))`;
  const counters = seriesOf("envoy", "traps", counting).flatMap((row) =>
    row.names.map((metric) =>
      one(metric.replaceAll("{plugin}", prometheusName(row.own === true ? module : name))),
    ),
  );
  const errors = `${errorsRecord} > ${percent / 200}`;
  const crashes = counting.failure === "reload";
  const traps = counters.map((counter) => `${counter} > 0`);
  return {
    name: "GloveboxCanaryFails",
    expr: [...traps, ...(crashes ? [] : [errors])].join(" or "),
    lasts: "1m",
    severity: "critical",
    summary: "The canary fails: end it",
    description: "Set the canary's runtime key to 0, or apply the configuration without it.",
    why: crashes
      ? "Any trap of the new version."
      : `Any limit that the new version reports to have met, or 5xx of half the canary's ${percent} in a hundred. JUDGE: 5xx have other causes; a steady rate of your own belongs on top.`,
  };
}

function annotations(alert: Alert, runbooks: string): Node {
  const anchor = alert.name.replace(
    /[A-Z]/g,
    (c, i: number) => `${i > 0 ? "-" : ""}${c.toLowerCase()}`,
  );
  return tree({
    summary: alert.summary,
    description: alert.description,
    runbook_url: `${runbooks}#${anchor}`,
  });
}

function alertNode(alert: Alert, runbooks: string): Node {
  return map(
    under([alert.why], at("alert", alert.name)),
    at("expr", alert.expr),
    ...(alert.lasts === "0m" ? [] : [at("for", alert.lasts)]),
    at("labels", tree({ severity: alert.severity })),
    at("annotations", annotations(alert, runbooks)),
  );
}

function group(name: string, rules: readonly Node[]): readonly Node[] {
  return rules.length === 0 ? [] : [map(at("name", name), at("rules", rules))];
}

const errorsRule = map(at("record", errorsRecord), at("expr", errorsExpression));

function canaryGroups(watch: CanaryWatch, runbooks: string): readonly Node[] {
  const alert = alertNode(canaryAlert(watch), runbooks);
  const reloads = watch.counting.failure === "reload";
  return group("glovebox-canary", reloads ? [alert] : [errorsRule, alert]);
}

/** The rule that ends a canary, as an object of Prometheus Operator. */
export function canaryRule(
  name: string,
  namespace: string,
  watch: CanaryWatch,
  runbooks: string,
): MapNode {
  return object(
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      name: `${name}-${CANARY}`,
      namespace,
    },
    at("spec", map(at("groups", canaryGroups(watch, runbooks)))),
  );
}

/** Whether one of the alerts stands on the share of 5xx. */
const alertsNeedErrors = (request: WatchRequest, counted: readonly WatchedPlugin[]): boolean =>
  request.percent !== null ||
  trapAlerts(request, counted).some((one) => one.expr.includes(errorsRecord));

function groups(request: WatchRequest): {
  readonly node: Entry;
  readonly findings: readonly Finding[];
} {
  const { rules, findings } = recordings(request);
  const has = (what: keyof typeof recorded) => rules.some((one) => one.what === what);
  const counted = request.plugins.filter(({ policy }) =>
    rules.some((one) => one.what === "traps" && one.labels.plugin === policy.name),
  );
  const errors = alertsNeedErrors(request, counted);
  const records = rules.map(({ record, expr, labels }) =>
    map(at("record", record), at("expr", expr), at("labels", tree(labels))),
  );
  const alerts = [
    ...trapAlerts(request, counted),
    ...(has("bypassed") ? [bypassAlert(request)] : []),
    ...(has("memory") ? [memory] : []),
    ...(has("dispatches") ? [dispatchAlert(request)] : []),
    ...(request.percent === null ? [] : canaryOf(request, request.percent)),
  ];
  const all = [
    ...group("glovebox-recorded", [...records, ...(errors ? [errorsRule] : [])]),
    ...group(
      "glovebox-alerts",
      alerts.map((one) => alertNode(one, request.runbooks)),
    ),
  ];
  return { node: at("groups", all), findings };
}

/** Of the first plugin's canary; with the lab's series its traps have a name of their own. */
function canaryOf(
  { plugins: watched, prefix, source }: WatchRequest,
  percent: number,
): readonly Alert[] {
  const { policy } = watched[0]!;
  const module = `${policy.name}-${CANARY}`;
  const watch = { name: `${prefix}${module}`, module, percent, counting: policy };
  const alert = canaryAlert(watch);
  if (source === "envoy") return [alert];
  const metric = seriesOf("lab", "traps", policy)[0]!.names[0]!;
  const expr = `sum(rate(${metric}{plugin=${quoted(watch.name)}}[5m])) > 0`;
  return [{ ...alert, expr, why: "Any trap of the new version." }];
}

/** Rules for Prometheus, as its file or as an object of its operator. */
export function generatePrometheus(
  request: WatchRequest,
  form: PrometheusForm,
  name: string,
  namespace: string,
): Written {
  const { node, findings } = groups(request);
  const counts = request.source === "envoy" ? "a stock Envoy's (1.33 and newer)" : "the lab's";
  const head = headOf("prometheus", "Prometheus 2 and newer", [
    `Series: ${counts}. Plugins: ${request.plugins.map(({ policy }) => policy.name).join(", ")}.`,
    "Measured: promtool 2.42 checks the rules and plays each alert firing and not firing; the names are those that Envoy 1.36 and 1.40 print.",
    // The lab counts under the article's names, which no Envoy has.
    ...(request.source === "lab"
      ? ["glovebox-ignore-file invented-statistic: the lab counts them"]
      : []),
    ...(request.source === "envoy"
      ? [
          "In Istio the proxies must keep these series: proxyStatsMatcher with inclusionRegexps wasm.* and cluster.*.",
        ]
      : []),
  ]);
  const frame = { apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule", name, namespace };
  const document = form === "rules" ? map(node) : object(frame, at("spec", map(node)));
  return { documents: [{ head, node: document }], findings };
}
