// Third opinions on what harden writes: wasm-tools validates it, and a stock Envoy loads and configures it.
// Where Envoy refused the plugin as shipped or crashed over it, it must at least not crash or hang.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { contain } from "../../src/contain/contain.ts";
import { Failure } from "../../src/errors/failure.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import type { RoleName } from "../../src/policy/roles.ts";
import { loadInEnvoy } from "./envoy.ts";
import { present, runParty } from "./party.ts";

const scratch = await mkdtemp(join(tmpdir(), "glovebox-hardened-"));
after(() => rm(scratch, { recursive: true, force: true }));

interface Contained {
  readonly row: PluginRow;
  readonly mode: "bound" | "exact";
  readonly file: string;
}

/** Every buildable plugin that harden accepts, in both modes; those that it refuses, with the code. */
async function containAll() {
  const rows: readonly PluginRow[] = plugins;
  const contained: Contained[] = [];
  const refused = new Map<string, string>();
  for (const [name, path] of await buildPlugins()) {
    const row = rows.find((one) => one.name === name)!;
    const bytes = await readFile(path);
    for (const mode of ["bound", "exact"] as const) {
      const overrides = { "spec.limits.fuel.mode": mode } as const;
      try {
        const out = contain(bytes, policyFromRole(row.role as RoleName | null, overrides));
        const file = join(scratch, `${name}.${mode}.wasm`);
        await writeFile(file, out.bytes);
        contained.push({ row, mode, file });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        refused.set(`${name} ${mode}`, error.code);
      }
    }
  }
  return { contained, refused };
}

const { contained, refused } = await containAll();

test("every well-behaved sample can be contained", () => {
  const samples = (plugins as readonly PluginRow[]).filter((row) => row.kind === "sample");
  const missing = samples.flatMap((row) =>
    ["bound", "exact"]
      .map((mode) => `${row.name} ${mode}`)
      .filter((key) => refused.has(key))
      .map((key) => `${key}: ${refused.get(key)}`),
  );
  assert.deepEqual(missing, []);
});

test("wasm-tools validates every hardened module", async (t) => {
  if (!present(t, "wasm-tools")) return;
  for (const { row, mode, file } of contained) {
    const { status, output } = await runParty("wasm-tools", ["validate", file], 60_000);
    assert.equal(status, 0, `${row.name} ${mode}: ${output}`);
  }
});

test("a stock Envoy loads every hardened module that it loads as shipped", async (t) => {
  if (!present(t, "envoy")) return;
  for (const { row, mode, file } of contained.filter((one) => one.row.stock === "loads")) {
    await t.test(`${row.name}, ${mode}`, async () => {
      const { rootId, configuration } = { rootId: row.name, configuration: row.configuration };
      const options = { rootId, configuration, timeoutMs: 20_000 };
      const { verdict, output } = await loadInEnvoy(file, options);
      assert.equal(verdict, "loads", output.slice(-2000));
    });
  }
});

test("a stock Envoy neither hangs on nor dies of any hardened module", async (t) => {
  if (!present(t, "envoy")) return;
  for (const { row, mode, file } of contained.filter((one) => one.row.stock !== "loads")) {
    await t.test(`${row.name}, ${mode} (as shipped: ${row.stock})`, async () => {
      const { rootId, configuration } = { rootId: row.name, configuration: row.configuration };
      const options = { rootId, configuration, timeoutMs: 20_000 };
      const { verdict, output } = await loadInEnvoy(file, options);
      assert.ok(verdict === "loads" || verdict === "refuses", `${verdict}\n${output.slice(-2000)}`);
    });
  }
});
