// A registry's credentials in clear text.
import type { Rule } from "../rule.ts";

const SECRET = "ISTIO_META_WASM_IMAGE_PULL_SECRET";

export const pullSecretInline: Rule = {
  id: "pull-secret-inline",
  level: "error",
  looksAt: "environment variables of plugins",
  fix: null,
  summary: "a registry's credentials in the configuration",
  use: ({ environment, dialect }, _, say) => {
    // In a dump istiod itself has put it there.
    if (dialect === "config-dump") return;
    for (const { value, at } of environment.values) if (value === SECRET) say(at);
  },
};
