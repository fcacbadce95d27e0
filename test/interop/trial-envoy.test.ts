// The trial in a stock Envoy: the default shows the harm, hardened holds, and nothing that was started is left.
// Cells are asserted by what was seen, never by how long it took.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { findEnvoy } from "../../src/trial/envoy/find-envoy.ts";
import { trialPluginInEnvoy } from "../../src/trial/envoy/own-in-envoy.ts";
import { runTrialInEnvoy } from "../../src/trial/envoy/trial-in-envoy.ts";
import type { TrialReport, TrialRow } from "../../src/trial/trial.ts";
import { present } from "./party.ts";

const folder = new URL("../../plugins/wasm/", import.meta.url);
const wasm = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`${name}.wasm`, folder)));
const plugins = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith(".wasm"))
    .map((file) => [file.slice(0, -".wasm".length), wasm(file.slice(0, -".wasm".length))]),
);

let temporary = "";
before(() => {
  // Scenes of other tests are none of ours.
  temporary = mkdtempSync(join(tmpdir(), "glovebox-interop-"));
  process.env.TMPDIR = temporary;
});
after(() => rmSync(temporary, { recursive: true }));

/** Folders of scenes, and processes of Envoy that run in one. */
const left = (): readonly string[] => [
  ...readdirSync(temporary),
  ...spawnSync("ps", ["-eo", "args"], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line.includes(temporary)),
];

test("every row in Envoy: the default shows the harm, hardened holds", async (t) => {
  if (!present(t, "envoy")) return;
  const report: TrialReport = await runTrialInEnvoy(
    { plugins },
    await findEnvoy(undefined, process.env),
  );
  const row = (id: string): TrialRow => report.rows.find((one) => one.id === id)!;
  const seen = (id: string): Readonly<Record<string, unknown>> => row(id).unhardened!.data;
  const broken = report.rows
    .filter((one) => one.verdict === "broken")
    .map((one) => `${one.id}: ${one.unhardened?.text} | ${one.hardened?.text}`);

  await t.test("no row is broken, and none was left out", () => {
    assert.deepEqual(broken, []);
    assert.equal(report.counts.held, 28);
    assert.equal(report.rows.length, 28);
    assert.equal(report.held, true);
  });

  await t.test("a loop hangs the worker and everyone on it; hardened nobody else is hurt", () => {
    const loop = row("infinite-loop").details.find((one) => one.plugin === "loop-request")!;
    const { ended, bystanders } = loop.unhardened!.data as {
      ended: { signal: string } | null;
      bystanders: { asked: number; failed: number };
    };
    // A release whose watchdog can't end it has been ended by us.
    assert.ok(ended === null || ended.signal === "SIGABRT");
    assert.ok(bystanders.failed > 0 && bystanders.failed === bystanders.asked);
    assert.deepEqual(loop.hardened.data.statuses, [503, 503]);
    assert.equal((loop.hardened.data.bystanders as { failed: number }).failed, 0);
    assert.equal(loop.hardened.data.trap, "proxy_on_request_headers");
  });

  await t.test("a gigabyte is given as asked; hardened the process stays within the cap", () => {
    assert.equal(seen("memory-cap").pages, 16_384);
    const leak = row("memory-cap").details.find((one) => one.plugin === "memory-leak")!;
    const of = (cell: typeof leak.hardened) =>
      cell.data.memoryMiB as { idle: number | null; peak: number | null };
    if (of(leak.hardened).peak === null) return;
    const growth = (cell: typeof leak.hardened): number => of(cell).peak! - of(cell).idle!;
    assert.ok(growth(leak.unhardened!) > 100, leak.unhardened!.text);
    assert.ok(growth(leak.hardened) <= 84, leak.hardened.text);
  });

  await t.test("calls arrive at the target unhardened, and none hardened", () => {
    assert.equal(seen("outbound-call").out, 5);
    assert.equal(row("outbound-call").hardened!.data.out, 0);
  });

  await t.test("the whole process segfaults by default; hardened it is refused, or works", () => {
    assert.equal((seen("unexported-memory").ended as { signal: string }).signal, "SIGSEGV");
    assert.equal(row("unexported-memory").hardened!.data.code, "harden-memory-none");
    assert.equal(seen("start-section-logs").start, "crashed");
    assert.deepEqual(row("start-section-logs").hardened!.data.statuses, [200]);
  });

  await t.test("the host spends hundreds of megabytes in one request", () => {
    for (const id of ["aliased-write", "header-adds", "shared-data-hoard"]) {
      const { idle, peak } = seen(id).memoryMiB as { idle: number | null; peak: number | null };
      if (idle !== null && peak !== null) assert.ok(peak - idle > 300, row(id).unhardened!.text);
    }
  });

  await t.test("arguments, quotas and budgets hold in a proxy that knows none of them", () => {
    assert.equal((row("other-cluster").hardened!.data.calls as string[]).length, 0);
    assert.deepEqual(
      (row("other-header").hardened!.data.tries as [string, number][])
        .filter(([, status]) => status === 0)
        .map(([what]) => what),
      ["add x-tenant"],
    );
    assert.equal(row("request-budget").hardened!.data.trap, "proxy_on_response_headers");
    assert.equal(row("many-streams").hardened!.data.failed, 0);
  });

  await t.test("7 (A8): loops through the host leave the worker to others", () => {
    for (const id of ["queue-feeder", "tick-storm", "dispatch-storm"]) {
      const { asked, failed } = row(id).hardened!.data.bystanders as Record<string, number>;
      assert.ok(asked! > 0, id);
      assert.equal(failed, 0, id);
    }
    assert.deepEqual(row("queue-feeder").hardened!.data.statuses, [200, 200, 200]);
    assert.equal(row("tick-storm").hardened!.data.ticks, 0);
    assert.equal((row("dispatch-storm").hardened!.data.calls as string[]).length, 32);
  });

  await t.test("the module's own statistics say how often each thing happened", () => {
    const told = row("telemetry").details.map(({ hardened: { data } }) => [data.name, data.said]);
    assert.deepEqual(
      told.filter(([name]) => !/callbacks|memory_pages/.test(String(name))),
      [
        ["glovebox.header-rewriter.fuel", 10],
        ["glovebox.credential-thief.denied.proxy_http_call", 2],
        ["glovebox.credential-thief.dispatches.exfiltration", 2],
        ["glovebox.slow-match.budget_exhausted", 1],
        ["glovebox.memory-leak.memory_refused", 1],
      ],
    );
    assert.equal(seen("telemetry").own, 0);
  });

  await t.test("a request out of fuel is let by or answered without a trap, that one only", () => {
    const soft = row("trap-fail-open").details.slice(-2);
    assert.deepEqual(
      soft.map(({ hardened: { data } }) => data),
      [
        { status: 200, served: 5, counted: 1 },
        { status: 503, served: 5, counted: 1 },
      ],
    );
  });

  await t.test("statistics stand beside every row, before and after", () => {
    const { before, after } = seen("memory-cap").stats as Record<"before" | "after", object>;
    assert.ok(Object.keys(before).length > 5);
    assert.ok(Object.keys(after).length >= Object.keys(before).length);
  });
  assert.deepEqual(left(), []);
});

