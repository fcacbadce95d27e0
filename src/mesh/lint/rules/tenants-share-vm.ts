// The same code for several tenants, in one VM.
import type { PluginUse } from "../../model.ts";
import { saysAllOfEnvoy } from "../../model.ts";
import type { Rule } from "../rule.ts";

/** `tenant-a-auth` → `tenant-a`; what a plugin's name or route says of whose it is. */
function tenantOf({ name, scope }: PluginUse): string | undefined {
  const words = [name.value, ...scope.of].join(" ");
  return /\b((?:tenant|customer|team|org)[-_]?[a-z0-9]+)/i.exec(words)?.[1]?.toLowerCase();
}

const keyOf = ({ document, code, vmId }: PluginUse): string =>
  [document.file.name, vmId?.value ?? "", code?.url.value, code?.sha256?.value ?? ""].join("\0");

export const tenantsShareVm: Rule = {
  id: "tenants-share-vm",
  level: "warning",
  looksAt: "Envoy's own configuration, wherever it stands",
  fix: null,
  summary: "the same code for several tenants in one VM",
  project: (documents, _, say) => {
    const first = new Map<string, { readonly tenant: string }>();
    for (const use of documents.flatMap((one) => one.uses)) {
      const tenant = tenantOf(use);
      if (tenant === undefined || use.code === null || !saysAllOfEnvoy(use.dialect)) continue;
      const known = first.get(keyOf(use));
      if (known === undefined) first.set(keyOf(use), { tenant });
      else if (known.tenant !== tenant)
        say(use.document, use.name.at, { tenant, other: known.tenant });
    }
  },
};
