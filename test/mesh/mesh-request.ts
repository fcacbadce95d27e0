// Requests for the generators of meshes, with everything at its usual, for tests to change.
import { type PluginFacts, pluginFacts } from "../../src/mesh/envoy/generate/plugin-facts.ts";
import type { Code } from "../../src/mesh/envoy/generate/request.ts";
import type {
  Canary,
  MeshRequest,
  ModuleSource,
  Revision,
} from "../../src/mesh/generate/request.ts";
import type { EnvoyVersion } from "../../src/spec/envoy-versions.ts";
import { sha256 } from "../../src/util/digest.ts";
import { type Overrides, requestFor, shipped } from "./generate-request.ts";

/** Stands for the digest of a manifest in a registry. */
export const MANIFEST = sha256(new TextEncoder().encode("manifest"));

const facts = new Map<string, PluginFacts>();

export type SourceKind = ModuleSource["kind"];

export interface RevisionOptions {
  readonly overrides?: Overrides;
  readonly version?: EnvoyVersion;
  readonly source?: SourceKind;
  /** Whether a mesh's agent fetches what Envoy could fetch itself. */
  readonly agent?: boolean;
  readonly file?: string;
  /** Instead of the usual address, for `http`. */
  readonly url?: string;
  readonly name?: string;
  readonly environment?: readonly (readonly [string, string])[];
  readonly configuration?: string | null;
}

/** A plugin of the catalogue, hardened under its role. */
export function revision(plugin: string, options: RevisionOptions = {}): Revision {
  const { overrides = {}, version = "1.36", source: kind = "oci" } = options;
  const base = requestFor(plugin, { "metadata.name": options.name ?? plugin, ...overrides });
  const environment = options.environment ?? [];
  const configuration =
    options.configuration === undefined ? base.configuration : options.configuration;
  const request = { ...base, version, form: "filter", environment, configuration } as const;
  const key = JSON.stringify([plugin, options]);
  const found = facts.get(key) ?? pluginFacts(shipped(plugin), request);
  facts.set(key, found);
  const url = {
    oci: `oci://registry.example.com/plugins/${plugin}:v1`,
    http: options.url ?? `https://modules.example.com/${plugin}.wasm`,
    file: `file://${options.file ?? `/etc/plugins/${plugin}.wasm`}`,
  }[kind];
  const pin = { oci: MANIFEST, http: found.report.hardened.sha256, file: null }[kind];
  const code: Code =
    kind === "file"
      ? { kind: "local", filename: url.slice("file://".length) }
      : kind === "http" && options.agent !== true
        ? { kind: "remote", url: new URL(url) }
        : { kind: "agent", url, pin: pin!, what: "Of what the agent compares." };
  return { envoy: { ...request, code }, facts: found, source: { kind, url, pin } };
}

/** A canary of a plugin, five in a hundred on /api unless said otherwise. */
export function canaryOf(plugin: string, options: RevisionOptions = {}, percent = 5): Canary {
  const name = `${options.name ?? plugin}-canary`;
  return { revision: revision(plugin, { ...options, name }), percent, prefixes: ["/api"] };
}

/** A request around a revision. */
export function meshRequest(stable: Revision, more: Partial<MeshRequest> = {}): MeshRequest {
  return {
    name: "vendor-plugin",
    namespace: "edge",
    labels: [["app", "gateway"]],
    targets: [],
    listener: "http",
    side: "gateway",
    phase: "authn",
    pullSecret: null,
    stable,
    canary: null,
    ...more,
  };
}
