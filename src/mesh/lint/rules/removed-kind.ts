// Kinds that a control plane has removed.
import { removedKinds } from "../../../spec/mesh-api.ts";
import type { Rule } from "../rule.ts";

export const removedKind: Rule = {
  id: "removed-kind",
  level: "warning",
  looksAt: "the kinds of Kuma",
  fix: null,
  summary: "a kind that newer releases do not have",
  document: ({ kind, root }, _, say) => {
    const row = removedKinds.find((one) => one.kind === kind);
    if (row !== undefined) say(root.at, { kind, since: row.since, instead: row.instead });
  },
};
