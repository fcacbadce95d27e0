// Every sample, adversary and plugin of another toolchain, inspected: what the catalogue says of it must be what
// inspect tells, and the written policy must be one under which it can be contained.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { engine } from "../../plugins/engine.ts";
import { fixture } from "../../plugins/fixtures.ts";
import { contain } from "../../src/contain/contain.ts";
import { inspect } from "../../src/inspect/inspect.ts";
import { leastPolicy } from "../../src/inspect/least-policy.ts";
import type { InspectReport } from "../../src/inspect/report.ts";
import { loadPolicy } from "../../src/policy/load.ts";
import { role } from "../../src/policy/roles.ts";
import { callback } from "../../src/spec/callbacks.ts";
import { hostFunction } from "../../src/spec/host-functions.ts";

const paths = await buildPlugins();
const rows: readonly PluginRow[] = plugins;
const built = rows.filter((row) => row.kind !== "fixture");
const reports = new Map<string, InspectReport>();

function bytesOf(name: string): Uint8Array {
  return readFileSync(paths.get(name)!);
}

function reportOf(name: string): InspectReport {
  const before = reports.get(name);
  if (before !== undefined) return before;
  const report = inspect(bytesOf(name));
  reports.set(name, report);
  return report;
}

const codes = (report: InspectReport): readonly string[] => report.findings.map((one) => one.code);

/** What the host would refuse or die of without the plugin's own code having run. */
const seenBeforehand = (row: PluginRow): boolean => row.acts === "load" || row.stock === "crashes";

for (const row of built) {
  test(`${row.name}: imports and exports are those that the engine sees`, () => {
    const report = reportOf(row.name);
    const module = new engine.Module(bytesOf(row.name));
    const imports = engine.Module.imports(module).map((one) => `${one.module}.${one.name}`);
    const told = report.imports.map((one) => `${one.module}.${one.name}`);
    assert.deepEqual([...told].sort(), [...new Set(imports)].sort());
    const memories = engine.Module.exports(module).filter((one) => one.kind === "memory");
    assert.deepEqual(
      report.memory?.exportedAs,
      memories.map((one) => one.name),
    );
    const looked = report.callbacks.map((one) => one.name);
    for (const name of row.exports) {
      const known = callback(name);
      const kind = known?.kind;
      if (known === undefined) assert.ok(report.otherExports.includes(name), name);
      else if (kind === "allocator") assert.equal(report.allocator, name);
      else if (kind === "start" && !known.gated)
        assert.ok(report.startFunctions.includes(name), name);
      else assert.ok(looked.includes(name), name);
    }
  });

  test(`${row.name}: stock Envoy ${row.stock} it, as far as that can be seen beforehand`, () => {
    const { stock } = reportOf(row.name);
    assert.equal(stock.verdict, seenBeforehand(row) ? row.stock : "loads");
    assert.equal(
      stock.since === null,
      codes(reportOf(row.name)).some((code) => /import-(unknown|abi|type|kind)/.test(code)),
    );
  });

  test(`${row.name}: an import is told with the table's capability, risk and reason`, () => {
    for (const one of reportOf(row.name).imports) {
      const known = hostFunction(one.module, one.name);
      assert.equal(one.risk, known?.risk ?? null);
      assert.equal(one.why, known?.why ?? null);
      assert.equal(one.alias, known?.alias ?? null);
      assert.equal(one.capability, known?.gated ? known.name : null);
    }
  });
}

/** What `contain` refuses for the module's own sake, whatever the policy. */
const refused = new Set(
  built
    .filter((row) => row.promise === "abi-mismatch" && row.stock === "refuses")
    .concat(built.filter((row) => row.memory === false))
    .map((row) => row.name),
);

for (const row of built) {
  test(`${row.name}: its least policy holds what it can call in that role, and nothing else`, () => {
    const report = reportOf(row.name);
    const policy = loadPolicy(leastPolicy(report, { name: row.name }), "p.yaml");
    const template = policy.role === null ? undefined : role(policy.role);
    const live = report.imports.filter((one) => one.known && one.reach !== "unused");
    const names = [...new Set(live.map((one) => one.name))];
    const startup = (name: string) => report.leastPolicy.withRole.includes(name);
    const wanted = names.filter(
      (name) => template === undefined || template.allow.includes(name) || startup(name),
    );
    // A role brings start-up calls that this plugin doesn't import; those can't be called anyway.
    const imported = [...policy.allow].filter((name) =>
      report.imports.some((one) => one.name === name),
    );
    assert.deepEqual(imported.sort(), wanted.sort());
    const direct = live.filter((one) => one.reach === "reachable").map((one) => one.name);
    for (const name of direct) assert.ok(policy.allow.has(name), `${name} is reached directly`);
    assert.equal(policy.sha256, report.sha256);
    assert.deepEqual(policy.warnings, []);
  });

  test(`${row.name}: ${refused.has(row.name) ? "is refused under any policy" : "can be contained under its least policy"}`, () => {
    const policy = loadPolicy(leastPolicy(reportOf(row.name), { name: row.name }), "p.yaml");
    if (refused.has(row.name)) {
      assert.throws(() => contain(bytesOf(row.name), policy), {
        name: "Failure",
        code: /^harden-/,
      });
      return;
    }
    const contained = contain(bytesOf(row.name), policy);
    assert.equal(inspect(contained.bytes).hardened, true);
  });
}

