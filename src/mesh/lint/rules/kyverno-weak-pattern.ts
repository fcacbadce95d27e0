// Demands that a plugin meets without being what is meant, or misses while being it.
import type { MapTree } from "../../envoy/read/tree.ts";
import { entryOf, mapUnder, textUnder } from "../../read/tree-access.ts";
import { covers, kindParts, kyvernoRules } from "../kyverno.ts";
import type { Rule, Say } from "../rule.ts";

function weak(spec: MapTree, say: Say): void {
  const sha256 = textUnder(spec, "sha256");
  if (sha256 !== null && /^[?*]+$/.test(sha256.value)) {
    say(sha256.at, {
      what: `\`${sha256.value}\` takes any digest`,
      why: "so it doesn't hold a plugin to a known one",
      instead: "Compare it with the digests that were released, by `deny` and a list or ConfigMap",
    });
  }
  const entry = spec.entries.find(({ key }) => key === "failStrategy");
  const strategy = textUnder(spec, "failStrategy");
  if (entry !== undefined && strategy?.value === "FAIL_CLOSE") {
    say(entry.at, {
      what: "a plugin that says no failStrategy is denied, though it fails closed",
      why: "and so is FAIL_RELOAD, which fails closed and comes back",
      instead: "Write `=(failStrategy): FAIL_CLOSE | FAIL_RELOAD`",
    });
  }
}

export const kyvernoWeakPattern: Rule = {
  id: "kyverno-weak-pattern",
  level: "warning",
  looksAt: "Kyverno's policies about plugins",
  fix: null,
  summary: "a pattern that misses what it means to catch",
  document: (document, _, say) => {
    for (const { tree, kinds } of kyvernoRules(document)) {
      if (!kinds.some((one) => covers(kindParts(one.value).kind, "WasmPlugin"))) continue;
      const spec = mapUnder(tree, "validate", "pattern", "spec");
      if (spec !== undefined && entryOf(tree, "validate") !== undefined) weak(spec, say);
    }
  },
};
