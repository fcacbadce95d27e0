// A pull policy that does nothing, or the wrong thing, with this reference.
import type { Rule } from "../rule.ts";

export const pullPolicy: Rule = {
  id: "pull-policy",
  level: "warning",
  looksAt: "code in registries",
  fix: null,
  summary: "a pull policy that doesn't fit how the code is pinned",
  use: ({ code }, _, say) => {
    if (code === null || code.kind !== "oci" || code.pullPolicy === null) return;
    const pinned = code.digest !== null || (code.sha256?.value ?? "") !== "";
    const { value, at } = code.pullPolicy;
    if (value === "Always" && pinned) {
      say(
        at,
        {
          what: "asks the registry each time for what its digest says already: a registry that is down keeps proxies from starting",
        },
        { level: "info" },
      );
    } else if (value === "IfNotPresent" && !pinned && code.tag === "latest") {
      say(at, {
        what: "keeps whatever `latest` was when each proxy first asked, so that proxies run different code",
      });
    }
  },
};
