// One vm_id for plugins that are not the same.
import type { MeshDocument, PluginUse } from "../../model.ts";
import { realNames } from "../resolve-names.ts";
import type { Rule } from "../rule.ts";
import { has } from "../targets.ts";

const codeOf = ({ code }: PluginUse): string => code?.sha256?.value || code?.url.value || "";

/** What is loaded together: a file of Envoy's, the resources of a namespace. */
const groupOf = ({ document, vmId }: PluginUse): string =>
  `${document.kind === "" ? document.file.name : `${document.dialect} ${document.namespace}`}\0${vmId?.value}`;

function groups(documents: readonly MeshDocument[]): readonly (readonly PluginUse[])[] {
  const byGroup = new Map<string, PluginUse[]>();
  for (const use of documents.flatMap((one) => one.uses)) {
    if ((use.vmId?.value ?? "") === "" || use.code === null) continue;
    byGroup.set(groupOf(use), [...(byGroup.get(groupOf(use)) ?? []), use]);
  }
  return [...byGroup.values()];
}

const sameList = (a: PluginUse, b: PluginUse): boolean =>
  [...realNames(a.capabilities)].sort().join() === [...realNames(b.capabilities)].sort().join();

export const vmIdShared: Rule = {
  id: "vm-id-shared",
  level: "warning",
  looksAt: "Envoy's own configuration, wherever it stands",
  fix: null,
  summary: "one `vm_id` for plugins that are not the same",
  project: (documents, { targets }, say) => {
    for (const [first, ...others] of groups(documents)) {
      for (const use of others) {
        // The same plugin in several places of a proxy is no sharing.
        if (use.name.value === first!.name.value && codeOf(use) === codeOf(first!)) continue;
        const other = first!.name.value;
        const sameCode = codeOf(use) === codeOf(first!);
        const isolated = has(targets, use.dialect, "restriction-in-vm-key");
        const stolen = sameCode && !isolated && !sameList(use, first!);
        const what = stolen
          ? "they are one VM, which has the capabilities of whichever was made first"
          : sameCode
            ? "they are one VM: a trap in one ends the other, and each reads what the other keeps"
            : "each reads and changes what the other keeps in shared data";
        say(
          use.document,
          use.vmId!.at,
          { name: use.name.value, other, what },
          { level: stolen ? "error" : "warning" },
        );
      }
    }
  },
};
