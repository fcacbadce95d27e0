// policy fit on real plugins: proposals pass the traffic they come from, small samples are said, limits that are too
// low are warned of.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { fitOf, measure } from "../../src/learn/fit.ts";
import { prove } from "../../src/learn/learn.ts";
import { plotLines, plotOf } from "../../src/learn/plot.ts";
import { readTraffic } from "../../src/learn/read-traffic.ts";
import { parsePolicy } from "../../src/policy/document.ts";
import { resolvePolicy } from "../../src/policy/resolve.ts";
import type { Path } from "../../src/policy/schema.ts";
import type { Setting } from "../../src/policy/settings.ts";

const paths = await buildPlugins({
  only: ["auth", "header-tag", "loop-request", "stack-small", "memory-leak"],
});
const options = { margin: 1, percentile: 99.9 };

function documentOf(limits: string) {
  const text = `apiVersion: glovebox.dev/v1alpha1
kind: PluginPolicy
metadata: { name: one }
spec: { role: auth, limits: { ${limits} } }
`;
  return parsePolicy(text, "p.yaml");
}

function fitted(name: string, count: number, limits: string, with_ = options) {
  const bytes = readFileSync(paths.get(name)!);
  const lines = Array.from({ length: count }, (_, i) => {
    return JSON.stringify({
      path: `/${"x".repeat(i % 50)}`,
      headers: { authorization: `Bearer ${i}` },
    });
  });
  const { requests } = readTraffic(lines.join("\n"), "t");
  const playing = { name, rootId: name, configuration: "alice = wonderland" };
  const document = documentOf(limits);
  const { record, played, tried } = measure(
    bytes,
    resolvePolicy(document),
    requests,
    playing,
    with_,
  );
  const fit = fitOf(record, document, tried, with_);
  const under = (rows: typeof fit.limits) => {
    const where = { at: "file", file: "q" } as const;
    const base = documentOf("memory: 64MiB");
    const proposed = rows.map((row): [Path, Setting] => [row.path, { value: row.proposed, where }]);
    const policy = resolvePolicy({ ...base, settings: new Map([...base.settings, ...proposed]) });
    return prove(bytes, policy, requests, played, playing);
  };
  return { fit, record, under };
}

test("a plugin that spends next to nothing gets what every entry holds back for itself", () => {
  const { fit, under } = fitted("header-tag", 5, "memory: 64MiB");
  assert.ok(fit.limits.every(({ path, most }) => !path.includes("fuel") || most < 2000));
  assert.equal(under(fit.limits).first, null);
});

test("the traffic passes under what is proposed, even without a margin", () => {
  const { fit, under } = fitted("auth", 60, "memory: 64MiB");
  assert.equal(under(fit.limits).first, null);
  assert.deepEqual(
    fit.limits.map(({ path }) => path),
    [
      "spec.limits.memory",
      "spec.limits.fuel.request",
      "spec.limits.fuel.callback",
      "spec.limits.fuel.start",
      "spec.limits.stack",
      "spec.limits.callDepth",
      "spec.limits.host.headerBytes",
      "spec.limits.host.bodyBytes",
    ],
  );
});

test("quotas stand beside what was seen of them, and one that is too low is warned of", () => {
  const { fit } = fitted("header-tag", 5, "host: { headerBytes: 3 }");
  const row = fit.limits.find(({ path }) => path === "spec.limits.host.headerBytes")!;
  assert.ok(row.most > 3);
  assert.deepEqual([row.current, row.proposed, row.basis], [3, row.most, "maximum"]);
  const below = fit.findings.find(({ code }) => code === "fit-below-most")!;
  assert.match(below.message, /^spec\.limits\.host\.headerBytes is 3, below the most/);
  assert.ok(
    !fit.limits.some(({ path }) => path === "spec.limits.dispatch.total"),
    "it calls nobody",
  );
});

test("fuel is proposed at no more than a tenth above what the traffic needs", () => {
  const { fit, under } = fitted("auth", 60, "memory: 64MiB");
  const less = (path: string, share: number) =>
    fit.limits.map((row) =>
      row.path === path ? { ...row, proposed: Math.floor(row.most * share) } : row,
    );
  assert.notEqual(under(less("spec.limits.fuel.callback", 0.9)).first, null);
  assert.notEqual(under(less("spec.limits.fuel.start", 0.9)).first, null);
});

