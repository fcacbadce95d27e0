// `generate istio`: a WasmPlugin or TrafficExtension, which can't carry a restriction, a vm_id or a back-off; or the
// pair of patches in an EnvoyFilter that istiod applies and its agent serves, which carry all of them.
// From istiod's source: EXTENSION_CONFIG takes ADD only; its agent fetches any Wasm message with code.remote and keeps
// every other field; a field that istiod doesn't know is dropped without an error.
import { type Finding, fail, finding } from "../../errors/failure.ts";
import { failureForm } from "../../spec/envoy-versions.ts";
import { type IstioVersion, istioHas, istioSince } from "../../spec/istio-releases.ts";
import { canaryFilter, discoveredDelegate } from "../envoy/generate/canary.ts";
import { types } from "../envoy/generate/names.ts";
import {
  at,
  type Entry,
  type MapNode,
  map,
  type Node,
  tree,
  under,
} from "../envoy/generate/yaml.ts";
import { GATEWAY_API, revisionsOf } from "./attach.ts";
import {
  CANARY,
  cannot,
  configurationObject,
  headOf,
  object,
  requestLines,
  sharedCalls,
  type Written,
} from "./common.ts";
import type { MeshRequest, Phase, Revision, Side } from "./request.ts";
import { wasmMessage } from "./wasm-filter.ts";

export const istioForms = ["wasm-plugin", "traffic-extension", "envoy-filter"] as const;

export type IstioForm = (typeof istioForms)[number];

export interface IstioRequest extends MeshRequest {
  readonly version: IstioVersion;
  readonly form: IstioForm;
}

const phaseNames: Readonly<Record<Phase, string | null>> = {
  authn: "AUTHN",
  authz: "AUTHZ",
  stats: "STATS",
  last: null,
};

const strategies = { closed: "FAIL_CLOSE", open: "FAIL_OPEN", reload: "FAIL_RELOAD" } as const;

const contexts: Readonly<Record<Side, string>> = {
  gateway: "GATEWAY",
  inbound: "SIDECAR_INBOUND",
  outbound: "SIDECAR_OUTBOUND",
};

function scope({ labels, targets }: MeshRequest, key: string): readonly Entry[] {
  if (targets.length > 0) {
    const refs = targets.map(({ kind, name }) => ({ ...groupOf(kind), kind, name }));
    return [at("targetRefs", tree(refs))];
  }
  if (labels.length === 0) return [];
  const inner = key === "selector" ? "matchLabels" : "labels";
  return [at(key, tree({ [inner]: Object.fromEntries(labels) }))];
}

const groupOf = (kind: string): { group: string } => ({
  group: kind === "Service" ? "" : kind === "ServiceEntry" ? "networking.istio.io" : GATEWAY_API,
});

function pinOf({ source }: Revision): readonly Entry[] {
  if (source.pin === null) return [];
  const of = source.kind === "oci" ? "the manifest in the registry" : "the hardened module itself";
  const above = `Of ${of}: other bytes are refused. Nothing in Istio checks a signature.`;
  return [under([above], at("sha256", source.pin))];
}

function strategyOf({ version }: IstioRequest, { envoy }: Revision): Entry {
  const { failure } = envoy.policy;
  if (failure === "reload" && !istioHas(version, "fail-reload")) {
    return fail("generate-strategy", { version, since: istioSince("fail-reload") });
  }
  const form = failureForm(envoy.version, failure)!;
  const missing = failure === "open" ? "allows" : "denies";
  const fetch = istioHas(version, "deny-without-code")
    ? `A module that can't be fetched ${missing} every request (403).`
    : "A module that can't be fetched keeps the old configuration.";
  const above = `failure: ${failure}. The request that traps: ${form.trapped}. Later ones on that worker: ${form.later}. ${fetch}`;
  return under([above], at("failStrategy", strategies[failure]));
}

function pluginEntries(request: IstioRequest, revision: Revision): readonly Entry[] {
  const { source, envoy } = revision;
  const instead = "--form envoy-filter, which hands the plugin any text";
  const variables = envoy.environment.map(([name, value]) => ({ name, value }));
  return [
    at("url", source.url),
    ...pinOf(revision),
    at("imagePullPolicy", "IfNotPresent"),
    ...(request.pullSecret === null ? [] : [at("imagePullSecret", request.pullSecret)]),
    under(["The root id that the plugin registers."], at("pluginName", envoy.rootId)),
    ...(envoy.configuration === null
      ? []
      : [at("pluginConfig", configurationObject(revision, "a WasmPlugin", instead))]),
    strategyOf(request, revision),
    ...(variables.length === 0
      ? []
      : [
          under(
            ["What is written here, and nothing of the proxy's own environment."],
            at("vmConfig", tree({ env: variables })),
          ),
        ]),
  ];
}

function plugin(request: IstioRequest): MapNode {
  const phase = phaseNames[request.phase];
  const mode = request.side === "inbound" ? "SERVER" : "CLIENT";
  const place = [
    ...scope(request, "selector"),
    ...(phase === null ? [] : [at("phase", phase)]),
    ...(request.targets.length > 0 && request.side === "gateway"
      ? []
      : [
          at(
            "match",
            tree([{ mode }]),
            request.side === "gateway" ? "a gateway's listeners" : `${request.side} listeners`,
          ),
        ]),
  ];
  const frame = {
    apiVersion: "extensions.istio.io/v1alpha1",
    name: request.name,
    namespace: request.namespace,
  };
  const inner = pluginEntries(request, request.stable);
  if (request.form === "traffic-extension") {
    if (!istioHas(request.version, "traffic-extension")) {
      fail("generate-istio-since", {
        what: "TrafficExtension",
        since: istioSince("traffic-extension"),
        version: request.version,
      });
    }
    const spec = map(...place, at("wasm", map(...inner)));
    return object({ ...frame, kind: "TrafficExtension" }, at("spec", spec));
  }
  return object({ ...frame, kind: "WasmPlugin" }, at("spec", map(...place, ...inner)));
}

