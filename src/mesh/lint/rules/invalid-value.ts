// Values that break a rule of the schema's.
import type { Rule } from "../rule.ts";
import { schemaRule } from "../schema-rule.ts";

export const invalidValue: Rule = schemaRule(
  {
    id: "invalid-value",
    level: "error",
    looksAt: "every dialect",
    fix: null,
    summary: "a value that breaks a rule of its field",
  },
  ["envoy-invalid-value"],
);
