// Two fields of which only one may be set.
import type { Rule } from "../rule.ts";
import { schemaRule } from "../schema-rule.ts";

export const oneofConflict: Rule = schemaRule(
  {
    id: "oneof-conflict",
    level: "error",
    looksAt: "every dialect",
    fix: null,
    summary: "two fields that exclude each other",
  },
  ["envoy-oneof"],
);
