// The rules that are generated, in Prometheus' own tool: taken as they are, and each alert played by series that make
// it fire and by series that don't. Every expression of a dashboard is one that Prometheus parses.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse, stringify } from "yaml";
import { dashboards, files } from "../mesh/generate-targets.ts";
import { present, runParty } from "./party.ts";

const scratch = await mkdtemp(join(tmpdir(), "glovebox-rules-"));
after(() => rm(scratch, { recursive: true, force: true }));

let count = 0;
const newFile = (end: string): string => join(scratch, `${++count}.${end}`);

async function promtool(...args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const { status, output } = await runParty("promtool", args, 60_000);
  return { ok: status === 0, output };
}

interface Series {
  readonly series: string;
  /** promtool's notation: a start and a step, once a minute. */
  readonly values: string;
}

interface Scene {
  readonly file: string;
  readonly alert: string;
  /** The plugin, cluster or whatever else the alert is about. */
  readonly fires: readonly Series[];
  readonly silent: readonly Series[];
}

const counting = (series: string, step: number): Series => ({ series, values: `0+${step}x30` });
const gauge = (series: string, value: number): Series => ({ series, values: `${value}+0x30` });

const http = (label: string, step: number): Series =>
  counting(
    `envoy_http_downstream_rq_xx{envoy_response_code_class="${label}",envoy_http_conn_manager_prefix="edge"}`,
    step,
  );
const reloads = (name: string, step: number): readonly Series[] =>
  ["success", "failure", "backoff"].map((end) =>
    counting(`envoy_wasm_${name}_vm_reload_${end}`, end === "backoff" ? step : 0),
  );
const internal = (cluster: string, step: number): Series =>
  counting(`envoy_cluster_internal_upstream_rq_completed{envoy_cluster_name="${cluster}"}`, step);

const told = (name: string, step: number): readonly Series[] =>
  ["budget_exhausted", "memory_refused"].map((end) => counting(`glovebox_${name}_${end}`, step));
const requests = counting(
  'envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="edge"}',
  300,
);

