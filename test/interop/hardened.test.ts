// Third opinions on what harden writes: wasm-tools validates it, and a stock Envoy loads and configures it.
// Where Envoy refused the plugin as shipped or crashed over it, it must at least not crash or hang.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { PluginRow } from "../../plugins/catalog.ts";
import { contain } from "../../src/contain/contain.ts";
import { Failure } from "../../src/errors/failure.ts";
import { loadInEnvoy } from "./envoy.ts";
import { present, runParty } from "./party.ts";
import { allPlugins, policyOf, skipReason } from "./plugins.ts";

const scratch = await mkdtemp(join(tmpdir(), "glovebox-hardened-"));
after(() => rm(scratch, { recursive: true, force: true }));

interface Contained {
  readonly row: PluginRow;
  readonly mode: "bound" | "exact";
  readonly file: string;
}

const built = await allPlugins();

/** Every plugin that harden accepts, in both modes; of those that it refuses, the code. */
async function containAll() {
  const contained: Contained[] = [];
  const refused = new Map<string, string>();
  for (const one of built) {
    if ("missing" in one) continue;
    const { row } = one;
    const bytes = await readFile(one.path);
    for (const mode of ["bound", "exact"] as const) {
      try {
        const out = contain(bytes, policyOf(row, mode));
        const file = join(scratch, `${row.name}.${mode}.wasm`);
        await writeFile(file, out.bytes);
        contained.push({ row, mode, file });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        refused.set(`${row.name} ${mode}`, `${error.code}: ${error.message}`);
      }
    }
  }
  return { contained, refused };
}

const { contained, refused } = await containAll();

test("every well-behaved plugin, whatever its toolchain, can be contained", async (t) => {
  for (const one of built.filter(({ row }) => row.kind !== "adversary")) {
    const skip = "missing" in one ? skipReason(one.missing) : false;
    await t.test(one.row.name, { skip }, () => {
      const codes = ["bound", "exact"].map((mode) => refused.get(`${one.row.name} ${mode}`));
      assert.deepEqual(codes, [undefined, undefined]);
    });
  }
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
      const options = { rootId, configuration, timeoutMs: 180_000 };
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
      const options = { rootId, configuration, timeoutMs: 180_000 };
      const { verdict, output } = await loadInEnvoy(file, options);
      assert.ok(verdict === "loads" || verdict === "refuses", `${verdict}\n${output.slice(-2000)}`);
    });
  }
});
