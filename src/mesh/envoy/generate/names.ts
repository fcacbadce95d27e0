// Names and types that the parts of one generated file share. A scope is a place where the plugin runs on its own:
// one route, or wherever its filter stands.
import type { EnvoyRequest, Route } from "./request.ts";

const TYPE = "type.googleapis.com/";

export const types = {
  wasm: `${TYPE}envoy.extensions.filters.http.wasm.v3.Wasm`,
  router: `${TYPE}envoy.extensions.filters.http.router.v3.Router`,
  manager: `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
  filterConfig: `${TYPE}envoy.config.route.v3.FilterConfig`,
  upstreamTls: `${TYPE}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
  upstreamHttp: `${TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
  text: `${TYPE}google.protobuf.StringValue`,
} as const;

export const RUNTIME = "envoy.wasm.runtime.v8";

export interface Scope {
  /** null where there are no routes: the filter is on wherever it stands. */
  readonly route: Route | null;
  /** `<plugin>-<route>`, unique in the file: what the plugin shares data and a VM under. */
  readonly vmId: string;
  readonly filter: string;
}

/** `/api/v1` → `api-v1`; the root is called root. */
function slug(prefix: string): string {
  const words = prefix.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return words.replace(/^-+|-+$/g, "") || "root";
}

/** One scope a route, the longest prefix first: Envoy takes the first route that matches. `others` have names already. */
export function scopesOf(
  { policy, routes }: EnvoyRequest,
  others: readonly Scope[] = [],
): readonly Scope[] {
  const taken = new Set(others.map((one) => one.vmId));
  const scope = (route: Route | null, word: string): Scope => {
    let vmId = `${policy.name}-${word}`;
    for (let n = 2; taken.has(vmId); n++) vmId = `${policy.name}-${word}-${n}`;
    taken.add(vmId);
    return { route, vmId, filter: `envoy.filters.http.wasm/${vmId}` };
  };
  if (routes.length === 0) return [scope(null, "all")];
  const before = (a: Route, b: Route) =>
    b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1);
  return [...routes].sort(before).map((route) => scope(route, slug(route.prefix)));
}

/** The cluster that the hardened module is fetched from. */
export function codeCluster({ policy }: EnvoyRequest): string {
  return `${policy.name}-code`;
}

/** The cluster behind a listener for which no route was given. */
export const BACKEND = "backend";
