// A module that is at hand and has no limits of its own.
import type { Rule } from "../rule.ts";

export const moduleUncapped: Rule = {
  id: "module-uncapped",
  level: "warning",
  looksAt: "modules that are at hand",
  fix: null,
  summary: "a module without limits of its own, so that it has none at all",
  use: (use, context, say) => {
    const facts = context.module(use);
    if (facts === null || facts.report.hardened) return;
    const max = facts.report.memory?.max ?? null;
    const memory =
      max === null ? "declares no maximum of memory" : `may take ${max} pages of memory`;
    say(use.code!.url.at, { memory });
  },
};
