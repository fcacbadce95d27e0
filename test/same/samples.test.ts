// Hardening changes nothing but the limits: every well-behaved sample, hardened in either mode under the policy
// that somebody would write for it, does request by request what the original does; also with guards and telemetry.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pluginPath } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { contain } from "../../src/contain/contain.ts";
import { guardedPolicyOf, policyOf } from "../interop/plugins.ts";
import { transcript } from "./cycles.ts";

const samples = (plugins as readonly PluginRow[]).filter((row) => row.kind === "sample");

test("there are samples", () => {
  assert.ok(samples.length >= 5);
});

for (const row of samples) {
  test(`${row.name} does the same hardened and not`, () => {
    const bytes = new Uint8Array(readFileSync(pluginPath(row.name)));
    const original = transcript(bytes, row);
    assert.match(original[0]!, /"running"/);
    for (const mode of ["bound", "exact"] as const) {
      for (const policy of [policyOf(row, mode), guardedPolicyOf(row, mode)]) {
        assert.deepEqual(transcript(contain(bytes, policy).bytes, row), original, mode);
      }
    }
  });
}
