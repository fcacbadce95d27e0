// A restriction that names nothing: hosts take it for none.
import type { Rule } from "../rule.ts";

export const capabilityEmpty: Rule = {
  id: "capability-empty",
  level: "error",
  looksAt: "lists of capabilities",
  fix: null,
  summary: "an empty list of capabilities allows everything",
  use: ({ capabilities }, _, say) => {
    if (capabilities !== null && capabilities.form !== "other" && capabilities.names.length === 0) {
      say(capabilities.listAt);
    }
  },
};
