// Fields that Envoy still reads and says to leave, by the release that is meant.

import { envoyReleases } from "../../../spec/envoy-versions.ts";
import { type PluginUse, saysAllOfEnvoy } from "../../model.ts";
import { entryOf } from "../../read/tree-access.ts";
import { reword } from "../edits.ts";
import type { Fix, Rule } from "../rule.ts";
import { envoyFor, has } from "../targets.ts";

/** `fail_open: false` says what FAIL_CLOSED says; `true` also lets the request pass that traps. */
function failurePolicy({ document, failure, tree }: PluginUse): Fix | undefined {
  const key = entryOf(tree, "fail_open");
  const value = failure.failOpen;
  if (key === undefined || value === null || failure.policy !== null) return undefined;
  const name = reword(document.file, key.at, key.key, "failure_policy");
  const word = value.value ? "FAIL_OPEN" : "FAIL_CLOSED";
  const put = reword(document.file, value.at, String(value.value), word);
  if (name === undefined || put === undefined) return undefined;
  return { safety: value.value ? "unsafe" : "safe", edits: [name, put] };
}

/** The plugin's own fields have rows of their own. */
const own = /^PluginConfig\.(?:fail_open|capability_restriction_config)$/;

export const deprecatedField: Rule = {
  id: "deprecated-field",
  level: "warning",
  looksAt: "Envoy's own configuration, wherever it stands",
  fix: "safe",
  summary: "a field that is deprecated in the release that is meant",
  use: (use, { targets }, say) => {
    if (!saysAllOfEnvoy(use.dialect)) return;
    const flag = entryOf(use.tree, "fail_open");
    if (flag !== undefined && has(targets, use.dialect, "failure-policy")) {
      const args = { field: "PluginConfig.fail_open", instead: "failure_policy, since 1.33" };
      say(flag.at, args, { fix: failurePolicy(use) });
    }
    const { capabilities } = use;
    // What meshes and gateways send is read by a proxy of theirs, which may know the older place alone.
    const plain = use.dialect === "envoy" || use.dialect === "config-dump";
    if (
      plain &&
      capabilities?.in === "PluginConfig" &&
      has(targets, use.dialect, "restriction-in-vm-key")
    ) {
      const instead = "the same block in vm_config, since 1.40";
      say(
        capabilities.at,
        { field: "PluginConfig.capability_restriction_config", instead },
        { level: "info" },
      );
    }
  },
  document: ({ notes, dialect }, { targets }, say) => {
    // The table is of the newest release; what an older one deprecates isn't known.
    if (envoyFor(targets, dialect) !== envoyReleases.at(-1)!.release) return;
    for (const { code, at, args } of notes) {
      const field = String(args.field);
      if (code !== "envoy-deprecated" || own.test(field)) continue;
      say(at, { field, instead: "what Envoy's documentation names" }, { level: "info" });
    }
  },
};
