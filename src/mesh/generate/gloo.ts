// `generate gloo`: options of a listener of Gloo Gateway (Enterprise), or a WasmDeploymentPolicy of Gloo Mesh. Neither
// carries a restriction or a failure policy beyond open and closed. The first is from Gloo's API, the second from its
// documentation only: its source is closed.
import { type Finding, fail } from "../../errors/failure.ts";
import { types } from "../envoy/generate/names.ts";
import { at, type Entry, type MapNode, map, tree, under } from "../envoy/generate/yaml.ts";
import { bytesPin, gatewayTarget, needTargets, refuseSource } from "./attach.ts";
import {
  CANARY,
  CANARY_LABEL,
  cannot,
  headOf,
  object,
  requestLines,
  type Written,
} from "./common.ts";
import type { MeshRequest, Phase, Revision, Side } from "./request.ts";

export const glooForms = ["listener-option", "deployment-policy"] as const;

export type GlooForm = (typeof glooForms)[number];

export interface GlooRequest extends MeshRequest {
  readonly form: GlooForm;
}

const stages: Readonly<Record<Phase, string>> = {
  authn: "AuthNStage",
  authz: "AuthZStage",
  stats: "AcceptedStage",
  last: "RouteStage",
};

const filterContexts: Readonly<Record<Side, string>> = {
  gateway: "GATEWAY",
  inbound: "SIDECAR_INBOUND",
  outbound: "SIDECAR_OUTBOUND",
};

const configurationOf = ({ envoy }: Revision, key: string): readonly Entry[] =>
  envoy.configuration === null
    ? []
    : [at(key, tree({ "@type": types.text, value: envoy.configuration }))];

/** `registry/x@sha256:…`: Gloo compares nothing but what the reference says. */
function imageOf({ source }: Revision): string {
  const reference = source.url.replace(/^oci:\/\//, "").replace(/@sha256:[0-9a-f]{64}$/, "");
  return `${reference.replace(/:[^/:]+$/, "")}@sha256:${source.pin}`;
}

function refuse({ envoy }: Revision): void {
  if (envoy.policy.failure === "reload") fail("generate-gloo-reload", {});
  if (envoy.environment.length > 0) fail("generate-gloo-variables", {});
}

function listenerFilter(request: GlooRequest, revision: Revision): MapNode {
  refuse(revision);
  refuseSource([revision], "http", "Gloo Gateway", "oci:// and file:");
  const { source, envoy } = revision;
  const open = envoy.policy.failure === "open";
  const from =
    source.kind === "oci"
      ? under(
          ["Pinned by the digest of its manifest; a tag would be followed."],
          at("image", imageOf(revision)),
        )
      : under(
          ["Nothing checks the digest of a file."],
          at("filePath", new URL(source.url).pathname),
        );
  return map(
    from,
    at("name", envoy.policy.name),
    at("rootId", envoy.rootId),
    at("vmType", "V8"),
    ...configurationOf(revision, "config"),
    at("filterStage", tree({ stage: stages[request.phase], predicate: "During" })),
    under(
      [
        `failure: ${envoy.policy.failure}. ${open ? "After a trap requests go on without the plugin." : "After a trap the worker answers 503."}`,
      ],
      at("failOpen", open),
    ),
  );
}

function listenerOption(request: GlooRequest, revision: Revision, suffix: string): MapNode {
  const { targets, name, namespace } = request;
  needTargets(request, "Gloo Gateway", "Gateway/NAME");
  const refs = targets.map((one) => gatewayTarget(one, suffix));
  const wasm = map(at("filters", [listenerFilter(request, revision)]));
  return object(
    {
      apiVersion: "gateway.solo.io/v1",
      kind: "HttpListenerOption",
      name: `${name}${suffix}`,
      namespace,
    },
    at("spec", map(at("targetRefs", refs), at("options", map(at("wasm", wasm))))),
  );
}

function deploymentFilter(request: GlooRequest, revision: Revision): MapNode {
  refuse(revision);
  const { source, envoy } = revision;
  const from =
    source.kind === "http"
      ? at("httpUriSource", map(at("uri", source.url), bytesPin("sha", source)))
      : source.kind === "oci"
        ? at("wasmImageSource", map(at("wasmImageTag", imageOf(revision))))
        : at("localPathSource", new URL(source.url).pathname);
  return map(
    from,
    at("filterContext", filterContexts[request.side]),
    at("insertBeforeFilter", "envoy.filters.http.router"),
    at("rootId", envoy.rootId),
    under(["Its own: plugins of one vmId share data."], at("vmId", `${envoy.policy.name}-all`)),
    ...configurationOf(revision, "staticFilterConfig"),
  );
}

function deploymentPolicy(request: GlooRequest, revision: Revision, suffix: string): MapNode {
  if (revision.envoy.policy.failure === "open") fail("generate-gloo-open", {});
  const canary = suffix === "" ? [] : [[CANARY_LABEL, "true"] as const];
  const labels = Object.fromEntries([...request.labels, ...canary]);
  const workloads = [{ selector: { labels, namespace: request.namespace } }];
  return object(
    {
      apiVersion: "extensions.policy.gloo.solo.io/v2",
      kind: "WasmDeploymentPolicy",
      name: `${request.name}${suffix}`,
      namespace: request.namespace,
    },
    at(
      "spec",
      map(
        at("applyToWorkloads", tree(workloads)),
        at("config", map(at("filters", [deploymentFilter(request, revision)]))),
      ),
    ),
  );
}

function findingsOf(request: GlooRequest): readonly Finding[] {
  const what = "a capability restriction or what a trap does beyond open and closed";
  const found = [
    cannot("Gloo", what, "nothing: the hardened module holds what the policy promises by itself"),
  ];
  if (request.canary === null) return found;
  const where =
    request.form === "listener-option"
      ? `a Gateway of the same name with -${CANARY} behind ${request.canary.percent} of a hundred requests (generated)`
      : `workloads with the label ${CANARY_LABEL}=true, ${request.canary.percent} of a hundred (generated)`;
  return [...found, cannot("Gloo", "two versions of a plugin on one listener", where)];
}

/** Writes it. Throws `generate-source`, `generate-targets` and `generate-gloo-…`. */
export function generateGloo(request: GlooRequest): Written {
  const make = request.form === "listener-option" ? listenerOption : deploymentPolicy;
  const consumer =
    request.form === "listener-option"
      ? "Gloo Gateway Enterprise 1.17 and newer"
      : "Gloo Mesh Enterprise 2.5 and newer";
  const evidence =
    request.form === "listener-option"
      ? "From its API's source, not tried; the option is for Enterprise."
      : "From its documentation only: its API is not published.";
  const head = headOf("gloo", consumer, [...requestLines(request), evidence]);
  const second = request.canary;
  const documents = [
    { head, node: make(request, request.stable, "") },
    ...(second === null
      ? []
      : [
          {
            head: [
              `The canary: ${second.percent} of a hundred requests have to be sent there by what stands in front.`,
            ],
            node: make(request, second.revision, `-${CANARY}`),
          },
        ]),
  ];
  return { documents, findings: findingsOf(request) };
}
