// Fields that were deprecated for so long that Envoy refuses them.
import type { Rule } from "../rule.ts";
import { schemaRule } from "../schema-rule.ts";

export const disallowedField: Rule = schemaRule(
  {
    id: "disallowed-field",
    level: "error",
    looksAt: "every dialect",
    fix: null,
    summary: "a field that Envoy refuses by now",
  },
  ["envoy-disallowed"],
);
