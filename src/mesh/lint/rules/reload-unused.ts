// A back-off for reloads that never happen.
import { entryOf, under } from "../../read/tree-access.ts";
import type { Rule } from "../rule.ts";

export const reloadUnused: Rule = {
  id: "reload-unused",
  level: "warning",
  looksAt: "Envoy's own configuration, wherever it stands",
  fix: null,
  summary: "a reload policy that has no effect",
  use: ({ failure, tree }, _, say) => {
    if (failure.reload === null) return;
    if (failure.policy?.value !== "FAIL_RELOAD") {
      say(failure.reload.at, { what: "reload_config", why: "only FAIL_RELOAD reloads" });
      return;
    }
    const max = entryOf(under(tree, "reload_config", "backoff"), "max_interval");
    if (max !== undefined) {
      say(
        max.at,
        { what: "max_interval", why: "Envoy waits base_interval, always" },
        { level: "info" },
      );
    }
  },
};
