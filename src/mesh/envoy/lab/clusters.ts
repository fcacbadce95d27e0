// Clusters: static and by DNS, their endpoints, TLS, protocol and limits.
import type { ClusterConfig } from "../lab-config.ts";
import { readAddress } from "./address.ts";
import type { Lab } from "./lab.ts";
import type { Picker } from "./picker.ts";
import { readUpstreamTls } from "./tls.ts";

/** Envoy's defaults. */
const CONNECT_TIMEOUT = 5_000;
const MOST = 1_024;

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

const discoveries: Readonly<Record<string, ClusterConfig["discovery"]>> = {
  "": "static",
  STATIC: "static",
  STRICT_DNS: "strict-dns",
  LOGICAL_DNS: "logical-dns",
};

const balancings: Readonly<Record<string, ClusterConfig["balancing"]>> = {
  "": "round-robin",
  ROUND_ROBIN: "round-robin",
  LEAST_REQUEST: "least-request",
  RANDOM: "random",
};

type Endpoint = ClusterConfig["endpoints"][number];

function readEndpoint(endpoint: Picker): Endpoint[] {
  const health = endpoint.choice("health_status");
  if (!["", "UNKNOWN", "HEALTHY"].includes(health)) {
    endpoint.unsupported("health_status", health, "HEALTHY");
  }
  const inner = endpoint.child("endpoint");
  const address = readAddress(inner?.child("address"));
  if (inner === undefined || address === undefined) return [];
  const weight = endpoint.number("load_balancing_weight") ?? 1;
  return [{ address, weight, hostname: inner.text("hostname") }];
}

function readEndpoints(cluster: Picker): readonly Endpoint[] {
  const assignment = cluster.child("load_assignment");
  // Outside of discovery the name is not looked at.
  assignment?.text("cluster_name");
  return (assignment?.messages("endpoints") ?? []).flatMap((group) => {
    const priority = group.number("priority") ?? 0;
    if (priority > 0) group.unsupported("priority", String(priority), "0");
    return group.messages("lb_endpoints").flatMap(readEndpoint);
  });
}

/** Whether upstreams are spoken to by HTTP/2: by the options extension, or by the old field. */
function readHttp2(lab: Lab, cluster: Picker): boolean {
  let http2 = cluster.has("http2_protocol_options");
  // Which of the two it is counts. What stands in them is looked into, so that it is told that the lab has its own tuning.
  cluster.child("http2_protocol_options");
  for (const { key, at, value } of cluster.entries("typed_extension_protocol_options")) {
    const any = value.kind === "any" ? value : undefined;
    const options = cluster.typed(any, HTTP_OPTIONS);
    if (options === undefined) {
      if (any?.value !== null) {
        const args = { type: any?.type || key, name: key };
        lab.report.add("lab-unsupported-filter", "error", at, args);
      }
      continue;
    }
    const explicit = options.child("explicit_http_config");
    if (explicit === undefined) continue;
    http2 = explicit.has("http2_protocol_options");
    explicit.child("http2_protocol_options");
    explicit.child("http_protocol_options");
  }
  return http2;
}

function readLimits(cluster: Picker) {
  const thresholds = cluster.child("circuit_breakers")?.messages("thresholds") ?? [];
  const normal = thresholds.find((one) => ["", "DEFAULT"].includes(one.choice("priority")));
  return {
    maxConnections: normal?.number("max_connections") ?? MOST,
    maxPending: normal?.number("max_pending_requests") ?? MOST,
    maxRequests: normal?.number("max_requests") ?? MOST,
  };
}

function choose<T>(
  cluster: Picker,
  field: string,
  table: Readonly<Record<string, T>>,
  fallback: T,
): T {
  const name = cluster.choice(field);
  const value = table[name];
  if (value !== undefined) return value;
  const supported = Object.keys(table).filter((key) => key !== "");
  cluster.unsupported(field, name, supported.join(", "));
  return fallback;
}

export function readCluster(lab: Lab, cluster: Picker): ClusterConfig {
  const discovery = choose(cluster, "type", discoveries, "static");
  const endpoints = readEndpoints(cluster);
  if (discovery === "logical-dns" && endpoints.length !== 1) {
    cluster.unsupported("load_assignment", `${endpoints.length} endpoints`, "one, for LOGICAL_DNS");
  }
  return {
    name: cluster.text("name"),
    discovery,
    balancing: choose(cluster, "lb_policy", balancings, "round-robin"),
    connectTimeout: cluster.duration("connect_timeout") ?? CONNECT_TIMEOUT,
    endpoints,
    tls: readUpstreamTls(lab, cluster.child("transport_socket")),
    http2: readHttp2(lab, cluster),
    ...readLimits(cluster),
    at: cluster.at,
  };
}
