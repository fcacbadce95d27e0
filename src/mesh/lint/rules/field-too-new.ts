// Fields and values that a release doesn't have yet.

import { envoyFeatures } from "../../../spec/envoy-versions.ts";
import { meshSince } from "../../../spec/mesh-api.ts";
import { saysAllOfEnvoy } from "../../model.ts";
import { entryOf } from "../../read/tree-access.ts";
import type { Rule } from "../rule.ts";
import { envoyFor, has, istioSince } from "../targets.ts";

/** Field of PluginConfig → the feature that it came with. */
const fields = [
  ["failure_policy", "failure-policy"],
  ["reload_config", "failure-policy"],
  ["allow_on_headers_stop_iteration", "headers-stop-iteration"],
] as const;

const since = (id: string): string => envoyFeatures.find((row) => row.id === id)!.since;

export const fieldTooNew: Rule = {
  id: "field-too-new",
  level: "error",
  looksAt: "every dialect, with --target",
  fix: null,
  summary: "a field or value that the release that is meant does not have",
  use: ({ tree, dialect }, { targets }, say) => {
    if (!saysAllOfEnvoy(dialect)) return;
    for (const [field, feature] of fields) {
      const entry = entryOf(tree, field);
      if (entry === undefined || has(targets, dialect, feature)) continue;
      const release = `Envoy ${envoyFor(targets, dialect)}`;
      say(entry.at, { field, release, since: since(feature) });
    }
  },
  document: ({ kind, root, uses }, { targets }, say) => {
    for (const row of meshSince) {
      const kinds = row.kind === "WasmPlugin" ? ["WasmPlugin", "TrafficExtension"] : [row.kind];
      if (!kinds.includes(kind) || istioSince(targets, row.since)) continue;
      const release = `Istio ${targets.istio}`;
      if (row.path === "") say(root.at, { field: `kind ${kind}`, release, since: row.since });
      for (const { failure } of uses) {
        if (row.path === "" || failure.policy?.value !== row.value) continue;
        const field = `${row.path} ${row.value}`;
        say(failure.policy.at, { field, release, since: row.since });
      }
    }
  },
};
