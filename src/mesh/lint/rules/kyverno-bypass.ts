// What a policy about WasmPlugins means to catch and doesn't: other kinds that bring plugins in.

import type { MeshDocument } from "../../model.ts";
import { matchedKinds, resourceRules } from "../admission.ts";
import { covers, kindParts, kyvernoRules } from "../kyverno.ts";
import type { Rule } from "../rule.ts";
import { istioSince } from "../targets.ts";

const TRAFFIC_EXTENSION_SINCE = "1.30";

interface Matched {
  readonly document: MeshDocument;
  /** Where the match stands that speaks of WasmPlugin; undefined where none does. */
  readonly at: number | undefined;
  readonly matches: (kind: string) => boolean;
}

/** What each policy matches, in whichever form it is. */
function matchedBy(document: MeshDocument): readonly Matched[] {
  const legacy = kyvernoRules(document).map(({ kinds }) => {
    const covering = (kind: string) => kinds.find((one) => covers(kindParts(one.value).kind, kind));
    const matches = (kind: string) => covering(kind) !== undefined;
    return { document, at: covering("WasmPlugin")?.at, matches };
  });
  const newer = resourceRules(document).map((rule) => {
    const kinds = matchedKinds(rule);
    const at = kinds.includes("WasmPlugin") ? rule.resources[0]?.at : undefined;
    return { document, at, matches: (kind: string) => kinds.includes(kind) };
  });
  return [...legacy, ...newer];
}

export const kyvernoBypass: Rule = {
  id: "kyverno-bypass",
  level: "warning",
  looksAt: "policies about plugins, Kyverno's and Kubernetes' own",
  fix: null,
  summary: "a policy about WasmPlugin that other kinds walk around",
  project: (documents, { targets }, say) => {
    const rules = documents.flatMap(matchedBy);
    const others = [
      ...(istioSince(targets, TRAFFIC_EXTENSION_SINCE) ? ["TrafficExtension"] : []),
      "EnvoyFilter",
    ];
    const open = others.filter((name) => !rules.some((rule) => rule.matches(name)));
    if (open.length === 0) return;
    const seen = new Set<MeshDocument>();
    for (const { document, at } of rules) {
      if (at === undefined || seen.has(document)) continue;
      seen.add(document);
      say(document, at, { kinds: open.join(" and ") });
    }
  },
};
