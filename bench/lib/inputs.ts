// The plugins that are measured: what SDKs and toolchains wrote, not hand-written text.
import { readFileSync } from "node:fs";
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { fixture } from "../../plugins/fixtures.ts";
import type { RoleName } from "../../src/policy/roles.ts";

export interface Input {
  readonly name: string;
  readonly role: RoleName | null;
  readonly bytes: Uint8Array;
}

const rows: readonly PluginRow[] = plugins;

async function fixtureInput(row: PluginRow): Promise<Input | { readonly missing: string }> {
  const built = await fixture(row.name, { fetch: true });
  if ("missing" in built) return { missing: `${row.name}: ${built.missing}` };
  return { name: row.name, role: row.role as RoleName | null, bytes: readFileSync(built.path) };
}

/** A Go plugin of more than 2.5 MB. */
export function goPlugin(): Promise<Input | { readonly missing: string }> {
  return fixtureInput(rows.find((row) => row.name === "go-json")!);
}

/** The samples of the AssemblyScript SDK and the plugins of other toolchains; and what can't be built here. */
export async function realPlugins(): Promise<{
  readonly found: readonly Input[];
  readonly missing: readonly string[];
}> {
  const found: Input[] = [];
  const missing: string[] = [];
  const paths = await buildPlugins();
  for (const row of rows) {
    if (row.kind === "sample" && row.language === "assemblyscript") {
      const bytes = readFileSync(paths.get(row.name)!);
      found.push({ name: row.name, role: row.role as RoleName | null, bytes });
    }
    if (row.kind === "fixture") {
      const input = await fixtureInput(row);
      if ("missing" in input) missing.push(input.missing);
      else found.push(input);
    }
  }
  return { found, missing };
}
