// docs/reference/telemetry.md: what a hardened module keeps of itself, by the names that a stock Envoy prints, and
// which of the article's statistics each stands for. All of it is from the tables of src/spec.
import { articleTelemetry } from "../src/spec/article-telemetry.ts";
import { prometheusName } from "../src/spec/plugin-metrics.ts";
import { stat } from "../src/spec/stats.ts";
import { METRIC } from "../src/spec/status.ts";
import {
  DENIED_METRIC,
  DISPATCH_METRIC,
  METRIC_PREFIX,
  telemetryMetrics,
} from "../src/spec/telemetry.ts";

const code = (text: string): string => `\`${text}\``;
const CUSTOM = "wasmcustom.";

const kinds = new Map<number, string>(
  Object.entries(METRIC).map(([name, number]) => [number, name]),
);

/** As Prometheus prints it; placeholders stay. */
function sample(name: string, type: number): string {
  const spelled = name.replace(/[^{}]+(?![^{]*\})/g, prometheusName);
  return type === METRIC.histogram ? `${spelled}_bucket, _sum, _count` : spelled;
}

function row(end: string, type: number, what: string): string {
  const name = `${METRIC_PREFIX}{plugin}.${end}`;
  return `| ${code(`${CUSTOM}${name}`)} | ${kinds.get(type)} | ${code(sample(name, type))} | ${what} |`;
}

const own = [
  ...telemetryMetrics.map(({ suffix, type, what }) => row(suffix, type, what)),
  row(
    `${DENIED_METRIC}{function}`,
    METRIC.counter,
    "calls of that host function that the module denied",
  ),
  row(
    `${DISPATCH_METRIC}{cluster}`,
    METRIC.counter,
    "calls to that cluster of dispatch.clusters that the host took",
  ),
];

const article = articleTelemetry.map(({ key, own: ends, note }) => {
  const names = stat(key)
    .names.map((name) => code(name))
    .join("<br>");
  const said = ends.map((end) => code(`${METRIC_PREFIX}{plugin}.${end}`)).join(" + ");
  return `| ${names} | ${said === "" ? "none" : said} | ${note} |`;
});

/** The whole page. */
export function telemetryPage(): string {
  return `# Telemetry of a hardened module

With \`spec.telemetry\`, which is on where the policy allows \`proxy_define_metric\`, a hardened module keeps these metrics of itself, in any host; [telemetry, byte by byte](../telemetry.md)
says where in the module. A stock Envoy prints them in \`/stats\` under \`${CUSTOM}\` and in \`/stats/prometheus\` without that prefix;
\`{plugin}\` is the policy's \`metadata.name\`. They are defined while the plugin starts, so a module that exports neither
\`proxy_on_vm_start\` nor \`proxy_on_configure\` has none. [The trial](../trial-envoy.md#what-the-statistics-show) shows both pages as they were printed.

| In \`/stats\` | Kind | In \`/stats/prometheus\` | What it says |
| --- | --- | --- | --- |
${own.join("\n")}

## The article's statistics

No release of Envoy has them. What says the same of a hardened plugin:

| The article's | The module's own, added up | |
| --- | --- | --- |
${article.join("\n")}
`;
}
