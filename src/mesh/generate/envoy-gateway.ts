// `generate envoy-gateway`: an EnvoyExtensionPolicy, which can't carry a restriction, a reload policy or variables
// with values; or an EnvoyPatchPolicy, which carries Envoy's own message and has to be enabled by the operator.
// From Envoy Gateway's API and translator: the controller fetches the code and serves it by digest, each plugin has a
// vm_id of its own, and `failOpen` is Envoy's deprecated flag: the request that traps goes on as well.
import { type Finding, fail, finding } from "../../errors/failure.ts";
import { codeSource } from "../envoy/generate/clusters.ts";
import {
  at,
  type Entry,
  type MapNode,
  map,
  type Node,
  tree,
  under,
} from "../envoy/generate/yaml.ts";
import { bytesPin, gatewayTarget, needTargets, refuseSource, revisionsOf } from "./attach.ts";
import {
  cannot,
  configurationObject,
  headOf,
  object,
  requestLines,
  type Written,
} from "./common.ts";
import type { MeshRequest, Revision, TargetRef } from "./request.ts";
import { httpFilter } from "./wasm-filter.ts";

export const gatewayForms = ["extension-policy", "patch-policy"] as const;

export type GatewayForm = (typeof gatewayForms)[number];

export interface GatewayRequest extends MeshRequest {
  readonly form: GatewayForm;
}

const EXTENSION = "gateway.envoyproxy.io/v1alpha1";

function codeOf({ source, facts }: Revision, pullSecret: string | null): Node {
  if (source.kind === "http") {
    const http = map(at("url", source.url), bytesPin("sha256", source));
    return map(at("type", "HTTP"), at("http", http));
  }
  const secret =
    pullSecret === null ? [] : [at("pullSecretRef", tree({ kind: "Secret", name: pullSecret }))];
  const pin = `Of the manifest in the registry; the module in it is ${facts.report.hardened.sha256}.`;
  const image = map(
    at("url", source.url.replace(/^oci:\/\//, "")),
    under([pin], at("sha256", source.pin!)),
    ...secret,
  );
  return map(at("type", "Image"), at("image", image));
}

function failOpen({ envoy }: Revision): Entry {
  const { failure } = envoy.policy;
  if (failure === "reload") return fail("generate-gateway-reload", {});
  const above =
    failure === "open"
      ? "failure: open. The request that traps and all later ones on that worker go on without the plugin."
      : "failure: closed. The request that traps: 503. Later ones on that worker: 503 until a new configuration.";
  return under([above], at("failOpen", failure === "open"));
}

function extensionPolicy(request: GatewayRequest): MapNode {
  const { stable } = request;
  refuseSource([stable], "file", "Envoy Gateway", "oci:// and https://");
  if (stable.envoy.environment.length > 0) {
    fail("generate-gateway-variables", {
      names: stable.envoy.environment.map(([name]) => name).join(", "),
    });
  }
  const instead = "--form patch-policy, which hands the plugin any text";
  const wasm = map(
    at("name", stable.envoy.policy.name),
    under(["The root id that the plugin registers."], at("rootID", stable.envoy.rootId)),
    at("code", codeOf(stable, request.pullSecret)),
    ...(stable.envoy.configuration === null
      ? []
      : [at("config", configurationObject(stable, "an EnvoyExtensionPolicy", instead))]),
    failOpen(stable),
  );
  const spec = map(
    at(
      "targetRefs",
      request.targets.map((one) => gatewayTarget(one)),
    ),
    at("wasm", [wasm]),
  );
  const frame = { apiVersion: EXTENSION, kind: "EnvoyExtensionPolicy" };
  return object({ ...frame, name: request.name, namespace: request.namespace }, at("spec", spec));
}

const listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener";
const clusterType = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

function patches(request: GatewayRequest, gateway: TargetRef): readonly Node[] {
  const clusters = revisionsOf(request).flatMap(({ envoy }) =>
    codeSource(envoy).map((value) => {
      const cluster = `${envoy.policy.name}-code`;
      const operation = map(at("op", "add"), at("path", ""), at("value", value));
      return map(at("type", clusterType), at("name", cluster), at("operation", operation));
    }),
  );
  const path = "/default_filter_chain/filters/0/typed_config/http_filters/0";
  const first = [
    "Before every other filter of the listener, on all of its routes.",
    "JUDGE: a listener with TLS has its filters under /filter_chains/0/filters/0 instead. `egctl config envoy-proxy listener` shows them.",
  ];
  const operation = map(
    at("op", "add"),
    under(first, at("path", path)),
    at("value", httpFilter(request)),
  );
  const filter = map(
    at("type", listenerType),
    at("name", `${request.namespace}/${gateway.name}/${request.listener}`),
    at("operation", operation),
  );
  return [...clusters, filter];
}

function patchPolicy(request: GatewayRequest): MapNode {
  const [gateway, ...others] = request.targets;
  if (gateway?.kind !== "Gateway" || others.length > 0) return fail("generate-patch-target", {});
  const spec = map(
    at("targetRef", gatewayTarget(gateway)),
    at("type", "JSONPatch"),
    at("jsonPatches", patches(request, gateway)),
  );
  const frame = { apiVersion: EXTENSION, kind: "EnvoyPatchPolicy" };
  return object({ ...frame, name: request.name, namespace: request.namespace }, at("spec", spec));
}

function findingsOf(request: GatewayRequest, asked: GatewayForm): readonly Finding[] {
  const found: Finding[] = [];
  if (request.form === "extension-policy") {
    const what = "a capability restriction, a reload policy or variables with values";
    found.push(cannot("an EnvoyExtensionPolicy", what, "--form patch-policy"));
  } else {
    found.push(finding("generate-patch-enabled", "info"));
  }
  if (asked !== request.form) {
    const what = "a fraction of the requests: it runs for all of its targets";
    found.push(
      cannot("an EnvoyExtensionPolicy", what, "an EnvoyPatchPolicy with both versions (generated)"),
    );
  }
  return found;
}

/** Writes it. Throws `generate-source`, `generate-gateway-…`, `generate-patch-target` and `generate-configuration`. */
export function generateEnvoyGateway(asked: GatewayRequest): Written {
  const request: GatewayRequest =
    asked.canary === null ? asked : { ...asked, form: "patch-policy" };
  needTargets(request, "Envoy Gateway", "Gateway/NAME or HTTPRoute/NAME");
  if (request.form === "patch-policy") {
    const takes = "https:// and file:, because Envoy itself fetches the module there";
    refuseSource(revisionsOf(request), "oci", "an EnvoyPatchPolicy", takes);
  }
  const node = request.form === "patch-policy" ? patchPolicy(request) : extensionPolicy(request);
  const consumer = `Envoy Gateway 1.1 and newer (for its Envoy from ${request.stable.envoy.version} on)`;
  const head = headOf("envoy-gateway", consumer, [
    ...requestLines(request),
    "Measured: the definitions of Envoy Gateway 1.9 take it; Envoy 1.36 to 1.40 run the messages. What the controller makes of it: from its source.",
  ]);
  return {
    documents: [{ head, node }],
    findings: findingsOf(request, asked.form),
  };
}
