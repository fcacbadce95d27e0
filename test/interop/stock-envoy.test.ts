// What the catalogue says stock Envoy does while it loads a plugin, checked in a stock Envoy. The trial's
// "default" column leans on this.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { loadInEnvoy } from "./envoy.ts";
import { present } from "./party.ts";

const rows: readonly PluginRow[] = plugins;
const paths = await buildPlugins();

test("stock Envoy does with every sample and adversary what the catalogue says", async (t) => {
  if (!present(t, "envoy")) return;
  for (const row of rows.filter((one) => paths.has(one.name))) {
    await t.test(`${row.name}: ${row.stock}`, async () => {
      const { verdict, output } = await loadInEnvoy(paths.get(row.name)!, {
        rootId: row.name,
        configuration: row.configuration,
        timeoutMs: row.stock === "hangs" ? 4_000 : 60_000,
      });
      assert.equal(verdict, row.stock, output.slice(-2000));
    });
  }
});
