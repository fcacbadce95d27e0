// A request for `generate envoy` with everything at its usual, for tests to change.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import type { EnvoyRequest } from "../../src/mesh/envoy/generate/request.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import type { RoleName } from "../../src/policy/roles.ts";
import type { Path, ValueAt } from "../../src/policy/schema.ts";

/** The bytes of a sample or adversary as shipped. */
export function shipped(name: string): Uint8Array {
  const built = new URL(`../../plugins/wasm/${name}.wasm`, import.meta.url);
  return readFileSync(fileURLToPath(built));
}

export type Overrides = { readonly [P in Path]?: ValueAt<P> };

/** For a plugin of the catalogue under its role; `more` replaces fields. */
export function requestFor(
  name: string,
  overrides: Overrides = {},
  more: Partial<EnvoyRequest> = {},
): EnvoyRequest {
  const row = (plugins as readonly PluginRow[]).find((one) => one.name === name)!;
  return {
    policy: policyFromRole(row.role as RoleName | null, { "metadata.name": name, ...overrides }),
    version: "1.40",
    form: "bootstrap",
    routes: [],
    clusters: new Map(),
    dispatch: null,
    code: { kind: "local", filename: "contained.wasm" },
    rootId: name,
    configuration: row.configuration ?? null,
    environment: [],
    listen: { host: "127.0.0.1", port: 0 },
    admin: { host: "127.0.0.1", port: 0 },
    ...more,
  };
}
