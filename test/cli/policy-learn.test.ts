// policy learn and policy fit as commands, on real plugins: what they write, print and end with.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { glovebox } from "./glovebox.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-learn-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const paths = await buildPlugins({
  only: ["external-auth", "loop-request", "trap-configure", "auth"],
});
const plugin = paths.get("external-auth")!;
const at = (name: string): string => join(scratch, name);
const traffic = at("t.jsonl");
writeFileSync(
  traffic,
  '{"path": "/geo?key=hunter2"}\n{"path": "/no", "calls": {"geo-cluster": {"status": 403}}}\n',
);
const given = [
  "--traffic",
  traffic,
  "--configuration",
  '{"allowed_dispatch_clusters": ["geo-cluster"]}',
];

/** Limits change with every price of the cost table; the words around them don't. */
const steady = (text: string): string =>
  text.replace(/\b\d[\d_,]{2,}\b/g, "N").replace(/[0-9a-f]{64}/, "DIGEST");

test("learn prints a policy that harden takes, and says that it was played again", async () => {
  const { exit, out, err } = await glovebox("policy", "learn", plugin, ...given);
  assert.equal(exit, 0, err);
  assert.equal(
    err,
    "played again, hardened under this policy: 2 of 2 requests are the same, nothing was denied\n",
  );
  const lines = steady(out).split("\n");
  assert.ok(
    lines.includes(
      "      - proxy_http_call # reason: 2 times, first in proxy_on_request_headers of GET /geo (request 1), to geo-cluster",
    ),
    out,
  );
  assert.ok(!out.includes("hunter2"));
  writeFileSync(at("learnt.yaml"), out);
  const hardened = await glovebox("harden", plugin, "-p", at("learnt.yaml"), "-o", at("h.wasm"));
  assert.equal(hardened.exit, 0, hardened.err);
});

test("learn writes a file once, and again only with --force; never over its traffic or plugin", async () => {
  const args = ["policy", "learn", plugin, ...given, "-o"];
  const first = await glovebox(...args, at("once.yaml"));
  assert.equal(first.exit, 0, first.err);
  assert.match(first.out, /^policy written to .*once\.yaml\nplayed again/);
  const second = await glovebox(...args, at("once.yaml"));
  assert.equal(second.exit, 2);
  assert.match(second.err, /^error\[inspect-policy-exists\]/);
  assert.equal((await glovebox(...args, at("once.yaml"), "--force")).exit, 0);
  const over = await glovebox(...args, traffic, "--force");
  assert.equal(over.exit, 2);
  assert.match(over.err, /^error\[output-is-input\]/);
});

test("a plugin that traps though everything is allowed ends with 1 and says so; one that doesn't start with 3", async () => {
  const loop = await glovebox("policy", "learn", paths.get("loop-request")!, "--traffic", traffic);
  assert.equal(loop.exit, 1);
  assert.match(
    loop.err,
    /error\[learn-trapped\]: the plugin trapped 2 times .* proxy_on_request_headers \(fuel\)/,
  );
  const start = await glovebox(
    "policy",
    "learn",
    paths.get("trap-configure")!,
    "--traffic",
    traffic,
  );
  assert.equal(start.exit, 3);
  assert.match(start.err, /^error\[learn-not-started\]: .*proxy_on_configure trapped/);
});

