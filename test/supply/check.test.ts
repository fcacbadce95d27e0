// The four checks of an artifact as it should be, in each way of signing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildWorld, check, type Way } from "./world.ts";

for (const way of ["bundle", "legacy", "keyless"] as const satisfies readonly Way[]) {
  test(`an artifact signed by ${way}, attested and contained, is accepted, and the report lists why`, async () => {
    const report = await check(await buildWorld(way));
    assert.deepEqual(
      report.checks.map(({ check: name, status }) => [name, status]),
      [
        ["pin", "absent"],
        ["signature", "held"],
        ["attestation", "held"],
        ["containment", "held"],
      ],
      JSON.stringify(report.checks, null, 1),
    );
    assert.equal(report.accepted, true);
    assert.equal(report.hardening?.policy.name, "tampered");
  });
}
