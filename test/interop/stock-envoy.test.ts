// What the catalogue says stock Envoy does while it loads a plugin, checked in a stock Envoy. The trial's
// "default" column leans on this.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadInEnvoy } from "./envoy.ts";
import { present } from "./party.ts";
import { allPlugins, skipReason } from "./plugins.ts";

test("stock Envoy does with every plugin what the catalogue says", async (t) => {
  if (!present(t, "envoy")) return;
  for (const built of await allPlugins()) {
    const { row } = built;
    const skip = "missing" in built ? skipReason(built.missing) : false;
    await t.test(`${row.name}: ${row.stock}`, { skip }, async () => {
      assert.ok("path" in built);
      const { verdict, output } = await loadInEnvoy(built.path, {
        rootId: row.name,
        configuration: row.configuration,
        timeoutMs: row.stock === "hangs" ? 4_000 : 60_000,
      });
      assert.equal(verdict, row.stock, output.slice(-2000));
    });
  }
});
