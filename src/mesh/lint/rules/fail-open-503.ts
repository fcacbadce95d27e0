// FAIL_OPEN lets later requests pass; the one that trapped gets an error all the same.

import { istioFailurePolicySince } from "../../../spec/mesh-api.ts";
import { controlPlane, saysAllOfEnvoy } from "../../model.ts";
import type { Rule } from "../rule.ts";
import { judge } from "../security.ts";
import { has, istioSince } from "../targets.ts";

export const failOpen503: Rule = {
  id: "fail-open-503",
  level: "info",
  looksAt: "plugins that fail open",
  fix: null,
  summary: "a plugin that fails open still fails the request that traps",
  use: (use, { targets }, say) => {
    const { failure, dialect } = use;
    if (failure.policy?.value !== "FAIL_OPEN" || judge(use)?.security === true) return;
    const applies =
      controlPlane(dialect) === "istio" && !saysAllOfEnvoy(dialect)
        ? istioSince(targets, istioFailurePolicySince)
        : has(targets, dialect, "failure-policy");
    if (applies) say(failure.policy.at);
  },
};
