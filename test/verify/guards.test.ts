// Modules with guards, quotas and request slots (docs/guards.md): what the policy demands is accepted, and nothing
// less than that.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policy } from "../../src/policy/policy.ts";
import { verify } from "../../src/verify/verify.ts";
import { forge, type Plan } from "./forge.ts";
import { checked, guardedPlan, quotaPolicy } from "./guarded.ts";

function codes(plan: Plan, policy: Policy = plan.policy!): string[] {
  return verify(forge(plan), policy).map(({ code, message }) => `${code}: ${message}`);
}

test("a module with every guard and with request slots is contained", () => {
  assert.deepEqual(codes(guardedPlan), []);
});

test("quotas alone, without rules and slots, are contained", () => {
  const exports = guardedPlan.exports!.filter(([, target]) => target !== "added");
  assert.deepEqual(codes({ ...guardedPlan, exports, policy: quotaPolicy }), []);
});
void checked;
