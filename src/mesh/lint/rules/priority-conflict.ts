// Plugins of one phase and one priority on the same workloads: their names decide which comes first.
import type { PluginUse } from "../../model.ts";
import type { Rule } from "../rule.ts";

const placeOf = ({ document, phase, priority, scope, position }: PluginUse): string => {
  const where = scope.kind === "everything" ? "everything" : scope.of.join(",");
  const when = phase?.value ?? "UNSPECIFIED_PHASE";
  // Without a namespace, only files that belong together say that it is the same.
  const namespace = document.namespace === "" ? document.file.name : document.namespace;
  return [namespace, position, when, priority?.value ?? 0, scope.kind, where].join("\0");
};

export const priorityConflict: Rule = {
  id: "priority-conflict",
  level: "info",
  looksAt: "WasmPlugin and TrafficExtension",
  fix: null,
  summary: "plugins whose order only their names decide",
  project: (documents, _, say) => {
    const first = new Map<string, PluginUse>();
    for (const use of documents.flatMap((one) => one.uses)) {
      if (use.dialect !== "wasm-plugin" && use.dialect !== "traffic-extension") continue;
      const known = first.get(placeOf(use));
      if (known === undefined) first.set(placeOf(use), use);
      else if (known.document.name !== use.document.name) {
        say(use.document, (use.priority ?? use.phase ?? use.name).at, {
          name: use.name.value,
          other: known.name.value,
        });
      }
    }
  },
};
