// What a policy about WasmPlugins means to catch and doesn't: other kinds that bring plugins in.

import type { MeshDocument } from "../../model.ts";
import { covers, type KyvernoRule, kindParts, kyvernoRules } from "../kyverno.ts";
import type { Rule } from "../rule.ts";
import { istioSince } from "../targets.ts";

const TRAFFIC_EXTENSION_SINCE = "1.30";

const matches = (rule: KyvernoRule, name: string): boolean =>
  rule.kinds.some((one) => covers(kindParts(one.value).kind, name));

export const kyvernoBypass: Rule = {
  id: "kyverno-bypass",
  level: "warning",
  looksAt: "Kyverno's policies about plugins",
  fix: null,
  summary: "a policy about WasmPlugin that other kinds walk around",
  project: (documents, { targets }, say) => {
    const rules = documents.flatMap((document) =>
      kyvernoRules(document).map((rule) => [document, rule] as const),
    );
    const others = [
      ...(istioSince(targets, TRAFFIC_EXTENSION_SINCE) ? ["TrafficExtension"] : []),
      "EnvoyFilter",
    ];
    const open = others.filter((name) => !rules.some(([, rule]) => matches(rule, name)));
    if (open.length === 0) return;
    const seen = new Set<MeshDocument>();
    for (const [document, rule] of rules) {
      const at = rule.kinds.find((one) => covers(kindParts(one.value).kind, "WasmPlugin"))?.at;
      if (at === undefined || seen.has(document)) continue;
      seen.add(document);
      say(document, at, { kinds: open.join(" and ") });
    }
  },
};
