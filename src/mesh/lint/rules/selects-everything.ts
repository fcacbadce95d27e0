// A plugin for every workload that there is.
import type { Rule } from "../rule.ts";

/** Istio's root namespace, unless a mesh says otherwise. */
const ROOT = "istio-system";

export const selectsEverything: Rule = {
  id: "selects-everything",
  level: "warning",
  looksAt: "the kinds of Istio and Kuma",
  fix: null,
  summary: "a plugin that nothing narrows to some workloads",
  use: ({ dialect, scope, document, name, partial }, _, say) => {
    if (scope.kind !== "everything" || partial) return;
    if (
      dialect === "wasm-plugin" ||
      dialect === "traffic-extension" ||
      dialect === "envoy-filter"
    ) {
      const root = document.namespace === ROOT;
      const what = root ? "every proxy of the mesh" : "every proxy of its namespace";
      const level = root && dialect !== "envoy-filter" ? "warning" : "info";
      say(
        name.at,
        {
          name: name.value,
          what,
          field: dialect === "envoy-filter" ? "workloadSelector" : "selector or targetRefs",
        },
        { level },
      );
    } else if (dialect === "mesh-proxy-patch") {
      say(
        scope.at,
        { name: name.value, what: "every proxy of the mesh", field: "targetRef" },
        { level: "info" },
      );
    }
  },
};
