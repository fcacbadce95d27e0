// A plugin in typed_per_filter_config, which no Envoy takes.
import type { Rule } from "../rule.ts";

export const routePlugin: Rule = {
  id: "route-plugin",
  level: "error",
  looksAt: "routes",
  fix: null,
  summary: "a plugin on a route, which every Envoy refuses",
  use: ({ position, at, name, dialect }, _, say) => {
    if (position === "route")
      say(at, { name: name.value, who: dialect === "envoy-filter" ? "the proxy" : "Envoy" });
  },
};
