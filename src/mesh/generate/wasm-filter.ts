// Envoy's own Wasm message for one version of a plugin, for targets that take Envoy's messages. The VM's name is the
// object's and the version's, so that versions share nothing.
import { canaryFilter, inlineDelegate } from "../envoy/generate/canary.ts";
import { types } from "../envoy/generate/names.ts";
import { pluginConfig } from "../envoy/generate/plugin-config.ts";
import { at, bare, map, type Node } from "../envoy/generate/yaml.ts";
import type { MeshRequest, Revision } from "./request.ts";

/** The typed configuration of `envoy.filters.http.wasm`; without comments where a version was explained before. */
export function wasmMessage({ envoy, facts }: Revision, again = false): Node {
  const vmId = `${envoy.policy.name}-all`;
  const config = pluginConfig(envoy, facts, { route: null, vmId, filter: vmId });
  return map(at("@type", types.wasm), at("config", again ? bare(config) : config));
}

/** One HTTP filter with all that it needs inside: the plugin, or both versions of it. */
export function httpFilter({ stable, canary, name }: MeshRequest): Node {
  const filter = `envoy.filters.http.wasm/${stable.envoy.policy.name}`;
  if (canary === null) return map(at("name", filter), at("typed_config", wasmMessage(stable)));
  return canaryFilter(filter, name, canary, {
    stable: inlineDelegate("stable", wasmMessage(stable, true)),
    canary: inlineDelegate("canary", wasmMessage(canary.revision)),
  });
}
