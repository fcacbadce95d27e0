// A policy that reports and lets everything in.
import { entryOf, mapUnder, textUnder } from "../../read/tree-access.ts";
import { kyvernoRules } from "../kyverno.ts";
import type { Rule } from "../rule.ts";

export const kyvernoAuditOnly: Rule = {
  id: "kyverno-audit-only",
  level: "warning",
  looksAt: "Kyverno's policies about plugins",
  fix: null,
  summary: "a policy about plugins that denies nothing",
  document: (document, _, say) => {
    const spec = mapUnder(document.root, "spec");
    const whole = textUnder(spec, "validationFailureAction");
    for (const { tree, name, kinds } of kyvernoRules(document)) {
      const validate = mapUnder(tree, "validate");
      if (
        validate === undefined ||
        !kinds.some((one) => /wasm|EnvoyFilter|TrafficExt/i.test(one.value))
      )
        continue;
      const own = textUnder(validate, "failureAction");
      const action = own ?? whole;
      if (action?.value.toLowerCase() === "enforce") continue;
      const at = action?.at ?? entryOf(tree, "validate")!.at;
      say(at, {
        name,
        why: action === null ? "says no failureAction, and Audit is the default" : "says Audit",
      });
    }
  },
};
