// Regression test 14 of docs/containment-rules.md in Wasmtime, with its 512 KiB of stack: however large the
// frames, our depth trap comes before the engine's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { Wasmtime, wasmtimeVersion } from "../fuzz/wasmtime.ts";
import { frames, recursive, ways } from "../rules/recursion.ts";

const ci = process.env.CI === "true" || process.env.CI === "1";
const calls = [{ name: "proxy_on_tick", args: [1] }];

for (const opt of ["none", "speed"] as const) {
  test(`14 (A25, A26): recursion ends on our depth before Wasmtime's stack is gone, level ${opt}`, async (t) => {
    if (wasmtimeVersion() === undefined) {
      const reason = "wasmtime is not installed (npm run test:interop installs it where it can)";
      if (ci) throw new Error(reason);
      t.skip(reason);
      return;
    }
    const wasmtime = new Wasmtime({ stack: 512 * 1024, opt });
    t.after(() => wasmtime.end());
    for (const [name, frame] of Object.entries(frames)) {
      for (const way of ways) {
        const what = `${name}, ${way}`;
        const original = recursive(frame, way);
        const plain = await wasmtime.run(original, calls);
        assert.equal(plain.steps[0]?.outcome, "trap stack", `${what}, without hardening`);
        for (const mode of ["bound", "exact"] as const) {
          const policy = policyFromRole("logging", {
            "spec.telemetry": false,
            "spec.limits.fuel.mode": mode,
          });
          const { steps, globals } = await wasmtime.run(contain(original, policy).bytes, calls);
          assert.equal(steps[0]?.outcome, "trap unreachable", `${what}, ${mode}`);
          assert.ok(Number(globals.glovebox_stack) < 0, `${what}, ${mode}`);
        }
      }
    }
  });
}
