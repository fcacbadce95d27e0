// Words that an enumeration doesn't have.
import type { Rule } from "../rule.ts";
import { schemaRule } from "../schema-rule.ts";

export const unknownValue: Rule = schemaRule(
  {
    id: "unknown-value",
    level: "error",
    looksAt: "every dialect",
    fix: null,
    summary: "a word that the field does not take",
  },
  ["envoy-bad-enum"],
);
