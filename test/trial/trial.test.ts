// The trial itself, on the built-in plugins: every implemented promise holds, and none holds by itself.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { cases } from "../../src/trial/cases.ts";
import { trialPlugin } from "../../src/trial/own.ts";
import { runTrial } from "../../src/trial/trial.ts";

const folder = new URL("../../plugins/wasm/", import.meta.url);
const plugins = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith(".wasm"))
    .map((file) => [
      file.slice(0, -".wasm".length),
      new Uint8Array(readFileSync(new URL(file, folder))),
    ]),
);

test("every row of both tables is there, in the article's order, then what goes beyond them", () => {
  const signals = (table: string): string[] =>
    cases.filter((one) => one.table === table).map((one) => one.signal);
  assert.deepEqual(signals("expected-behaviour"), [
    "Plugin attempting outbound HTTP",
    "Plugin allocating 1 GB memory",
    "Plugin in infinite loop",
    "Plugin loaded with mismatched SHA",
    "Multiple plugins on same vm_id",
    "Plugin telemetry",
  ]);
  assert.deepEqual(signals("failure-modes"), [
    "Plugin trap with fail_open: true",
    "SHA mismatch breaks plugin load",
    "Capability restriction misconfigured",
    "Memory cap too low for legitimate plugin",
    "ABI version mismatch after Envoy upgrade",
    "Multiple plugins share vm_id",
    "Plugin OCI artifact pulled from compromised registry",
  ]);
  assert.deepEqual(signals("host-safety"), [
    "Plugin recursing without end",
    "Plugin that exports no memory logs",
    "Start section that logs",
    "Allowed call to another cluster",
    "Property outside of the policy's paths",
    "Header outside of the policy's names",
    "Write of one buffer named many times",
    "Request headers without end",
    "Log lines without end",
    "Shared data without end",
    "Queue that feeds itself",
    "Timer of a millisecond",
    "Calls without end",
    "Request that spends a little in each callback",
    "Many streams at once",
  ]);
});

test("every promise is held by the built-in plugins", async () => {
  const result = await runTrial({ plugins });
  for (const row of result.rows) {
    const broken = row.details
      .filter((one) => !one.held)
      .map((one) => `${one.plugin}: ${one.hardened.text}`);
    assert.ok(row.verdict === "held", `${row.id}: ${row.hardened?.text} ${broken}`);
  }
  assert.equal(result.counts.held, cases.length);
  assert.equal(result.held, true);
});

test("a row whose plugin does nothing of the kind is broken: harmless bytes under a hostile name prove nothing", async () => {
  const harmless = plugins.get("header-tag")!;
  const swapped = new Map(plugins);
  for (const name of [
    "exfiltrate-http",
    "loop-request",
    "memory-gigabyte",
    "abi-no-marker",
    "shared-data-spy",
    "property-thief",
    "header-thief",
    "log-flood",
    "queue-feeder",
    "dispatch-storm",
    "slow-burner",
  ]) {
    swapped.set(name, harmless);
  }
  const only = new Set([
    "outbound-call",
    "infinite-loop",
    "memory-cap",
    "abi-mismatch",
    "shared-vm",
    "other-cluster",
    "other-property",
    "other-header",
    "log-flood",
    "queue-feeder",
    "dispatch-storm",
    "request-budget",
    "many-streams",
  ]);
  const result = await runTrial({ plugins: swapped, only });
  assert.deepEqual(
    result.rows.map((row) => [row.id, row.verdict]),
    [...only]
      .map((id) => [id, "broken"])
      .sort(
        (a, b) =>
          [...cases].findIndex((one) => one.id === a[0]) -
          [...cases].findIndex((one) => one.id === b[0]),
      ),
  );
  assert.equal(result.held, false);
});

test("a row whose plugins are not built is skipped, counted, and keeps the trial from being held", async () => {
  const few = new Map([["header-tag", plugins.get("header-tag")!]]);
  const result = await runTrial({ plugins: few });
  assert.deepEqual(
    result.rows.filter((row) => row.verdict === "held").map((row) => row.id),
    ["digest-mismatch", "digest-breaks-load", "tampered-artifact"],
  );
  assert.equal(result.counts.skipped, 25);
  assert.match(result.rows[0]!.reason ?? "", /not built: exfiltrate-http/);
  assert.equal(result.held, false);
});

test("a user's plugin: what it does is measured, what it doesn't is provoked or told", async () => {
  const bytes = plugins.get("exfiltrate-http")!;
  const result = await trialPlugin(bytes, policyFromRole("header-rewriter"));
  const verdicts = Object.fromEntries(result.rows.map((row) => [row.id, row.verdict]));
  assert.deepEqual(verdicts, {
    "outbound-call": "held",
    "memory-cap": "not-exercised",
    "infinite-loop": "held",
    "digest-mismatch": "held",
    "shared-vm": "not-exercised",
    telemetry: "not-exercised",
    "trap-fail-open": "held",
    "digest-breaks-load": "held",
    "denied-capability": "held",
    "cap-too-low": "not-exercised",
    "abi-mismatch": "not-exercised",
    "shared-vm-failure": "not-exercised",
    "tampered-artifact": "held",
    "stack-depth": "not-exercised",
    "unexported-memory": "not-exercised",
    "start-section-logs": "not-exercised",
    "other-cluster": "not-exercised",
    "other-property": "not-exercised",
    "other-header": "not-exercised",
    "aliased-write": "not-exercised",
    "header-adds": "not-exercised",
    "log-flood": "not-exercised",
    "shared-data-hoard": "not-exercised",
    "queue-feeder": "not-exercised",
    "tick-storm": "not-exercised",
    "dispatch-storm": "not-exercised",
    "request-budget": "not-exercised",
    "many-streams": "not-exercised",
  });
  assert.match(result.rows[0]!.hardened!.text, /no call left; denied proxy_http_call/);
  const telling = policyFromRole("header-rewriter", { "spec.telemetry": true });
  const thief = plugins.get("credential-thief")!;
  const told = (await trialPlugin(thief, telling)).rows.find((row) => row.id === "telemetry")!;
  assert.deepEqual(
    [told.verdict, told.unhardened!.text],
    ["held", "0 statistics of its own"],
    told.hardened?.text,
  );
});

test("a user's plugin that loops is stopped unhardened and traps for fuel hardened; one that can't be contained is a Failure", async () => {
  const result = await trialPlugin(plugins.get("auth")!, policyFromRole("auth"), {
    configuration: "alice = wonderland",
  });
  const fuel = result.rows.find((row) => row.id === "infinite-loop")!;
  assert.deepEqual([fuel.verdict, Array.isArray(fuel.hardened!.data.traps)], ["held", true]);
  assert.equal(result.rows.find((row) => row.id === "trap-fail-open")!.verdict, "held");
  const silent = { "spec.capabilities.allow": ["proxy_on_configure"] };
  await assert.rejects(
    trialPlugin(plugins.get("header-rewriter")!, policyFromRole(null, silent)),
    (error: Error & { code?: string }) => error.code === "generate-start-denied",
    "denied what it needs to start",
  );
  await assert.rejects(
    trialPlugin(plugins.get("memory-minimum")!, policyFromRole("header-rewriter")),
    (error: Error & { code?: string }) => error.code === "trial-not-contained",
  );
});
