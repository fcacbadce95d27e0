// Every plugin of the catalogue, built: samples and adversaries always, those of other toolchains where the
// toolchain is. In CI a missing toolchain is a failure of `fixture`, elsewhere it is listed with its reason.
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { fixture } from "../../plugins/fixtures.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import type { RoleName } from "../../src/policy/roles.ts";

export type Built =
  | { readonly row: PluginRow; readonly path: string }
  | { readonly row: PluginRow; readonly missing: string };

/** In the catalogue's order. */
export async function allPlugins(): Promise<readonly Built[]> {
  const paths = await buildPlugins();
  const all: Built[] = [];
  for (const row of plugins as readonly PluginRow[]) {
    if (row.kind === "fixture") all.push({ row, ...(await fixture(row.name)) });
    else all.push({ row, path: paths.get(row.name)! });
  }
  return all;
}

/** One line, the same for every test, so that skips are counted together. */
export const skipReason = (missing: string): string => `toolchain missing: ${missing}`;

/** What a plugin's SDK asks for beyond the plugin's role: the older AssemblyScript SDK reads its root id. */
const beyondRole: Readonly<Record<string, readonly string[]>> = {
  "solo-headers": ["proxy_get_property"],
};

/** The policy that somebody would write for the plugin. */
export function policyOf(row: PluginRow, mode: "bound" | "exact"): Policy {
  return policyFromRole(row.role as RoleName | null, {
    "spec.limits.fuel.mode": mode,
    "spec.capabilities.allow+": beyondRole[row.name] ?? [],
  });
}