test("a record stands in for the traffic that it came from, and holds for its module only", async () => {
  const json = await glovebox("policy", "learn", plugin, ...given, "--json");
  const { result } = JSON.parse(json.out);
  assert.deepEqual(result.proof, { same: 2, total: 2, denied: [], first: null });
  mkdirSync(at("records"), { recursive: true });
  writeFileSync(at("records/one.json"), JSON.stringify(result.record));
  const grants = (text: string): string[] =>
    text.split("\n").filter((line) => line.startsWith("      - "));
  for (const record of [at("records/one.json"), at("records")]) {
    const again = await glovebox("policy", "learn", plugin, "--record", record);
    assert.equal(again.exit, 0, again.err);
    assert.equal(again.err, "not played again: a record holds no requests\n");
    assert.deepEqual(grants(again.out), grants(result.policy));
  }
  const other = await glovebox(
    "policy",
    "learn",
    paths.get("auth")!,
    "--record",
    at("records/one.json"),
  );
  assert.match(other.err, /^error\[record-other-module\]/);
  assert.equal(other.exit, 3);
  const none = await glovebox("policy", "learn", paths.get("auth")!, "--record", at("records"));
  assert.match(none.err, /^error\[record-none-of-module\]/);
});

test("fit shows current limits beside proposed ones, plots, and what the sample is too small for", async () => {
  const policy = at("fit.yaml");
  writeFileSync(
    policy,
    "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\nspec:\n  role: external-auth\n  limits: { fuel: { callback: 1000, request: 2000 } }\n  dispatch: { clusters: [geo-cluster] }\n",
  );
  const { exit, out, err } = await glovebox("policy", "fit", plugin, "-p", policy, ...given);
  assert.equal(exit, 0, err);
  const lines = steady(out).split("\n");
  assert.deepEqual(lines.slice(0, 3), ["2 requests, margin 2", "", lines[2]!]);
  assert.match(lines[2]!, /^limit +current +seen +by +proposed$/);
  assert.match(out, /^spec\.limits\.memory +64MiB +64KiB +maximum +128KiB$/m);
  assert.match(out, /^spec\.limits\.fuel\.request +2000 +[\d_]+ +maximum +[\d_]+$/m);
  assert.match(out, /^spec\.limits\.stack +256KiB +32KiB +least that passes +64KiB$/m);
  assert.match(out, /^fuel of a request: 2 values, p50 [\d,]+, most [\d,]+\n {2}≤ +[\d,]+ \d █+$/m);
  assert.match(
    out,
    /^warning\[fit-small-sample\]: 2 requests are too few for p99\.9: it takes 1000/m,
  );
  assert.match(
    out,
    /^warning\[fit-below-most\]: spec\.limits\.fuel\.callback is 1000, .*fit\.yaml:6:/m,
  );
  const { result } = JSON.parse(
    (await glovebox("policy", "fit", plugin, "-p", policy, ...given, "--json")).out,
  );
  assert.equal(result.fit.limits.length, 9);
  assert.equal(result.fit.plots.length, 4);
  assert.ok(
    result.fit.callbacks.some(
      (plot: { what: string }) => plot.what === "proxy_on_http_call_response",
    ),
  );
});

test("fit takes no record whose fuel is counted otherwise than the policy's", async () => {
  const { result } = JSON.parse(
    (await glovebox("policy", "learn", plugin, ...given, "--json")).out,
  );
  writeFileSync(at("bound.json"), JSON.stringify(result.record));
  writeFileSync(at("none.json"), JSON.stringify({ ...result.record, fuel: null }));
  writeFileSync(
    at("exact.yaml"),
    "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\nspec: { limits: { fuel: { mode: exact } } }\n",
  );
  const fit = (record: string) =>
    glovebox("policy", "fit", plugin, "-p", at("exact.yaml"), "--record", at(record));
  assert.match((await fit("bound.json")).err, /^error\[fit-other-fuel\]: .*bound v1.*exact v1/);
  assert.match((await fit("none.json")).err, /^error\[fit-not-metered\]/);
});

test("the learnt policy of a sample, as a reader sees it", async () => {
  const { out } = await glovebox("policy", "learn", plugin, ...given, "--role", "external-auth");
  const file = new URL("../../../test/cli/learnt.txt", import.meta.url);
  const plain = steady(out).replace(/^ {4}url: .*$/m, "    url: PATH");
  if (process.env.BLESS === "1") writeFileSync(file, plain);
  else assert.equal(plain, readFileSync(file, "utf8"));
});
