// A variable from both sources.
import { shown } from "../../read/tree-access.ts";
import type { Rule } from "../rule.ts";

export const environmentTwice: Rule = {
  id: "environment-twice",
  level: "error",
  looksAt: "environment variables of plugins",
  fix: null,
  summary: "a variable that is set twice, which Envoy refuses",
  use: ({ environment }, _, say) => {
    const seen = new Set<string>();
    for (const { value, at } of [...environment.host, ...environment.values]) {
      if (seen.has(value)) say(at, { variable: shown(value) });
      seen.add(value);
    }
  },
};
