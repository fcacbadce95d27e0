// Modules that verify must accept: every generated function, both metering modes, every kind of construct.
import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyWithFacts } from "../../src/verify/verify.ts";
import { forge, type Plan, policy } from "./forge.ts";

function accepted(plan: Plan): void {
  const { findings } = verifyWithFacts(forge(plan), plan.policy ?? policy);
  assert.deepEqual(
    findings.map((one) => `${one.code}: ${one.message}`),
    [],
  );
}

test("a module with nothing but an empty charged callback is contained", () => {
  accepted({ guests: [{ type: ":", code: "CHARGE_G=9 end" }] });
});
