// Every plugin of the catalogue, built: samples and adversaries always, those of other toolchains where the
// toolchain is. In CI a missing toolchain is a failure of `fixture`, elsewhere it is listed with its reason.
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { fixture } from "../../plugins/fixtures.ts";
import { parsePolicy } from "../../src/policy/document.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole, resolvePolicy } from "../../src/policy/resolve.ts";
import type { RoleName } from "../../src/policy/roles.ts";
import { API_VERSION, KIND } from "../../src/policy/schema.ts";

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

/** What a plugin or its SDK asks for beyond its role: the older AssemblyScript SDK reads its root id. */
const beyondRole: Readonly<Record<string, readonly string[]>> = {
  "cpp-router": ["proxy_set_tick_period_milliseconds"],
  "solo-headers": ["proxy_get_property"],
};

/** Fuel of a whole request: more than any of the plugins needs. */
const REQUEST_FUEL = 2_000_000_000;

/**
 * As `policyOf`, with a guard at every call that has arguments, quotas, an account for each request and telemetry:
 * all of it lets by what these plugins do.
 */
export function guardedPolicyOf(row: PluginRow, mode: "bound" | "exact"): Policy {
  const document = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: row.name },
    spec: {
      ...(row.role === null ? {} : { role: row.role }),
      limits: { fuel: { mode, request: REQUEST_FUEL } },
      capabilities: { "allow+": beyondRole[row.name] ?? [] },
      dispatch: { clusters: ["external-auth-cluster"], methods: ["GET", "POST"] },
      headers: { write: ["*"] },
      bodies: { read: ["request", "response"], write: ["request", "response"] },
      responses: ["2xx", "4xx", "5xx"],
      telemetry: true,
    },
  };
  return resolvePolicy(parsePolicy(JSON.stringify(document), "guarded.json"));
}

/** The policy that somebody would write for the plugin. */
export function policyOf(row: PluginRow, mode: "bound" | "exact"): Policy {
  return policyFromRole(row.role as RoleName | null, {
    "spec.limits.fuel.mode": mode,
    "spec.capabilities.allow+": beyondRole[row.name] ?? [],
  });
}
