// The plugins of the Envoy benches, each as built, hardened, and hardened with telemetry, as files.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pluginRow } from "../../plugins/catalog.ts";
import { compile } from "../../plugins/compile.ts";
import { fixture } from "../../plugins/fixtures.ts";
import { contain } from "../../src/contain/contain.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import type { RoleName } from "../../src/policy/roles.ts";
import { costPlugins } from "../lab/cost-parties.ts";

/** Guards, quotas and budgets per request are on in both hardened ones. */
export const variants = ["as built", "hardened", "with telemetry"] as const;
export type Variant = (typeof variants)[number];

export interface Sides {
  readonly name: string;
  readonly what: string;
  readonly configuration: string;
  /** The body that requests carry; undefined: they have none. */
  readonly body: string | undefined;
  readonly files: Readonly<Record<Variant, string>>;
}

const REQUEST_FUEL = 100_000_000;

/** A module hardened under its role with budgets per request; what it needs beside the role is in `more`. */
export function hardened(
  file: string,
  role: RoleName,
  more: Parameters<typeof policyFromRole>[1] = {},
): Uint8Array {
  const policy = policyFromRole(role, { "spec.limits.fuel.request": REQUEST_FUEL, ...more });
  return contain(readFileSync(file), policy).bytes;
}

function sidesOf(
  one: { name: string; what: string; file: string; configuration: string },
  role: RoleName,
  body: string | undefined,
  folder: string,
): Sides {
  const write = (variant: string, telemetry: boolean): string => {
    const file = join(folder, `${one.name}-${variant}.wasm`);
    writeFileSync(file, hardened(one.file, role, { "spec.telemetry": telemetry }));
    return file;
  };
  const files = {
    "as built": one.file,
    hardened: write("hardened", false),
    "with telemetry": write("telemetry", true),
  };
  return { name: one.name, what: one.what, configuration: one.configuration, body, files };
}

/** Plugins that are about headers, as the lab's cost bench has them, and one that parses bodies. */
export async function allSides(folder: string): Promise<{
  readonly found: readonly Sides[];
  readonly missing: readonly string[];
}> {
  const { found, missing } = await costPlugins(folder);
  const sides = found.map((one) => {
    const role = (pluginRow(one.name)?.role ?? "header-rewriter") as RoleName;
    return sidesOf(one, role, undefined, folder);
  });
  const made = await fixture("c-json", { fetch: true });
  if ("missing" in made) return { found: sides, missing: [...missing, `c-json: ${made.missing}`] };
  const row = { name: "c-json", what: "parses JSON bodies, C", file: made.path, configuration: "" };
  return { found: [...sides, sidesOf(row, "body-filter", jsonBody(), folder)], missing };
}

/** About 4 KB of JSON of every kind, the same in every run. */
function jsonBody(): string {
  const entry = (i: number) => ({
    id: i,
    name: `user-${i}`,
    tags: ["a", "b"],
    score: i / 7,
    on: i % 2 === 0,
    none: null,
  });
  return JSON.stringify({ users: Array.from({ length: 50 }, (_, i) => entry(i)) });
}

/** The plugin that burns on demand, as built. */
export async function burns(folder: string): Promise<string> {
  const file = join(folder, "burns.wasm");
  writeFileSync(file, (await compile("bench/envoy/plugins/burns.wat", "wat")).wasm);
  return file;
}
