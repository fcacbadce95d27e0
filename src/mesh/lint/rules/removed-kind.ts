// Kinds that a control plane has removed.
import { removedKinds } from "../../../spec/mesh-api.ts";
import type { Rule } from "../rule.ts";
import { kumaSince } from "../targets.ts";

export const removedKind: Rule = {
  id: "removed-kind",
  level: "warning",
  looksAt: "the kinds of Kuma",
  fix: null,
  summary: "a kind that newer releases do not have",
  document: ({ kind, root }, { targets }, say) => {
    const row = removedKinds.find((one) => one.kind === kind);
    if (row === undefined) return;
    const { since, instead } = row;
    // What an older release still reads goes on until then.
    const level = kumaSince(targets, since) ? "warning" : "info";
    say(root.at, { kind, since: `Kuma ${since}`, instead }, { level });
  },
};
