// The clusters of the generated file: of its routes, of the policy's dispatch rule, and of the code. They are the bound
// on where a plugin can call: Envoy itself lets it call every cluster by name.
import { isIP } from "node:net";
import { type Finding, finding } from "../../../errors/failure.ts";
import { BACKEND, codeCluster, types } from "./names.ts";
import { type Plan, type Told, versionsOf } from "./plan.ts";
import type { Endpoint, EnvoyRequest } from "./request.ts";
import { at, type Entry, map, type Node, tree, under } from "./yaml.ts";

/** An address of documentation (RFC 5737): nothing is ever there. */
const NOWHERE: Endpoint = { host: "192.0.2.1", port: 80 };

export interface Clusters {
  readonly list: readonly Node[];
  /** Those whose address a person has to fill in. */
  readonly placeholders: readonly string[];
}

function endpoints(name: string, { host, port }: Endpoint, fill: boolean): Entry {
  const socket = map(
    fill ? at("address", host, "FILL IN: leads nowhere") : at("address", host),
    at("port_value", port),
  );
  const endpoint = map(at("endpoint", map(at("address", map(at("socket_address", socket))))));
  return at(
    "load_assignment",
    map(at("cluster_name", name), at("endpoints", [map(at("lb_endpoints", [endpoint]))])),
  );
}

function cluster(
  name: string,
  purpose: string,
  address: Endpoint | undefined,
  rest: readonly Entry[] = [],
): Node {
  const where = address ?? NOWHERE;
  return map(
    under([purpose], at("name", name)),
    at("type", isIP(where.host) === 0 ? "STRICT_DNS" : "STATIC"),
    at("connect_timeout", "1s"),
    endpoints(name, where, address === undefined),
    ...rest,
  );
}

/** TLS that only the host's own certificate passes. */
function tls(host: string): Entry {
  const named = isIP(host) === 0;
  const authorities = "FILL IN where the proxy's machine keeps them elsewhere.";
  const validation = map(
    under(
      [authorities],
      at("trusted_ca", tree({ filename: "/etc/ssl/certs/ca-certificates.crt" })),
    ),
    at(
      "match_typed_subject_alt_names",
      tree([{ san_type: named ? "DNS" : "IP_ADDRESS", matcher: { exact: host } }]),
    ),
  );
  const context = map(
    at("@type", types.upstreamTls),
    ...(named ? [at("sni", host)] : []),
    at("common_tls_context", map(at("validation_context", validation))),
  );
  return at(
    "transport_socket",
    map(at("name", "envoy.transport_sockets.tls"), at("typed_config", context)),
  );
}

/** The cluster that the code comes from, where Envoy itself fetches it. */
export function codeSource(request: EnvoyRequest): readonly Node[] {
  if (request.code.kind !== "remote") return [];
  const { url } = request.code;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const purpose = secure
    ? "Where the hardened module comes from."
    : "Where the hardened module comes from. JUDGE: plain HTTP; the digest above keeps other bytes out.";
  return [cluster(codeCluster(request), purpose, { host, port }, secure ? [tls(host)] : [])];
}

/** What a version's policy names and its module can call. */
function callable({ request, facts }: Told): readonly string[] {
  return facts.dispatches.length > 0 ? (request.dispatch ?? []) : [];
}

/** Clusters of the request's form: parts to paste come without those of routes. */
export function clustersOf(plan: Plan): Clusters {
  const { request, stable } = plan;
  const purposes = new Map<string, string>();
  if (request.form !== "filter") {
    for (const { route } of stable.scopes) {
      purposes.set(route?.cluster ?? BACKEND, "Behind the routes.");
    }
  }
  const routed = new Set(purposes.keys());
  for (const name of new Set(versionsOf(plan).flatMap(callable))) {
    const purpose = "The policy's dispatch.clusters: the plugin may call it.";
    purposes.set(name, routed.has(name) ? `Behind the routes. ${purpose}` : purpose);
  }
  const named = [...purposes].map(([name, purpose]) =>
    cluster(name, purpose, request.clusters.get(name)),
  );
  return {
    list: [...named, ...versionsOf(plan).flatMap((one) => codeSource(one.request))],
    placeholders: [...purposes.keys()].filter((name) => !request.clusters.has(name)),
  };
}

/** Of versions whose calls names alone bound: where clusters are somebody's own, a name may lead anywhere. */
export function byNameAlone(plan: Plan): readonly Finding[] {
  if (plan.request.form !== "filter") return [];
  return versionsOf(plan).flatMap((one) => {
    const clusters = callable(one);
    if (clusters.length === 0 || one.request.policy.rules.dispatch.authorities !== null) return [];
    const args = { calls: one.facts.dispatches.join(", "), clusters: clusters.join(", ") };
    return [finding("generate-dispatch-by-name", "warning", args)];
  });
}

/** What stands above the clusters. */
export function boundOf(plan: Plan): string {
  const calling = versionsOf(plan).filter(({ facts }) => facts.dispatches.length > 0);
  if (calling.length === 0) {
    return "The policy allows no outbound call, so the plugin reaches none of these by itself.";
  }
  const calls = [...new Set(calling.flatMap(({ facts }) => facts.dispatches))].join(", ");
  return calling.some(({ request }) => request.dispatch === null)
    ? `JUDGE: the policy allows ${calls} and names no clusters. Envoy lets the plugin call every cluster of the proxy, these and any that you add.`
    : `The policy allows ${calls}. Envoy itself lets the plugin call every cluster of the proxy: keep clusters out that are no business of its, and let each of its own lead to one address, or it chooses where a call goes.`;
}