const scenes: readonly Scene[] = [
  {
    file: "prometheus-envoy",
    alert: "GloveboxPluginTraps",
    fires: reloads("vendor_auth", 3),
    silent: [...reloads("vendor_auth", 0), ...reloads("other", 5)],
  },
  {
    file: "prometheus-envoy",
    alert: "GloveboxProxyErrors",
    fires: [http("2", 90), http("5", 10)],
    silent: [http("2", 97), http("5", 3)],
  },
  {
    file: "prometheus-envoy",
    alert: "GloveboxPluginUnexpectedDispatch",
    fires: [internal("auth-service", 5), internal("exfiltration", 1)],
    silent: [internal("auth-service", 5), internal("exfiltration", 0)],
  },
  {
    file: "prometheus-operator",
    alert: "GloveboxPluginTraps",
    fires: reloads("edge_vendor_auth", 3),
    silent: reloads("vendor_auth", 3),
  },
  {
    file: "prometheus-operator",
    alert: "GloveboxPluginUnexpectedDispatch",
    fires: [internal("auth.service", 1), internal("otel", 9)],
    silent: [internal("auth-service", 1), internal("otel", 9)],
  },
  {
    file: "prometheus-envoy-canary",
    alert: "GloveboxCanaryFails",
    fires: reloads("vendor_auth_canary", 1),
    silent: [...reloads("vendor_auth_canary", 0), ...reloads("vendor_auth", 9)],
  },
  {
    file: "prometheus-telemetry",
    alert: "GloveboxPluginTraps",
    fires: [
      counting("glovebox_tells_closed_budget_exhausted", 1),
      counting("glovebox_tells_closed_memory_refused", 0),
    ],
    silent: [
      counting("glovebox_tells_closed_budget_exhausted", 0),
      counting("glovebox_tells_closed_memory_refused", 0),
    ],
  },
  {
    file: "prometheus-telemetry",
    alert: "GloveboxPluginTraps",
    // A crash of its own, which only the reload tells.
    fires: [...reloads("edge_tells_reload", 1), ...told("tells_reload", 0)],
    silent: [...reloads("tells_reload", 1), ...told("tells_reload", 0)],
  },
  {
    file: "prometheus-telemetry",
    alert: "GloveboxPluginBypassed",
    fires: [requests, { series: "glovebox_tells_open_callbacks", values: "0+600x10 6000+300x20" }],
    silent: [requests, { series: "glovebox_tells_open_callbacks", values: "0+600x30" }],
  },
  {
    file: "prometheus-telemetry",
    alert: "GloveboxPluginMemoryHigh",
    fires: [gauge("glovebox_tells_open_memory_pages", 1000)],
    silent: [gauge("glovebox_tells_open_memory_pages", 400)],
  },
  {
    file: "prometheus-telemetry",
    alert: "GloveboxProxyErrors",
    fires: [http("2", 90), http("5", 10)],
    silent: [http("2", 99), http("5", 1)],
  },
  {
    file: "prometheus-telemetry",
    alert: "GloveboxPluginUnexpectedDispatch",
    fires: [internal("exfiltration", 1)],
    silent: [internal("exfiltration", 0)],
  },
  {
    file: "prometheus-telemetry-canary",
    alert: "GloveboxCanaryFails",
    fires: [...told("tells_closed_canary", 1), http("2", 99), http("5", 1)],
    silent: [
      ...told("tells_closed_canary", 0),
      ...told("tells_closed", 1),
      http("2", 91),
      http("5", 9),
    ],
  },
  {
    file: "prometheus-telemetry-canary",
    alert: "GloveboxCanaryFails",
    // A crash of its own, which only its answers tell.
    fires: [...told("tells_closed_canary", 0), http("2", 89), http("5", 11)],
    silent: [...told("tells_closed_canary", 0)],
  },
  {
    file: "istio-canary",
    alert: "GloveboxCanaryFails",
    fires: reloads("header_tag_canary", 1),
    silent: [...reloads("header_tag_canary", 0), ...reloads("header_tag", 1)],
  },
  {
    file: "kuma-canary",
    alert: "GloveboxCanaryFails",
    fires: [http("2", 85), http("5", 15)],
    silent: [http("2", 95), http("5", 5)],
  },
  {
    file: "prometheus-lab",
    alert: "GloveboxPluginTraps",
    fires: [counting('envoy_wasm_filter_execution_failures{plugin="access.log"}', 1)],
    silent: [
      counting('envoy_wasm_filter_execution_failures{plugin="access.log"}', 0),
      counting('envoy_wasm_filter_execution_failures{plugin="access-log"}', 4),
    ],
  },
  {
    file: "prometheus-lab",
    alert: "GloveboxPluginBypassed",
    fires: [counting('envoy_wasm_filter_fail_open_count{plugin="access.log"}', 1)],
    silent: [counting('envoy_wasm_filter_fail_open_count{plugin="access.log"}', 0)],
  },
  {
    file: "prometheus-lab",
    alert: "GloveboxPluginMemoryHigh",
    fires: [gauge('envoy_wasm_vm_memory_pages_current{vm_id="vendor-auth-all"}', 1000)],
    silent: [
      gauge('envoy_wasm_vm_memory_pages_current{vm_id="vendor-auth-all"}', 500),
      gauge('envoy_wasm_vm_memory_pages_current{vm_id="vendor-authority"}', 1000),
    ],
  },
  {
    file: "prometheus-lab",
    alert: "GloveboxPluginUnexpectedDispatch",
    fires: [counting('glovebox_plugin_dispatches{plugin="vendor-auth",cluster="elsewhere"}', 1)],
    silent: [
      counting('glovebox_plugin_dispatches{plugin="vendor-auth",cluster="auth-service"}', 9),
    ],
  },
  {
    file: "prometheus-lab-canary",
    alert: "GloveboxCanaryFails",
    fires: [counting('envoy_wasm_filter_execution_failures{plugin="vendor-auth-canary"}', 1)],
    silent: [counting('envoy_wasm_filter_execution_failures{plugin="vendor-auth"}', 1)],
  },
];

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly { readonly alert?: string }[] }[];
}

/** The rules of a file, out of the operator's object where they stand in one; a canary's alert comes last. */
function rulesOf(name: string): RuleFile {
  const document = files[name]!().documents.at(-1) as RuleFile & { spec?: RuleFile };
  return document.spec ?? document;
}

