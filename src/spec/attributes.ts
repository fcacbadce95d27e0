// The attributes that proxy_get_property reads in Envoy, with type and sensitivity. `path` is dotted for
// people; on the wire segments are joined by one zero byte. High means: identity of a peer, credentials, the
// operator's configuration or what other filters keep for themselves. No logic but look-up.
// Sources: Envoy's attribute reference (arch_overview/advanced/attributes) and context.cc; bare names of
// before 1.33 (node, route_name ...) are gone and not listed.

export type AttributeType = "string" | "int" | "double" | "bool" | "bytes" | "timestamp" | "duration" | "map" | "message";

export interface Attribute {
  readonly path: string;
  readonly type: AttributeType;
  readonly sensitivity: "low" | "high";
  readonly why: string;
}

type Row = readonly [path: string, type: AttributeType, why: string];

function rows(sensitivity: Attribute["sensitivity"], list: readonly Row[]): readonly Attribute[] {
  return list.map(([path, type, why]) => ({ path, type, sensitivity, why }));
}

const certificate = (peer: "local" | "peer", whose: string): readonly Row[] => [
  [`subject_${peer}_certificate`, "string", `Names the owner of ${whose} TLS certificate`],
  [`dns_san_${peer}_certificate`, "string", `Names ${whose} TLS certificate by DNS name`],
  [`uri_san_${peer}_certificate`, "string", `Names ${whose} TLS certificate by URI, such as a workload identity`],
];

const tls = (prefix: string, other: string): readonly Row[] =>
  [
    ...certificate("local", "the proxy's own"),
    ...certificate("peer", other),
    ["sha256_peer_certificate_digest", "string", `Identifies ${other} TLS certificate exactly`] as const,
  ].map(([name, type, why]) => [`${prefix}.${name}`, type, why] as const);

export const attributes: readonly Attribute[] = [
  ...rows("low", [
    ["request.scheme", "string", "http or https"],
    ["request.method", "string", "The method alone"],
    ["request.time", "timestamp", "When the request began"],
    ["request.id", "string", "The request id that logs carry anyway"],
    ["request.protocol", "string", "The HTTP version"],
    ["request.duration", "duration", "How long it took"],
    ["request.size", "int", "A size"],
    ["request.total_size", "int", "A size"],
    ["request.headers_bytes", "int", "A size"],
    ["request.host", "string", "The authority that was asked for"],
    ["request.url_path", "string", "The path without the query"],
    ["request.useragent", "string", "The User-Agent header"],
  ]),
  ...rows("high", [
    ["request.path", "string", "The path with its query, where tokens often stand"],
    ["request.query", "string", "The query, where tokens often stand"],
    ["request.referer", "string", "The URL of another page, with its query"],
    ["request.headers", "map", "Every header, Authorization and Cookie among them"],
  ]),
  ...rows("low", [
    ["response.code", "int", "The status code"],
    ["response.code_details", "string", "Why this status code"],
    ["response.flags", "int", "How the proxy saw the response end"],
    ["response.grpc_status", "int", "The gRPC status"],
    ["response.headers_bytes", "int", "A size"],
    ["response.size", "int", "A size"],
    ["response.total_size", "int", "A size"],
    ["response.backend_latency", "duration", "How long the upstream took"],
  ]),
  ...rows("high", [
    ["response.headers", "map", "Every response header, Set-Cookie among them"],
    ["response.trailers", "map", "Every response trailer"],
  ]),
  ...rows("low", [
    ["source.address", "string", "The client's address, personal data in some places"],
    ["source.port", "int", "The client's port"],
    ["destination.address", "string", "The proxy's own address"],
    ["destination.port", "int", "The proxy's own port"],
    ["connection.id", "int", "A number"],
    ["connection.mtls", "bool", "Whether the client showed a certificate"],
    ["connection.requested_server_name", "string", "The server name of the TLS handshake"],
    ["connection.tls_version", "string", "The TLS version"],
    ["connection.termination_details", "string", "Why the connection ended"],
  ]),
  ...rows("high", [...tls("connection", "the client's"), ["connection.transport_failure_reason", "string", "Details of a failed TLS handshake, certificate names among them"]]),
  ...rows("low", [
    ["upstream.num_endpoints", "int", "A count"],
    ["upstream.tls_version", "string", "The TLS version"],
    ["upstream.request_attempt_count", "int", "A count"],
    ["upstream.cx_pool_ready_duration", "duration", "How long the pool took"],
  ]),
  ...rows("high", [
    ["upstream.address", "string", "Where the upstream is: a map of the inner network"],
    ["upstream.port", "int", "Where the upstream is: a map of the inner network"],
    ["upstream.local_address", "string", "The proxy's address towards the inner network"],
    ["upstream.locality", "message", "Where the upstream runs"],
    ...tls("upstream", "the upstream's"),
    ["upstream.transport_failure_reason", "string", "Details of a failed TLS handshake, certificate names among them"],
    ["metadata", "message", "What other filters noted of the request, such as claims of a token"],
    ["filter_state", "map", "What other filters and plugins keep for the request"],
    ["upstream_filter_state", "map", "What other filters and plugins keep for the upstream"],
    ["xds.node", "message", "The proxy's identity and all of its metadata"],
    ["xds.cluster_name", "string", "The operator's configuration"],
    ["xds.cluster_metadata", "message", "The operator's configuration"],
    ["xds.listener_direction", "int", "The operator's configuration"],
    ["xds.listener_metadata", "message", "The operator's configuration"],
    ["xds.route_name", "string", "The operator's configuration"],
    ["xds.route_metadata", "message", "The operator's configuration"],
    ["xds.virtual_host_name", "string", "The operator's configuration"],
    ["xds.virtual_host_metadata", "message", "The operator's configuration"],
    ["xds.upstream_host_metadata", "message", "The operator's configuration"],
    ["xds.upstream_host_locality_metadata", "message", "The operator's configuration"],
    ["xds.filter_chain_name", "string", "The operator's configuration"],
  ]),
  ...rows("low", [
    ["plugin_name", "string", "The plugin's own name"],
    ["plugin_root_id", "string", "The plugin's own root id"],
    ["plugin_vm_id", "string", "The plugin's own vm_id"],
    ["connection_id", "int", "A number"],
  ]),
];

/** Attributes that show a header of the request, whole or in part, under another name. */
export const headerAttributes: readonly (readonly [path: string, header: string])[] = [
  ["request.path", ":path"],
  ["request.url_path", ":path"],
  ["request.query", ":path"],
  ["request.host", ":authority"],
  ["request.method", ":method"],
  ["request.scheme", ":scheme"],
  ["request.referer", "referer"],
  ["request.useragent", "user-agent"],
  ["request.id", "x-request-id"],
];

/** Attributes that show headers without naming one: the maps themselves, and the nodes that they lie in. */
export const headerNodes: readonly string[] = ["request", "response", "request.headers", "request.trailers", "response.headers", "response.trailers"];

/** The row that governs a dotted path: the longest listed ancestor or itself. */
export function attribute(path: string): Attribute | undefined {
  for (let rest = path; rest !== ""; rest = rest.slice(0, Math.max(0, rest.lastIndexOf(".")))) {
    const row = attributes.find((one) => one.path === rest);
    if (row !== undefined) return row;
  }
  return undefined;
}
