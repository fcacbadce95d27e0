// A restriction in a place where nobody reads one, so that the plugin runs without.

import { saysAllOfEnvoy } from "../../model.ts";
import { entryOf } from "../../read/tree-access.ts";
import { restrictionFields } from "../invented.ts";
import type { Rule } from "../rule.ts";
import { envoyFor, has } from "../targets.ts";

/** In both of the spellings that people try. */
const hoped = new Set(
  [...restrictionFields].flatMap((name) => [
    name,
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  ]),
);

export const capabilityDropped: Rule = {
  id: "capability-dropped",
  level: "error",
  looksAt: "restrictions of capabilities, in every dialect",
  fix: null,
  summary: "a restriction where the release or the control plane drops it",
  use: (use, { targets }, say) => {
    const { dialect, capabilities, tree } = use;
    if (!saysAllOfEnvoy(dialect)) {
      for (const { key, at } of tree.entries) {
        if (!hoped.has(key)) continue;
        const instead =
          "Write Envoy's own configuration instead: an EnvoyFilter, or a hardened module";
        say(at, { where: `a ${use.document.kind}`, why: "the kind has no such field", instead });
      }
      return;
    }
    if (capabilities?.in === "VmConfig" && !has(targets, dialect, "restriction-in-vm-key")) {
      const release = `Envoy ${envoyFor(targets, dialect)}`;
      const why =
        dialect === "envoy-filter"
          ? `istiod knows the field from Envoy 1.40 on and drops it before ${release}`
          : `${release} does not have the field, which came with 1.40`;
      const instead = "Move the block to the plugin's config, beside vm_config";
      say(capabilities.at, { where: "vm_config", why, instead });
    }
    for (const holder of [tree, entryOf(tree, "vm_config")?.value]) {
      const stray = entryOf(holder, "allowed_capabilities");
      if (stray === undefined) continue;
      const instead = "Put it into a `capability_restriction_config`";
      say(stray.at, { where: "this message", why: "it is a field of another one", instead });
    }
  },
};
