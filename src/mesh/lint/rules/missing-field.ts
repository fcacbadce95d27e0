// Fields that a message can't do without.
import type { Rule } from "../rule.ts";
import { schemaRule } from "../schema-rule.ts";

export const missingField: Rule = schemaRule(
  {
    id: "missing-field",
    level: "error",
    looksAt: "every dialect",
    fix: null,
    summary: "a field that must be set and isn't",
  },
  ["envoy-missing-field", "envoy-missing-type"],
);
