// Patches that istiod doesn't do.
import type { Rule } from "../rule.ts";

/** What istiod makes of a WasmPlugin or a TrafficExtension, behind all patches. */
const made = /^extensions\.istio\.io\/(?:wasmplugin|trafficextension)\//;

export const patchIgnored: Rule = {
  id: "patch-ignored",
  level: "error",
  looksAt: "EnvoyFilter",
  fix: null,
  summary: "a patch that istiod never applies",
  document: ({ patches, dialect }, _, say) => {
    if (dialect !== "envoy-filter") return;
    for (const { applyTo, operation, target, at } of patches) {
      const op = operation?.value ?? "INVALID";
      if (applyTo?.value === "EXTENSION_CONFIG" && op !== "ADD") {
        const what = `EXTENSION_CONFIG with ${op}`;
        say((operation ?? applyTo).at, { what, why: "only ADD is done there" });
      } else if (target !== null && made.test(target.value) && ["MERGE", "REPLACE"].includes(op)) {
        const why = "filters of a WasmPlugin come from the extension's own configuration";
        say(target.at === at ? at : target.at, {
          what: `a patch of ${target.value.slice(0, 80)}`,
          why,
        });
      }
    }
  },
};
