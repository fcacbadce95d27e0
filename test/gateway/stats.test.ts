// Statistics: cells in shared memory, merged over threads, in every format.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Announcement, StatCells } from "../../src/gateway/stats/cells.ts";
import { customSamples } from "../../src/gateway/stats/custom.ts";
import { StatMerge, statName } from "../../src/gateway/stats/merge.ts";
import { quantile, statsJson, statsPrometheus, statsText } from "../../src/gateway/stats/render.ts";
import { stats } from "../../src/spec/stats.ts";
import { METRIC } from "../../src/spec/status.ts";

const all = (): boolean => true;

/** Threads whose announcements reach one merge. */
function threads(count: number) {
  const merge = new StatMerge();
  const cells = Array.from(
    { length: count },
    (_, i) => new StatCells((one) => merge.accept(i, one)),
  );
  return { merge, cells };
}

test("counters are added over threads, memory is the largest instance's, and both spellings are printed", () => {
  const { merge, cells } = threads(2);
  for (const [i, one] of cells.entries()) {
    one.cell("failOpen", { plugin: "my-auth" }).add(2 + i);
    one.cell("memoryPages", { vm: "my-auth-plugin" }).set(10 * (i + 1));
  }
  assert.equal(
    statsText(merge.samples(), all),
    [
      "envoy.wasm_filter.my-auth.fail_open_count: 5",
      "envoy.wasm_vm_my-auth-plugin.memory_pages_current: 20",
      "wasm_filter.my_auth.fail_open_count: 5",
      "wasm_vm.my_auth_plugin.memory_pages_current: 20",
      "",
    ].join("\n"),
  );
});

test("a name of the configuration makes no line of its own, in any format", () => {
  const { merge, cells } = threads(1);
  cells[0]!.cell("failOpen", { plugin: 'a\nforged: 1\u2028"}' }).add(1);
  const lines = statsText(merge.samples(), all).split("\n");
  assert.deepEqual(lines, [
    'envoy.wasm_filter.a_forged: 1_"}.fail_open_count: 1',
    "wasm_filter.a_forged__1___.fail_open_count: 1",
    "",
  ]);
  const [help, type, series, ...rest] = statsPrometheus(merge.samples(), all).split("\n");
  assert.ok(help!.startsWith("# HELP ") && type!.startsWith("# TYPE "));
  assert.ok(series!.includes('"a\\nforged: 1\u2028\\"}"') && series!.endsWith(" 1"), series);
  assert.deepEqual(rest, [""]);
});

test("a thread that ends leaves its counters and takes its gauges with it", () => {
  const { merge, cells } = threads(2);
  for (const one of cells) {
    one.cell("rqTotal", { prefix: "p" }).add(3);
    one.cell("rqActive", { prefix: "p" }).add(1);
  }
  merge.retire(0);
  assert.equal(
    statsText(merge.samples(), all),
    "http.p.downstream_rq_active: 1\nhttp.p.downstream_rq_total: 6\n",
  );
});

test("a cell is the same cell whenever it is asked for, and announced once", () => {
  const said: Announcement[] = [];
  const cells = new StatCells((one) => said.push(one));
  cells.cell("rqTotal", { prefix: "a" }).add(1);
  cells.cell("rqTotal", { prefix: "a" }).add(1);
  cells.cell("rqTotal", { prefix: "b" }).add(1);
  assert.equal(said.length, 2);
  assert.equal(cells.cell("rqTotal", { prefix: "a" }).value, 2);
});

test("however many names plugins make, memory is bounded, and what was there goes on counting", () => {
  const said: Announcement[] = [];
  const cells = new StatCells((one) => said.push(one));
  const first = cells.cell("denied", { plugin: "p", function: "first" });
  for (let i = 0; i < 600_000; i++)
    cells.cell("denied", { plugin: "p", function: String(i) }).add(1);
  first.add(1);
  assert.equal(first.value, 1);
  assert.ok(new Set(said.map((one) => one.block)).size <= 64);
});

test("a histogram has its values in buckets, and quantiles within them", () => {
  const { merge, cells } = threads(2);
  for (const [i, one] of cells.entries()) {
    const histogram = one.histogram("rqTime", { prefix: "p" });
    for (let value = 1; value <= 50; value++) histogram.record(value + i * 50);
  }
  const [sample] = merge.samples();
  assert.equal(sample!.value, 100);
  assert.equal(sample!.histogram!.sum, 5050);
  const median = quantile(sample!.histogram!, 0.5);
  assert.ok(median >= 25 && median <= 50.1, String(median));
  assert.ok(Number.isNaN(quantile({ bounds: [1], buckets: [0, 0], sum: 0 }, 0.5)));
  const lines = statsPrometheus(merge.samples(), all).split("\n");
  assert.ok(
    lines.includes(
      'envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix="p",le="100"} 100',
    ),
  );
  assert.ok(
    lines.includes(
      'envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix="p",le="+Inf"} 100',
    ),
  );
  assert.ok(
    lines.includes('envoy_http_downstream_rq_time_count{envoy_http_conn_manager_prefix="p"} 100'),
  );
  const parsed = JSON.parse(statsJson(merge.samples(), all)) as {
    stats: { histogram: { count: number } }[];
  };
  assert.equal(parsed.stats[0]!.histogram.count, 100);
});

test("the Prometheus text is well-formed: one type a family, labels escaped, names of its alphabet", () => {
  const { merge, cells } = threads(1);
  for (const plugin of ['a"b\\c\nd', "plain"])
    cells[0]!.cell("executionFailures", { plugin }).add(1);
  cells[0]!.cell("cluster", { cluster: "c", counter: "upstream_rq_total" }).add(4);
  const text = statsPrometheus(
    [
      ...merge.samples(),
      // Of two namespaces.
      ...customSamples(
        [3n, 4n].map((value) => ({ name: "my.metric 1", type: METRIC.gauge, value })),
      ),
    ],
    all,
  );
  const line =
    /^(?:# (?:HELP|TYPE) [a-zA-Z_:][\w:]* .+|[a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? \S+)$/;
  for (const one of text.trimEnd().split("\n")) assert.match(one, line);
  const types = text.split("\n").filter((one) => one.startsWith("# TYPE"));
  assert.equal(new Set(types).size, types.length);
  assert.match(text, /^envoy_cluster_upstream_rq_total\{envoy_cluster_name="c"\} 4$/m);
  assert.match(text, /^my_metric_1 7$/m);
});

test("every row's placeholders are its labels or part of its name, and no two rows print the same", () => {
  const names = stats.flatMap((row) => row.names.map((name) => statName(name, {})));
  const printed = stats.filter(
    (row) => !row.key.startsWith("custom") && row.key !== "clusterActive",
  );
  const own = printed.flatMap((row) => row.names);
  assert.equal(new Set(own).size, own.length);
  assert.ok(names.every((name) => /^[\w.{}-]+$/.test(name)));
});

test("every statistic of the table is counted somewhere in the gateway", () => {
  const folder = fileURLToPath(new URL("../../../src/gateway/", import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const source = files
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(`${folder}${name}`, "utf8"))
    .join("\n");
  const never = stats.map((row) => row.key).filter((key) => !source.includes(`"${key}"`));
  assert.deepEqual(never, []);
});