const alertsOf = (name: string): readonly string[] =>
  rulesOf(name).groups.flatMap((group) => group.rules.flatMap(({ alert }) => alert ?? []));

async function written(name: string): Promise<string> {
  const file = newFile("yaml");
  const rules = rulesOf(name);
  await writeFile(file, stringify(rules));
  return file;
}

/** Whether the alert fires after 20 minutes of these series. */
async function firing(rules: string, alert: string, input: readonly Series[]): Promise<boolean> {
  const ask = async (expected: readonly object[]) => {
    const file = newFile("yaml");
    // What is expected is compared whole, annotations too: so ask the series that Prometheus itself writes of it.
    const promql = [
      {
        expr: `count(ALERTS{alertname="${alert}", alertstate="firing"})`,
        eval_time: "20m",
        exp_samples: expected,
      },
    ];
    const tests = [{ interval: "1m", input_series: input, promql_expr_test: promql }];
    await writeFile(file, stringify({ rule_files: [rules], evaluation_interval: "1m", tests }));
    return promtool("test", "rules", file);
  };
  const silent = await ask([]);
  if (silent.ok) return false;
  const one = await ask([{ labels: "{}", value: 1 }]);
  assert.ok(one.ok, one.output);
  return true;
}

for (const name of Object.keys(files).filter((one) => one.startsWith("prometheus"))) {
  test(`promtool takes ${name}`, async (t) => {
    if (!present(t, "promtool")) return;
    const { ok, output } = await promtool("check", "rules", await written(name));
    assert.ok(ok, output);
    assert.doesNotMatch(output, /duplicate|FAILED/i);
  });
}

for (const { file, alert, fires, silent } of scenes) {
  test(`${alert} of ${file} fires on its failure, and not otherwise`, async (t) => {
    if (!present(t, "promtool")) return;
    const rules = await written(file);
    assert.equal(await firing(rules, alert, fires), true, "it fires");
    assert.equal(await firing(rules, alert, silent), false, "it doesn't");
  });
}

test("every alert of every file is played", () => {
  const played = new Set(
    scenes.map(({ file, alert }) => `${file.replace("-operator", "-envoy")} ${alert}`),
  );
  for (const name of [
    "prometheus-envoy",
    "prometheus-lab",
    "prometheus-telemetry",
    "prometheus-envoy-canary",
    "prometheus-telemetry-canary",
    "prometheus-lab-canary",
  ]) {
    for (const alert of alertsOf(name)) {
      const base = alert === "GloveboxCanaryFails" ? name : name.replace("-canary", "");
      assert.ok(played.has(`${base} ${alert}`), `${name} ${alert}`);
    }
  }
});

test("the alert that comes with a canary is one that promtool takes", async (t) => {
  if (!present(t, "promtool")) return;
  for (const name of ["istio-canary", "envoy-gateway-canary", "kuma-canary", "gloo-canary"]) {
    const { spec } = files[name]!().documents.at(-1) as { spec: object };
    const file = newFile("yaml");
    await writeFile(file, stringify(spec));
    const { ok, output } = await promtool("check", "rules", file);
    assert.ok(ok, `${name}: ${output}`);
  }
});

test("every expression of a dashboard is one that Prometheus parses", async (t) => {
  if (!present(t, "promtool")) return;
  for (const make of Object.values(dashboards)) {
    const { panels } = make() as { panels: readonly { targets: readonly { expr: string }[] }[] };
    const rules = panels.flatMap(({ targets }, i) =>
      targets.map(({ expr }) => ({ record: `panel:${i}`, expr })),
    );
    assert.ok(rules.length > 4);
    const file = newFile("yaml");
    await writeFile(file, stringify({ groups: [{ name: "panels", rules }] }));
    const { ok, output } = await promtool("check", "rules", file);
    assert.ok(ok, output);
  }
});

test("the text itself is a rules file, comments and all", async (t) => {
  if (!present(t, "promtool")) return;
  const file = newFile("yaml");
  await writeFile(file, files["prometheus-envoy"]!().yaml);
  const { ok, output } = await promtool("check", "rules", file);
  assert.ok(ok, output);
  assert.ok(parse(files["prometheus-envoy"]!().yaml).groups.length === 2);
});