const discovery = (): Node =>
  map(
    under(
      ["The listener waits for the module; without one the agent serves a filter that denies."],
      at("config_source", tree({ ads: {}, initial_fetch_timeout: "0s" })),
    ),
    at("type_urls", [types.wasm, "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"]),
  );

const extensionName = ({ namespace }: MeshRequest, { envoy }: Revision): string =>
  `glovebox/${namespace}/${envoy.policy.name}`;

function extension(request: IstioRequest, revision: Revision, again: boolean): Node {
  const value = map(
    at("name", extensionName(request, revision)),
    at("typed_config", wasmMessage(revision, again)),
  );
  return map(
    at("applyTo", "EXTENSION_CONFIG"),
    at("match", tree({ context: contexts[request.side] })),
    at("patch", map(at("operation", "ADD"), at("value", value))),
  );
}

/** First of all, or right before the router: anchors that may be missing would drop the patch without a word. */
function insertion(request: IstioRequest): Node {
  const first = request.phase === "authn" || request.phase === "authz";
  const manager = { name: "envoy.filters.network.http_connection_manager" };
  const filter = first ? manager : { ...manager, subFilter: { name: "envoy.filters.http.router" } };
  const match = tree({
    context: contexts[request.side],
    listener: { filterChain: { filter } },
  });
  const { stable, canary } = request;
  const name = extensionName(request, stable);
  const value =
    canary === null
      ? map(at("name", name), at("config_discovery", discovery()))
      : canaryFilter(name, request.name, canary, {
          stable: discoveredDelegate(name, discovery()),
          canary: discoveredDelegate(extensionName(request, canary.revision), discovery()),
        });
  const above = first
    ? "Before every other filter, so that nothing answers a request that the plugin hasn't seen."
    : "Right before the router.";
  return map(
    under([above], at("applyTo", "HTTP_FILTER")),
    at("match", match),
    at("patch", map(at("operation", first ? "INSERT_FIRST" : "INSERT_BEFORE"), at("value", value))),
  );
}

function envoyFilter(request: IstioRequest): MapNode {
  const patches = [
    ...revisionsOf(request).map((one, i) => extension(request, one, i > 0)),
    insertion(request),
  ];
  const frame = {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    name: request.name,
    namespace: request.namespace,
  };
  const all =
    "The plugin's message, which the agent fetches the module for, and the filter that asks for it. istiod only takes ADD for the former, and never merges into what a WasmPlugin becomes.";
  return object(
    frame,
    at(
      "spec",
      map(...scope(request, "workloadSelector"), under([all], at("configPatches", patches))),
    ),
  );
}

function findingsOf(request: IstioRequest, wanted: IstioForm): readonly Finding[] {
  const found: Finding[] = [];
  if (request.form !== "envoy-filter") {
    const what = "a capability restriction, a vm_id or a reload back-off";
    found.push(
      cannot(
        `a ${request.form === "wasm-plugin" ? "WasmPlugin" : "TrafficExtension"}`,
        what,
        "--form envoy-filter",
      ),
    );
    const calls = sharedCalls(request.stable).join(", ");
    if (calls !== "") found.push(finding("generate-shared-namespace", "warning", { calls }));
  } else if (request.pullSecret !== null) {
    found.push(
      cannot(
        "an EnvoyFilter",
        "a pull secret",
        "a registry that the agent may read, or --form wasm-plugin",
      ),
    );
  }
  if (wanted !== request.form) {
    const what = "a fraction of the requests: it runs for all of its workloads";
    found.push(cannot("a WasmPlugin", what, "an EnvoyFilter with both versions (generated)"));
  }
  if (request.labels.length === 0 && request.targets.length === 0) {
    found.push(finding("generate-everywhere", "warning", { namespace: request.namespace }));
  }
  return found;
}

/** Writes it. Throws `generate-strategy`, `generate-istio-since` and `generate-configuration`. */
export function generateIstio(asked: IstioRequest): Written {
  const request: IstioRequest = asked.canary === null ? asked : { ...asked, form: "envoy-filter" };
  if (request.form === "envoy-filter" && request.targets.length > 0) {
    fail("generate-filter-targets", {});
  }
  const node = request.form === "envoy-filter" ? envoyFilter(request) : plugin(request);
  const consumer = `Istio ${request.version} (its Envoy: ${request.stable.envoy.version})`;
  const head = headOf("istio", consumer, [
    ...requestLines(request),
    "Measured: istioctl (its API between 1.30 and 1.31) validates and analyzes it; Envoy 1.36 to 1.40 run the messages. What istiod makes of it: from its source.",
    ...(request.canary === null
      ? []
      : [`${CANARY}: ${request.canary.percent} of a hundred requests.`]),
  ]);
  return {
    documents: [{ head, node: node }],
    findings: findingsOf(request, asked.form),
  };
}
