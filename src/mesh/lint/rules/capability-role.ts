// Capabilities of high risk that a plugin of this role has no use for.
import { role } from "../../../policy/roles.ts";
import { hostFunctionNamed } from "../../../spec/host-functions.ts";
import { realName } from "../resolve-names.ts";
import type { Rule } from "../rule.ts";
import { judge } from "../security.ts";

export const capabilityRole: Rule = {
  id: "capability-role",
  level: "warning",
  looksAt: "lists of capabilities",
  fix: null,
  summary: "a capability of high risk that the plugin's role has no use for",
  use: (use, _, say) => {
    const judgement = judge(use);
    if (judgement === undefined || judgement.why.startsWith("it may")) return;
    const allowed = new Set(role(judgement.role)!.allow);
    for (const { value, at } of use.capabilities?.names ?? []) {
      const row = hostFunctionNamed(realName(value));
      if (row === undefined || row.module !== "env" || row.risk !== "high" || allowed.has(row.name))
        continue;
      const why = row.why.charAt(0).toLowerCase() + row.why.slice(1);
      say(at, { name: row.name, role: judgement.role, told: judgement.why, why });
    }
  },
};
