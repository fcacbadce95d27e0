// A restriction in both places.
import { entryOf } from "../../read/tree-access.ts";
import type { Rule } from "../rule.ts";

export const capabilityTwice: Rule = {
  id: "capability-twice",
  level: "warning",
  looksAt: "Envoy's own configuration, wherever it stands",
  fix: null,
  summary: "capabilities restricted in two places, of which one counts",
  use: ({ tree }, _, say) => {
    const own = entryOf(tree, "capability_restriction_config");
    const inVm = entryOf(entryOf(tree, "vm_config")?.value, "capability_restriction_config");
    if (own !== undefined && inVm !== undefined) say(own.at);
  },
};