test("a sample that is too small for the percentile is said, and its maximum used; a large one is not", () => {
  const small = fitted("auth", 30, "memory: 64MiB").fit;
  assert.equal(small.findings[0]?.code, "fit-small-sample");
  assert.match(small.findings[0]!.message, /30 requests are too few for p99\.9: it takes 1000/);
  assert.ok(small.limits.slice(0, 4).every(({ basis }) => basis === "maximum"));
  const { fit } = fitted("auth", 30, "memory: 64MiB", { margin: 2, percentile: 90 });
  assert.deepEqual(fit.findings, []);
  const byPath = new Map(fit.limits.map((row) => [row.path, row.basis]));
  assert.equal(byPath.get("spec.limits.fuel.callback"), "percentile");
  assert.equal(byPath.get("spec.limits.fuel.start"), "maximum");
});

test("a limit below the most that was seen is warned of, at its place in the policy", () => {
  const { fit } = fitted("auth", 30, "memory: 64KiB, fuel: { callback: 1000 }");
  const below = fit.findings.filter(({ code }) => code === "fit-below-most");
  assert.deepEqual(
    below.map(({ level }) => level),
    ["warning"],
  );
  assert.match(
    below[0]!.message,
    /^spec\.limits\.fuel\.callback is 1000, below the most that was seen: [\d_]+$/,
  );
  assert.deepEqual(below[0]!.where, { at: "file", file: "p.yaml", line: 4, column: 54 });
});

test("memory that grows is seen at its greatest", () => {
  const { fit, record } = fitted("memory-leak", 12, "memory: 64MiB");
  const memory = fit.limits.find(({ path }) => path === "spec.limits.memory")!;
  assert.equal(memory.most, record.most.memoryPages * 65_536);
  assert.ok(record.most.memoryPages > 1);
  assert.ok(memory.proposed >= memory.most);
});

test("memory that still grows late in the run is warned of; memory that has settled is not", () => {
  const codes = (name: string, count: number) =>
    fitted(name, count, "memory: 64MiB").fit.findings.map(({ code }) => code);
  assert.deepEqual(codes("auth", 8), ["fit-small-sample"]);
  const { fit } = fitted("memory-leak", 12, "memory: 64MiB");
  const grows = fit.findings.find(({ code }) => code === "fit-memory-grows")!;
  assert.match(grows.message, /at most \S+iB, the last with \S+iB$/);
});

test("traps among the samples are told: what the callbacks needed that trapped is in no limit", () => {
  const { fit } = fitted("loop-request", 12, "memory: 64MiB");
  const trapped = fit.findings.find(({ code }) => code === "fit-trapped")!;
  assert.match(trapped.message, /^3 callbacks trapped, the first kind of them proxy_on_request_h/);
  assert.equal(fit.requests, 3, "after the third nothing more is played");
});

test("a plot of one value has no quantiles, and of none no bars", () => {
  const one = plotOf("it", "fuel", { exact: true, values: [[7, 1]] });
  assert.equal(plotLines(one, String)[0], "it: one value, most 7");
  const none = plotOf("it", "fuel", { exact: true, values: [] });
  assert.deepEqual(plotLines(none, String), ["it: 0 values, most 0"]);
});

test("a plot shows every value once, and its longest bar is 40 wide", () => {
  const { fit } = fitted("auth", 60, "memory: 64MiB");
  for (const plot of [...fit.plots, ...fit.callbacks]) {
    assert.equal(
      plot.histogram.reduce((sum, { count }) => sum + count, 0),
      plot.count,
      plot.what,
    );
    const bars = plotLines(plot, String).map((line) => line.split("█").length - 1);
    assert.equal(Math.max(...bars), 40, plot.what);
    const printed = plotLines(plot, String).slice(1);
    const empty = printed.filter((line) => !line.includes("█") && line !== "  …");
    assert.deepEqual(empty, [], "no empty bucket is printed");
    assert.ok(plot.quantiles.p50! <= plot.quantiles["p99.9"]!);
    assert.ok(plot.histogram.at(-1)!.upTo >= plot.most);
  }
});

test("buckets without values between two with values are one line, however many", () => {
  const plot = plotOf("it", "fuel", {
    exact: true,
    values: [
      [1, 2],
      [1000, 1],
    ],
  });
  assert.deepEqual(plotLines(plot, String).slice(1), [
    `  ≤    1 2 ${"█".repeat(40)}`,
    "  …",
    `  ≤ 1024 1 ${"█".repeat(20)}`,
  ]);
});
