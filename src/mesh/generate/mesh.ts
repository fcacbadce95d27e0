// A mesh's generator by its name, and what every canary ends with: the alert that ends it.
import { documentsText, plain } from "../envoy/generate/yaml.ts";
import type { Written } from "./common.ts";
import { type GatewayRequest, generateEnvoyGateway } from "./envoy-gateway.ts";
import { type GlooRequest, generateGloo } from "./gloo.ts";
import { generateIstio, type IstioRequest } from "./istio.ts";
import { generateKuma, type KumaRequest } from "./kuma.ts";
import { canaryRule } from "./prometheus.ts";
import type { MeshRequest } from "./request.ts";

export type TargetRequest =
  | { readonly target: "istio"; readonly request: IstioRequest }
  | { readonly target: "envoy-gateway"; readonly request: GatewayRequest }
  | { readonly target: "kuma"; readonly request: KumaRequest }
  | { readonly target: "gloo"; readonly request: GlooRequest };

/** A generated file as text and as data. */
export interface MeshFile {
  readonly yaml: string;
  readonly documents: readonly unknown[];
  readonly findings: Written["findings"];
}

function write({ target, request }: TargetRequest): Written {
  switch (target) {
    case "istio":
      return generateIstio(request);
    case "envoy-gateway":
      return generateEnvoyGateway(request);
    case "kuma":
      return generateKuma(request);
    case "gloo":
      return generateGloo(request);
  }
}

function alertOf(request: MeshRequest, runbooks: string): Written["documents"] {
  const { canary, name, namespace } = request;
  if (canary === null) return [];
  const { envoy } = canary.revision;
  const watch = {
    name: envoy.policy.name,
    module: envoy.policy.name,
    percent: canary.percent,
    counting: envoy.policy,
  };
  const head = [
    "The alert that ends the canary, for Prometheus Operator; without it take the rules from `glovebox generate prometheus --canary`.",
  ];
  return [{ head, node: canaryRule(name, namespace, watch, runbooks) }];
}

/** A file of what a generator wrote. */
export function fileOf({ documents, findings }: Written): MeshFile {
  return {
    yaml: documentsText(documents),
    documents: documents.map(({ node }) => plain(node)),
    findings,
  };
}

/** Writes the file of a mesh. Throws `generate-…` failures for what the target can't say. */
export function generateMesh(asked: TargetRequest, runbooks: string): MeshFile {
  const { documents, findings } = write(asked);
  return fileOf({ documents: [...documents, ...alertOf(asked.request, runbooks)], findings });
}
