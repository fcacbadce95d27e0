// Kyverno's older kinds and the older form of their match.

import { entryOf } from "../../read/tree-access.ts";
import { isAdmission } from "../admission.ts";
import { isKyverno, kyvernoRules } from "../kyverno.ts";
import type { Rule } from "../rule.ts";

export const kyvernoLegacy: Rule = {
  id: "kyverno-legacy",
  level: "info",
  looksAt: "Kyverno's policies about plugins",
  fix: null,
  summary: "a kind or form of Kyverno's that is on its way out",
  document: (document, _, say) => {
    if (isAdmission(document) && /^policies\.kyverno\.io\/v1alpha1$/.test(document.apiVersion)) {
      const { at } = entryOf(document.root, "apiVersion")!;
      say(at, {
        what: "v1alpha1 of policies.kyverno.io is deprecated",
        instead: "policies.kyverno.io/v1",
      });
    }
    if (!isKyverno(document)) return;
    const rules = kyvernoRules(document);
    const old = rules.filter((rule) => rule.bare).map((rule) => entryOf(rule.tree, "match")!);
    const place = entryOf(entryOf(document.root, "spec")?.value, "validationFailureAction");
    // Written in its last form, the kind is chosen for clusters that have no other.
    if (old.length === 0 && place === undefined) return;
    const what = `the kind ${document.kind} of kyverno.io is deprecated since 1.17`;
    const kind = entryOf(document.root, "kind")!;
    say(kind.at, { what, instead: "ValidatingPolicy of policies.kyverno.io/v1" });
    for (const { at } of old) {
      say(at, { what: "`match.resources` is the older form", instead: "`match.any` with a list" });
    }
  },
};
