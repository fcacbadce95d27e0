// `generate networkpolicy`: where the pods of a proxy may open connections to, from the policy's dispatch.clusters and
// the addresses given for them. A wall around the whole proxy: what is behind its routes has to be named as well.
import { isIP } from "node:net";
import { type Finding, fail, finding } from "../../errors/failure.ts";
import type { Endpoint } from "../envoy/generate/request.ts";
import { at, type MapNode, map, type Node, tree, under } from "../envoy/generate/yaml.ts";
import { CANARY, CANARY_LABEL, headOf, object, type Written } from "./common.ts";

export interface NetworkRequest {
  readonly name: string;
  readonly namespace: string;
  /** Labels of the proxy's pods. */
  readonly labels: readonly (readonly [string, string])[];
  /** The policy's dispatch.clusters; null where it allows calls and names none. */
  readonly dispatch: readonly string[] | null;
  /** Clusters that only the canary's policy names; null: no canary. */
  readonly canary: readonly string[] | null;
  /** Addresses of the policy's clusters, and of all else that the proxy reaches. */
  readonly clusters: ReadonlyMap<string, Endpoint>;
}

/** `name.namespace`, `name.namespace.svc`, `name.namespace.svc.cluster.local`: its namespace. */
function namespaceOf(host: string): string | undefined {
  return /^[a-z0-9-]+\.([a-z0-9-]+)(?:\.svc(?:\.[a-z0-9.-]+)?)?$/.exec(host)?.[1];
}

function peer(name: string, { host, port }: Endpoint, why: string): Node {
  const ports = at("ports", tree([{ protocol: "TCP", port }]));
  const family = isIP(host);
  if (family !== 0) {
    const block = tree([{ ipBlock: { cidr: `${host}/${family === 4 ? 32 : 128}` } }]);
    return map(under([why], at("to", block)), ports);
  }
  const namespace = namespaceOf(host)!;
  const select = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  };
  const judge = `JUDGE: every pod of namespace ${namespace} on the service's port; a podSelector with the labels of ${name}'s pods, and their targetPort, makes it one service.`;
  return map(under([why, judge], at("to", tree([select]))), ports);
}

/** A host that neither is an address nor a service of the cluster can't be said in a NetworkPolicy. */
const sayable = ({ host }: Endpoint): boolean =>
  isIP(host) !== 0 || namespaceOf(host) !== undefined;

const dns = map(
  under(
    [
      "Names are resolved by the cluster's DNS. JUDGE: a plugin that may resolve names can send by them; harden denies env.envoy_resolve_dns.",
    ],
    at(
      "to",
      tree([
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } },
      ]),
    ),
  ),
  at(
    "ports",
    tree([
      { protocol: "UDP", port: 53 },
      { protocol: "TCP", port: 53 },
    ]),
  ),
);

function policy(request: NetworkRequest, suffix: string, dispatch: readonly string[]): MapNode {
  const peers = [...request.clusters].flatMap(([name, endpoint]) => {
    if (!sayable(endpoint)) return [];
    const named = dispatch.includes(name);
    const other = request.dispatch!.includes(name) || request.canary?.includes(name) === true;
    if (!named && other) return [];
    const why = named ? `${name}: the plugin's policy allows it.` : `${name}: of the proxy's own.`;
    return [peer(name, endpoint, why)];
  });
  const labels = Object.fromEntries(request.labels);
  const apart = { key: CANARY_LABEL, operator: suffix === "" ? "NotIn" : "In", values: ["true"] };
  const pods = {
    matchLabels: labels,
    ...(request.canary === null ? {} : { matchExpressions: [apart] }),
  };
  const spec = map(
    at("podSelector", tree(pods)),
    at("policyTypes", ["Egress"]),
    under(
      [
        "All that these pods may open; add the mesh's control plane, registries and telemetry with --cluster.",
      ],
      at("egress", [dns, ...peers]),
    ),
  );
  const frame = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
  return object(
    { ...frame, name: `${request.name}${suffix}`, namespace: request.namespace },
    at("spec", spec),
  );
}

/** Writes it. Throws `generate-no-dispatch` and `generate-network-address`. */
export function generateNetworkPolicy(request: NetworkRequest): Written {
  const { dispatch, canary, clusters } = request;
  if (dispatch === null) return fail("generate-unbounded-network", {});
  const missing = [...dispatch, ...(canary ?? [])].filter((name) => !clusters.has(name));
  if (missing.length > 0)
    fail("generate-network-address", { names: [...new Set(missing)].join(", ") });
  const unsayable = [...clusters].filter(([, endpoint]) => !sayable(endpoint));
  const findings: readonly Finding[] = [
    finding("generate-network-whole-pod", "info"),
    ...unsayable.map(([name, { host }]) =>
      finding("generate-network-name", "warning", { name, host }),
    ),
    ...(request.labels.length === 0
      ? [finding("generate-everywhere", "warning", { namespace: request.namespace })]
      : []),
  ];
  const head = headOf(
    "networkpolicy",
    "Kubernetes 1.30 and newer, with a network plugin that enforces policies",
    [
      dispatch.length === 0
        ? "The policy allows the plugin no outbound call."
        : `The policy lets the plugin call ${dispatch.join(", ")}.`,
      "Measured: a kube-apiserver 1.37 takes it. Whether packets are dropped is the network plugin's doing.",
    ],
  );
  return {
    documents: [
      { head, node: policy(request, "", dispatch) },
      ...(canary === null
        ? []
        : [{ head: ["The canary's pods."], node: policy(request, `-${CANARY}`, canary) }]),
    ],
    findings,
  };
}
