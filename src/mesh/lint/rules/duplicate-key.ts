// Keys that stand twice in one map.
import type { Rule } from "../rule.ts";
import { schemaRule } from "../schema-rule.ts";

export const duplicateKey: Rule = schemaRule(
  {
    id: "duplicate-key",
    level: "error",
    looksAt: "every dialect",
    fix: null,
    summary: "a field that is set twice",
  },
  ["envoy-duplicate-key"],
);
