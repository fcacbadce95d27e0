// No vm_id, so that shared data is everybody's.
import { saysAllOfEnvoy } from "../../model.ts";
import { realNames } from "../resolve-names.ts";
import type { Rule } from "../rule.ts";
import { isBuiltIn } from "../security.ts";

const shared =
  /^proxy_(?:[gs]et_shared_data|(?:register|resolve|enqueue|dequeue)_?.*shared_queue)$/;

export const vmIdMissing: Rule = {
  id: "vm-id-missing",
  level: "warning",
  looksAt: "Envoy's own configuration, wherever it stands",
  fix: null,
  summary: "no `vm_id`, so that shared data is shared with every such plugin",
  use: (use, _, say) => {
    const { dialect, vmId, capabilities, code, name, partial, position } = use;
    if (isBuiltIn(use)) return;
    if (!saysAllOfEnvoy(dialect) || partial || code === null || position === "route") return;
    if ((vmId?.value ?? "") !== "") return;
    const names = realNames(capabilities);
    const uses = names.size > 0 && [...names].some((one) => shared.test(one));
    // A list without those calls leaves nothing to share; no list leaves everything.
    if (names.size > 0 && !uses) return;
    say(name.at, { name: name.value }, { level: uses ? "warning" : "info" });
  },
};
