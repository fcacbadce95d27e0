// The plugins of other toolchains (C, C++, Go, Rust, the older AssemblyScript SDK) do request by request the
// same hardened and not, in both modes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { transcript } from "../same/cycles.ts";
import { allPlugins, guardedPolicyOf, policyOf, skipReason } from "./plugins.ts";

const fixtures = (await allPlugins()).filter(({ row }) => row.kind === "fixture");

for (const one of fixtures) {
  const skip = "missing" in one ? skipReason(one.missing) : false;
  test(`${one.row.name} does the same hardened and not`, { skip }, () => {
    if ("missing" in one) return;
    const bytes = new Uint8Array(readFileSync(one.path));
    const original = transcript(bytes, one.row);
    assert.match(original[0]!, /"running"/);
    for (const mode of ["bound", "exact"] as const) {
      for (const policy of [policyOf(one.row, mode), guardedPolicyOf(one.row, mode)]) {
        const { bytes: hardened } = contain(bytes, policy);
        assert.deepEqual(transcript(hardened, one.row), original, mode);
      }
    }
  });
}
