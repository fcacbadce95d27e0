// `generate grafana`: a dashboard of the recorded series of `generate prometheus`. JSON has no comments: what a panel
// means stands in its description. Ids are places in the list, so that the same input gives the same file.
import { ANSWERS, DELEGATED, REQUESTS } from "../../spec/plugin-metrics.ts";
import { version } from "../../util/version.ts";
import { CANARY } from "./common.ts";
import { errorsExpression, recorded, recordings, type WatchRequest } from "./watch.ts";

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly expr: string;
  readonly legend: string;
  readonly unit: "percentunit" | "reqps" | "short";
  /** Red from here on. */
  readonly limit?: number;
}

function panelsOf(request: WatchRequest): readonly Panel[] {
  const { rules } = recordings(request);
  const has = (what: keyof typeof recorded) => rules.some((one) => one.what === what);
  const some = (wanted: boolean, panel: Panel): readonly Panel[] => (wanted ? [panel] : []);
  return [
    ...some(has("traps"), {
      title: "Traps",
      description:
        "Crashes and limits that were met, a second. Anything that lasts is an outage of the plugin.",
      expr: recorded.traps,
      legend: "{{plugin}}",
      unit: "short",
      limit: 0.001,
    }),
    ...some(has("bypassed"), {
      title: "Requests that go by",
      description:
        request.source === "lab"
          ? "Requests that went on without the plugin because it had failed open. Above zero for a plugin that decides: nobody decides."
          : "Part of the requests that the plugin no longer meets, compared with its best of the last hour.",
      expr: recorded.bypassed,
      legend: "{{plugin}}",
      unit: request.source === "lab" ? "reqps" : "percentunit",
      limit: request.source === "lab" ? 0.001 : 0.1,
    }),
    ...some(has("memory"), {
      title: "Memory of the cap",
      description: "Of the largest instance. Memory of a module never shrinks.",
      expr: recorded.memory,
      legend: "{{plugin}}",
      unit: "percentunit",
      limit: 0.9,
    }),
    ...some(has("dispatches"), {
      title: "Calls to unexpected clusters",
      description: "Outbound calls to clusters that no policy names.",
      expr: recorded.dispatches,
      legend: "{{plugin}} {{cluster}}",
      unit: "reqps",
      limit: 0.001,
    }),
    {
      title: "Answers of class 5xx",
      description:
        "Share of a connection manager's answers. A plugin that failed closed answers 503 to everything on its worker.",
      expr: errorsExpression,
      legend: "{{envoy_http_conn_manager_prefix}}",
      unit: "percentunit",
      limit: 0.05,
    },
    {
      title: "Requests",
      description: "Of a connection manager, by class of the answer.",
      expr: `sum by (envoy_http_conn_manager_prefix, envoy_response_code_class) (rate(${ANSWERS}[5m]))`,
      legend: "{{envoy_http_conn_manager_prefix}} {{envoy_response_code_class}}xx",
      unit: "reqps",
    },
    ...some(request.percent !== null && request.source === "envoy", {
      title: `Requests that no version met (${CANARY})`,
      description:
        "What the composite filter gave to neither version: they went by a version that had failed open.",
      expr: `sum by (envoy_http_conn_manager_prefix) (rate(${REQUESTS}[5m])) - sum by (envoy_http_conn_manager_prefix) (rate(${DELEGATED}[5m]))`,
      legend: "{{envoy_http_conn_manager_prefix}}",
      unit: "reqps",
      limit: 0.001,
    }),
  ];
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own variable
const SOURCE = { type: "prometheus", uid: "${datasource}" } as const;

function panelJson(panel: Panel, index: number): object {
  const steps = [
    { color: "green", value: null },
    ...(panel.limit === undefined ? [] : [{ color: "red", value: panel.limit }]),
  ];
  return {
    id: index + 1,
    type: "timeseries",
    title: panel.title,
    description: panel.description,
    datasource: SOURCE,
    gridPos: { h: 8, w: 12, x: (index % 2) * 12, y: Math.floor(index / 2) * 8 },
    fieldConfig: {
      defaults: { unit: panel.unit, min: 0, thresholds: { mode: "absolute", steps } },
      overrides: [],
    },
    options: { legend: { displayMode: "list", placement: "bottom" } },
    targets: [{ refId: "A", expr: panel.expr, legendFormat: panel.legend, datasource: SOURCE }],
  };
}

/** The dashboard as data. */
export function grafanaDashboard(request: WatchRequest, name: string): object {
  const names = request.plugins.map(({ policy }) => policy.name);
  return {
    title: `Plugins: ${names.join(", ")}`,
    uid: name.slice(0, 40),
    description: `By glovebox ${version()} generate grafana, on the series that generate prometheus records.`,
    tags: ["glovebox", "proxy-wasm"],
    timezone: "utc",
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: {
      list: [{ name: "datasource", type: "datasource", query: "prometheus", label: "Prometheus" }],
    },
    panels: panelsOf(request).map(panelJson),
  };
}
