// Kyverno's older kinds and the older form of their match.

import { entryOf } from "../../read/tree-access.ts";
import { isKyverno, kyvernoRules } from "../kyverno.ts";
import type { Rule } from "../rule.ts";

export const kyvernoLegacy: Rule = {
  id: "kyverno-legacy",
  level: "info",
  looksAt: "Kyverno's policies about plugins",
  fix: null,
  summary: "a kind or form of Kyverno's that is on its way out",
  document: (document, _, say) => {
    if (!isKyverno(document)) return;
    const kind = entryOf(document.root, "kind");
    const instead = "ValidatingPolicy of policies.kyverno.io/v1";
    if (kind !== undefined)
      say(kind.at, {
        what: `the kind ${document.kind} of kyverno.io is deprecated since 1.17`,
        instead,
      });
    for (const { tree, bare } of kyvernoRules(document)) {
      if (bare)
        say(entryOf(tree, "match")!.at, {
          what: "`match.resources` is the older form",
          instead: "`match.any` with a list",
        });
    }
  },
};