for (const row of built.filter((one) => one.kind === "sample")) {
  test(`${row.name}: the role that fits best is ${row.role ?? "none"}`, () => {
    assert.equal(reportOf(row.name).leastPolicy.role, row.role);
  });

  test(`${row.name}: the role of the catalogue leaves out nothing that it calls directly`, () => {
    if (row.role === null) return;
    const asked = inspect(bytesOf(row.name), { role: row.role as never }).leastPolicy;
    assert.equal(asked.role, row.role);
    assert.deepEqual(
      asked.leftOut.filter((one) => one.reach === "reachable"),
      [],
    );
  });
}

test("each adversary's crime is in its findings or in the risk of its calls", () => {
  assert.ok(codes(reportOf("no-memory-export")).includes("inspect-memory-unexported"));
  assert.ok(codes(reportOf("start-logs")).includes("inspect-start-crash"));
  assert.ok(codes(reportOf("unknown-import")).includes("inspect-import-unknown"));
  assert.ok(codes(reportOf("abi-no-marker")).includes("inspect-abi-missing"));
  assert.ok(codes(reportOf("abi-future-marker")).includes("inspect-abi-missing"));
  assert.ok(codes(reportOf("abi-old-marker")).includes("inspect-callback-type"));
  assert.ok(codes(reportOf("abi-wrong-import")).includes("inspect-import-abi"));
  assert.ok(codes(reportOf("exfiltrate-dns")).includes("inspect-ungated"));
  const outbound = built.filter((row) => row.promise === "outbound-call");
  assert.ok(outbound.length > 0);
  for (const { name } of outbound) {
    const risky = reportOf(name).imports.filter(
      (one) => one.risk === "high" && one.reach === "reachable",
    );
    assert.ok(
      risky.some((one) => one.group === "dispatch" || one.group === "dns"),
      name,
    );
    const narrow = inspect(bytesOf(name), { role: "header-rewriter" }).leastPolicy;
    const left = narrow.leftOut.filter((one) => one.reach === "reachable").map((one) => one.name);
    assert.ok(
      left.some((call) => risky.some((one) => one.name === call)),
      name,
    );
  }
});

test("an inspection is the same every time, and plain data", () => {
  const one = inspect(bytesOf("auth"));
  assert.deepEqual(JSON.parse(JSON.stringify(one)), one);
  assert.deepEqual(inspect(bytesOf("auth")), one);
});

const sdks: Readonly<Record<string, { id: string | null; language: string | null }>> = {
  "rust-auth": { id: "rust", language: "Rust" },
  "go-json": { id: null, language: "Go" },
  "solo-headers": { id: "assemblyscript-solo", language: "AssemblyScript" },
  auth: { id: "assemblyscript-gcore", language: "AssemblyScript" },
  "header-tag": { id: null, language: null },
};

for (const [name, expected] of Object.entries(sdks)) {
  test(`${name}: SDK and language are told, with evidence`, async (t) => {
    const isFixture = rows.find((row) => row.name === name)?.kind === "fixture";
    const found = isFixture ? await fixture(name) : { path: paths.get(name)! };
    if ("missing" in found) return t.skip(`toolchain missing: ${found.missing}`);
    const { sdk } = inspect(readFileSync(found.path));
    assert.deepEqual({ id: sdk.id, language: sdk.language }, expected);
    assert.equal(sdk.evidence.length > 0, expected.language !== null);
  });
}

for (const row of rows.filter((one) => one.kind === "fixture")) {
  test(`${row.name}: loads in stock Envoy and can be contained under its least policy`, async (t) => {
    const found = await fixture(row.name);
    if ("missing" in found) return t.skip(`toolchain missing: ${found.missing}`);
    const bytes = readFileSync(found.path);
    const report = inspect(bytes);
    assert.equal(report.stock.verdict, row.stock);
    const policy = loadPolicy(leastPolicy(report, { name: row.name, url: found.path }), "p.yaml");
    contain(bytes, policy);
  });
}
