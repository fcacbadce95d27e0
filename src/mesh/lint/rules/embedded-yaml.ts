// YAML inside of a text, such as a MeshProxyPatch's value.
import type { Rule } from "../rule.ts";
import { schemaRule } from "../schema-rule.ts";

export const embeddedYaml: Rule = schemaRule(
  {
    id: "embedded-yaml",
    level: "error",
    looksAt: "every dialect",
    fix: null,
    summary: "YAML inside a text that can't be read",
  },
  ["envoy-bad-yaml"],
);