test("harmless bytes under a hostile name prove nothing in an Envoy either", async (t) => {
  if (!present(t, "envoy")) return;
  const swapped = new Map(plugins);
  const harmless = wasm("header-tag");
  for (const name of ["no-memory-export", "start-logs", "header-adds", "shared-data-spy"]) {
    swapped.set(name, harmless);
  }
  const only = new Set(["shared-vm", "unexported-memory", "start-section-logs", "header-adds"]);
  const found = await findEnvoy(undefined, process.env);
  const report = await runTrialInEnvoy({ plugins: swapped, only }, found);
  const verdicts = report.rows.map((one) => [one.id, one.verdict]);
  assert.deepEqual(
    verdicts,
    [...only].map((id) => [id, "broken"]),
  );
});

test("a user's own plugin: measured, provoked or told as not exercised", async (t) => {
  if (!present(t, "envoy")) return;
  const found = await findEnvoy(undefined, process.env);
  const bytes = wasm("exfiltrate-http");
  const report = await trialPluginInEnvoy(bytes, policyFromRole("header-rewriter"), {}, found);
  const verdict = (id: string) => report.rows.find((one) => one.id === id)!.verdict;
  const ids = ["outbound-call", "digest-mismatch", "digest-breaks-load", "denied-capability"];
  for (const id of ids) assert.equal(verdict(id), "held", id);
  assert.equal(verdict("shared-vm"), "not-exercised");
  assert.equal(
    report.rows.some((one) => one.verdict === "broken"),
    false,
  );
  assert.match(report.rows[0]!.unhardened!.text, /1 call arrived/);
});

test("what an Envoy would not load is said before one is started", async (t) => {
  if (!present(t, "envoy")) return;
  const found = await findEnvoy(undefined, process.env);
  const policy = policyFromRole("header-rewriter");
  const refusal = (name: string, release = found.release) =>
    assert.rejects(
      trialPluginInEnvoy(wasm(name), policy, {}, { path: "/nonexistent", release }),
      (error: Error & { code?: string }) => error.code === "trial-envoy-refuses",
      name,
    );
  await refusal("unknown-import");
  await refusal("abi-no-marker");
  await refusal("start-logs");
});

test("a trial that is interrupted leaves neither a process nor a folder", async (t) => {
  if (!present(t, "envoy")) return;
  const program = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const child = spawn(process.execPath, [program, "trial", "--engine", "envoy"], {
      stdio: "ignore",
    });
    const ended = new Promise<NodeJS.Signals | null>((resolve) => {
      child.on("close", (_, by) => resolve(by));
    });
    while (!left().some((one) => one.includes("-c ")) && child.exitCode === null) await pause(20);
    child.kill(signal);
    assert.equal(await ended, signal);
    assert.deepEqual(left(), []);
  }
});
