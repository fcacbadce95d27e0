// A module that is at hand and imports what no list of capabilities covers.
import type { Rule } from "../rule.ts";

export const moduleUngated: Rule = {
  id: "module-ungated",
  level: "warning",
  looksAt: "modules that are at hand",
  fix: null,
  summary: "a module that imports a call which no list of capabilities covers",
  use: (use, context, say) => {
    if (use.capabilities === null) return;
    for (const { name, known, capability, risk } of context.module(use)?.report.imports ?? []) {
      if (known && capability === null && risk !== null && risk !== "low")
        say(use.capabilities.at, { name });
    }
  },
};
