// `generate kuma`: a MeshProxyPatch. Its value is Envoy's own filter as text, so all that Envoy can say is said. Kuma
// fetches nothing: code is a file beside the proxy, or Envoy's own fetch through a cluster that the patch adds.
import { fail, finding } from "../../errors/failure.ts";
import { codeSource } from "../envoy/generate/clusters.ts";
import {
  at,
  type Entry,
  type MapNode,
  map,
  type Node,
  tree,
  under,
  yamlText,
} from "../envoy/generate/yaml.ts";
import { refuseSource, revisionsOf } from "./attach.ts";
import { headOf, object, requestLines, type Written } from "./common.ts";
import type { MeshRequest } from "./request.ts";
import { httpFilter } from "./wasm-filter.ts";

export interface KumaRequest extends MeshRequest {
  /** The mesh that the workloads belong to. */
  readonly mesh: string;
}

/** Envoy's message as the text that Kuma parses. */
const text = (node: Node): Node => ({ block: yamlText([], node as MapNode) });

function targetOf({ targets, labels }: KumaRequest): Entry {
  const [target] = targets;
  const kind = target?.kind ?? (labels.length === 0 ? "Mesh" : "MeshSubset");
  const name = target === undefined || target.name === "" ? [] : [at("name", target.name)];
  const pairs = tree(Object.fromEntries(labels));
  const chosen = labels.length === 0 ? [] : [at(kind === "Dataplane" ? "labels" : "tags", pairs)];
  const newer =
    kind === "MeshSubset"
      ? ["Kuma 2.10 and newer would rather have kind: Dataplane with labels (--target Dataplane)."]
      : [];
  return under(newer, at("targetRef", map(at("kind", kind), ...name, ...chosen)));
}

function modifications(request: KumaRequest): readonly Node[] {
  const clusters = revisionsOf(request).flatMap(({ envoy }) =>
    codeSource(envoy).map((cluster) =>
      map(at("cluster", map(at("operation", "Add"), at("value", text(cluster))))),
    ),
  );
  const first = request.phase === "authn" || request.phase === "authz";
  const above = first
    ? "Before every other filter, so that nothing answers a request that the plugin hasn't seen."
    : "Right before the router.";
  const name = first ? [] : [at("name", "envoy.filters.http.router")];
  const filter = map(
    under([above], at("operation", first ? "AddFirst" : "AddBefore")),
    at("match", map(...name, at("origin", request.side))),
    at("value", text(httpFilter(request))),
  );
  return [...clusters, map(at("httpFilter", filter))];
}

/** Writes it. Throws `generate-source` for what Kuma's Envoy can't fetch. */
export function generateKuma(request: KumaRequest): Written {
  const takes = "https:// and file:, because Envoy itself reads the module";
  refuseSource(revisionsOf(request), "oci", "Kuma", takes);
  if (request.pullSecret !== null) fail("generate-no-pull-secret", { target: "Kuma" });
  const node = object(
    {
      apiVersion: "kuma.io/v1alpha1",
      kind: "MeshProxyPatch",
      name: request.name,
      namespace: request.namespace,
      labels: [["kuma.io/mesh", request.mesh]],
    },
    at(
      "spec",
      map(targetOf(request), at("default", map(at("appendModifications", modifications(request))))),
    ),
  );
  const head = headOf(
    "kuma",
    `Kuma 2.6 and newer (for its Envoy from ${request.stable.envoy.version} on)`,
    [
      ...requestLines(request),
      "Measured: Envoy 1.36 to 1.40 run the filters. The object around them, and what the control plane makes of it: from its source.",
    ],
  );
  const wide = request.labels.length === 0 && request.targets.length === 0;
  return {
    documents: [{ head, node }],
    findings: wide
      ? [finding("generate-everywhere", "warning", { namespace: `mesh ${request.mesh}` })]
      : [],
  };
}
