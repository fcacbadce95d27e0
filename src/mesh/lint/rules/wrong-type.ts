// Values of another type than their field's.
import type { Rule } from "../rule.ts";
import { schemaRule } from "../schema-rule.ts";

export const wrongType: Rule = schemaRule(
  {
    id: "wrong-type",
    level: "error",
    looksAt: "every dialect",
    fix: null,
    summary: "a value of another type than its field has",
  },
  ["envoy-wrong-type"],
);
