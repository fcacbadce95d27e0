// Alerts and recordings on statistics that no Envoy has.
import type { Tree } from "../../envoy/read/tree.ts";
import { mapsUnder, textUnder, under } from "../../read/tree-access.ts";
import type { Rule } from "../rule.ts";

/** The article's names, and their shape in Prometheus. */
const invented =
  /\b(?:envoy_)?(?:wasm_filter_\w*(?:execution_failures|fail_open_count|fail_close_count)|wasm_vm_\w*(?:dispatch_calls_total|memory_pages_current)|wasm_runtime_internal_errors|wasm_runtime_\w+_engine_compile_(?:failures|successes))\b/;

function rulesIn(root: Tree): readonly Tree[] {
  const groups = [...mapsUnder(root, "groups"), ...mapsUnder(root, "spec", "groups")];
  return groups.flatMap((group) => mapsUnder(group, "rules"));
}

export const inventedStatistic: Rule = {
  id: "invented-statistic",
  level: "error",
  looksAt: "rules of Prometheus",
  fix: null,
  summary: "an alert on a statistic that no Envoy has, which never fires",
  document: ({ kind, root }, _, say) => {
    if (kind !== "PrometheusRule" && kind !== "PrometheusRules") return;
    for (const rule of rulesIn(root)) {
      const expression = textUnder(rule, "expr");
      const name = invented.exec(expression?.value ?? "")?.[0];
      if (name !== undefined) say(under(rule, "expr")!.at, { name });
    }
  },
};
