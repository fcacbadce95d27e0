// What the catalogue says stock Envoy does while it loads a plugin, checked in a stock Envoy. The trial's
// "default" column leans on this.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PluginRow } from "../../plugins/catalog.ts";
import { loadInEnvoy } from "./envoy.ts";
import { present } from "./party.ts";
import { allPlugins, skipReason } from "./plugins.ts";

/** `--mode validate` sets no timers: what hangs in its first tick gets through. */
const whileValidating = ({ acts, stock }: PluginRow): PluginRow["stock"] =>
  acts === "tick" && stock === "hangs" ? "loads" : stock;

test("stock Envoy does with every plugin what the catalogue says", async (t) => {
  if (!present(t, "envoy")) return;
  for (const built of await allPlugins()) {
    const { row } = built;
    const skip = "missing" in built ? skipReason(built.missing) : false;
    const expected = whileValidating(row);
    await t.test(`${row.name}: ${expected}`, { skip }, async () => {
      assert.ok("path" in built);
      const { verdict, output } = await loadInEnvoy(built.path, {
        rootId: row.name,
        configuration: row.configuration,
        timeoutMs: expected === "hangs" ? 4_000 : 180_000,
      });
      assert.equal(verdict, expected, output.slice(-2000));
    });
  }
});
