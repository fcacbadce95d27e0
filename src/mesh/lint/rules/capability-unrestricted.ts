// A plugin that may call everything, where its configuration could say less.
import { saysAllOfEnvoy } from "../../model.ts";
import type { Rule } from "../rule.ts";
import { isBuiltIn } from "../security.ts";

export const capabilityUnrestricted: Rule = {
  id: "capability-unrestricted",
  level: "info",
  looksAt: "Envoy's own configuration, wherever it stands",
  fix: null,
  summary: "a plugin that nothing keeps from any host call",
  use: (use, context, say) => {
    if (!saysAllOfEnvoy(use.dialect) || use.partial || use.code === null) return;
    if (use.capabilities !== null || use.position === "route") return;
    if (isBuiltIn(use)) return;
    if (context.module(use)?.report.hardened === true) return;
    say(use.name.at, { name: use.name.value });
  },
};
