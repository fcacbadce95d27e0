// Remote code in Envoy's own form that is asked for once more and never again.
import type { Rule } from "../rule.ts";

export const noRetry: Rule = {
  id: "no-retry",
  level: "info",
  looksAt: "remote code in Envoy's own form",
  fix: null,
  summary: "remote code without a retry policy",
  use: ({ code, dialect, partial }, _, say) => {
    if (code?.retry?.value !== false || partial) return;
    // Istio's agent fetches the code itself and retries by itself.
    if (dialect === "envoy-filter" || dialect === "config-dump") return;
    say(code.url.at);
  },
};
