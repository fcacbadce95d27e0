// runtime-config.json of WebAssembly Hub's images. Its specification names the ABI in two ways that differ; both are
// read and both are written. Plain data in and out.
import { fail } from "../errors/failure.ts";
import { parseJson } from "../net/manifest.ts";
import { HUB_RUNTIME, registryLimits } from "../spec/oci.ts";

export interface RuntimeConfig {
  readonly type: string;
  readonly abiVersions: readonly string[];
  readonly rootIds: readonly string[];
}

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

/** Reads one. Throws `runtime-config-malformed` and `json-duplicate-key`. */
export function parseRuntimeConfig(bytes: Uint8Array, what: string): RuntimeConfig {
  const bad = (reason: string): never => fail("runtime-config-malformed", { what, reason });
  if (bytes.length > registryLimits.smallBytes) {
    bad(`it has more than ${registryLimits.smallBytes} bytes`);
  }
  const value = parseJson(bytes, `runtime-config.json of ${what}`);
  if (typeof value !== "object" || value === null) return bad("it is no object");
  const { type, config } = value as Record<string, unknown>;
  if (typeof type !== "string") return bad("it has no type");
  const { abi_version, abiVersion, abiVersions } = value as Record<string, unknown>;
  const said = abiVersions ?? abi_version ?? abiVersion ?? [];
  const versions = typeof said === "string" ? [said] : said;
  if (!isStrings(versions)) return bad("its ABI versions are no strings");
  const fields = (config ?? {}) as Record<string, unknown>;
  const roots = fields.root_ids ?? fields.rootIds ?? [];
  if (!isStrings(roots)) return bad("its root ids are no strings");
  return { type, abiVersions: versions, rootIds: roots };
}

/** The bytes, the same for the same values. */
export function writeRuntimeConfig(config: Omit<RuntimeConfig, "type">): Uint8Array {
  const { abiVersions, rootIds } = config;
  const [first] = abiVersions;
  const value = {
    type: HUB_RUNTIME,
    ...(first !== undefined && { abi_version: first }),
    abiVersions,
    config: { root_ids: rootIds },
  };
  return new TextEncoder().encode(JSON.stringify(value));
}
