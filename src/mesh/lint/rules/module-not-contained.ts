// A module that is at hand and doesn't keep the policy that was given.
import type { Rule } from "../rule.ts";

export const moduleNotContained: Rule = {
  id: "module-not-contained",
  level: "error",
  looksAt: "modules that are at hand, with --policy",
  fix: null,
  summary: "a module that is not contained under the given policy",
  use: (use, context, say) => {
    if (context.module(use)?.contained === false) {
      say(use.code!.url.at, { policy: context.policy?.name ?? "given" });
    }
  },
};
