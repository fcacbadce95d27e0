// Every target in its forms, canaries included: what goldens are kept of, and what real consumers are given.

import { generateAdmissionPolicy, generateKyverno } from "../../src/mesh/generate/admission.ts";
import type { AdmissionRequest } from "../../src/mesh/generate/admission-rules.ts";
import { grafanaDashboard } from "../../src/mesh/generate/grafana.ts";
import { fileOf, generateMesh, type MeshFile } from "../../src/mesh/generate/mesh.ts";
import { generateNetworkPolicy } from "../../src/mesh/generate/network-policy.ts";
import { generatePrometheus, type PrometheusForm } from "../../src/mesh/generate/prometheus.ts";
import type { WatchedPlugin, WatchRequest } from "../../src/mesh/generate/watch.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import type { RoleName } from "../../src/policy/roles.ts";
import type { MetricSource } from "../../src/spec/plugin-metrics.ts";
import { sha256 } from "../../src/util/digest.ts";
import type { Overrides } from "./generate-request.ts";
import { canaryOf, MANIFEST, meshRequest, revision } from "./mesh-request.ts";

export const RUNBOOKS = "https://runbooks.example.com/plugins";
export const CANARY_DIGEST = sha256(new TextEncoder().encode("canary"));

export const admission: AdmissionRequest = {
  name: "glovebox-plugins",
  mesh: "istio",
  trafficExtension: true,
  digests: [MANIFEST],
  canaryDigests: [],
  registries: ["oci://registry.example.com/plugins/", "https://modules.example.com/"],
  security: ["vendor-auth"],
  enforce: true,
  keys: [],
};

/** A public key that nobody has the private one of. */
const KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
`;

export function watched(
  name: string,
  role: RoleName,
  overrides: Overrides = {},
  dispatch: readonly string[] | null = null,
): WatchedPlugin {
  const policy = policyFromRole(role, { "metadata.name": name, ...overrides });
  return { policy, dispatch, calls: policy.allow.has("proxy_http_call") };
}

/** Plugins that are watched by what the proxy counts alone. */
const silent = { "spec.telemetry": false } as const;

export function watching(source: MetricSource, more: Partial<WatchRequest> = {}): WatchRequest {
  return {
    plugins: [
      watched("vendor-auth", "external-auth", { "spec.failure": "reload", ...silent }, [
        "auth-service",
      ]),
      watched("access.log", "logging", { "spec.failure": "open", ...silent }),
    ],
    source,
    prefix: "",
    expected: [],
    runbooks: RUNBOOKS,
    percent: null,
    ...more,
  };
}

/** Plugins whose hardened modules report by themselves, whatever a trap does. */
const telling: readonly WatchedPlugin[] = (["closed", "open", "reload"] as const).map((failure) => {
  const one = watched(`tells-${failure}`, "auth", { "spec.failure": failure });
  return { ...one, policy: { ...one.policy, telemetry: true } };
});

const rules = (source: MetricSource, form: PrometheusForm, more: Partial<WatchRequest> = {}) =>
  fileOf(generatePrometheus(watching(source, more), form, "plugins", "edge"));

const network = {
  name: "vendor-auth",
  namespace: "edge",
  labels: [["app", "gateway"]],
  dispatch: ["auth-service"],
  canary: null,
  clusters: new Map([
    ["auth-service", { host: "auth.identity.svc.cluster.local", port: 8080 }],
    ["shop", { host: "10.1.2.3", port: 80 }],
  ]),
} as const;

/** By name; each is made anew. The names are those of the golden files. */
export const files: Readonly<Record<string, () => MeshFile>> = {
  "istio-wasm-plugin": () =>
    generateMesh(
      {
        target: "istio",
        request: {
          ...meshRequest(
            revision("header-tag", {
              environment: [["TENANT", "a"]],
              configuration: '{"issuer":"https://a.example","n":[1,true]}',
            }),
            {
              pullSecret: "registry",
            },
          ),
          version: "1.28",
          form: "wasm-plugin",
        },
      },
      RUNBOOKS,
    ),
  "istio-traffic-extension": () =>
    generateMesh(
      {
        target: "istio",
        request: {
          ...meshRequest(
            revision("header-tag", {
              source: "http",
              agent: true,
              overrides: { "spec.failure": "reload" },
            }),
            {
              labels: [],
              targets: [{ kind: "Gateway", name: "public" }],
              phase: "stats",
            },
          ),
          version: "1.30",
          form: "traffic-extension",
        },
      },
      RUNBOOKS,
    ),
  "istio-envoy-filter": () =>
    generateMesh(
      {
        target: "istio",
        request: { ...meshRequest(revision("header-tag")), version: "1.28", form: "envoy-filter" },
      },
      RUNBOOKS,
    ),
  "istio-canary": () =>
    generateMesh(
      {
        target: "istio",
        request: {
          ...meshRequest(revision("header-tag", { overrides: { "spec.failure": "reload" } }), {
            canary: canaryOf("trap-on-header", {
              name: "header-tag",
              overrides: { "spec.failure": "reload" },
            }),
            phase: "last",
            side: "inbound",
          }),
          version: "1.28",
          form: "wasm-plugin",
        },
      },
      RUNBOOKS,
    ),
  "envoy-gateway-extension-policy": () =>
    generateMesh(
      {
        target: "envoy-gateway",
        request: {
          ...meshRequest(revision("header-tag"), {
            labels: [],
            targets: [{ kind: "HTTPRoute", name: "shop" }],
            pullSecret: "registry",
          }),
          form: "extension-policy",
        },
      },
      RUNBOOKS,
    ),
  "envoy-gateway-extension-policy-http": () =>
    generateMesh(
      {
        target: "envoy-gateway",
        request: {
          ...meshRequest(
            revision("request-log", { source: "http", overrides: { "spec.failure": "open" } }),
            {
              labels: [],
              targets: [{ kind: "Gateway", name: "public" }],
            },
          ),
          form: "extension-policy",
        },
      },
      RUNBOOKS,
    ),
  "envoy-gateway-canary": () =>
    generateMesh(
      {
        target: "envoy-gateway",
        request: {
          ...meshRequest(revision("header-tag", { source: "http" }), {
            labels: [],
            targets: [{ kind: "Gateway", name: "public" }],
            canary: canaryOf("trap-on-header", { name: "header-tag", source: "http" }, 10),
          }),
          form: "extension-policy",
        },
      },
      RUNBOOKS,
    ),
  "kuma-file": () =>
    generateMesh(
      {
        target: "kuma",
        request: {
          ...meshRequest(
            revision("header-tag", { source: "file", overrides: { "spec.failure": "reload" } }),
            {
              labels: [["kuma.io/service", "shop"]],
              side: "inbound",
            },
          ),
          mesh: "default",
        },
      },
      RUNBOOKS,
    ),
  "kuma-canary": () =>
    generateMesh(
      {
        target: "kuma",
        request: {
          ...meshRequest(revision("header-tag", { source: "http" }), {
            labels: [["app", "shop"]],
            targets: [{ kind: "Dataplane", name: "" }],
            side: "inbound",
            phase: "last",
            canary: canaryOf("trap-on-header", { name: "header-tag", source: "http" }, 20),
          }),
          mesh: "default",
        },
      },
      RUNBOOKS,
    ),
  "gloo-listener-option": () =>
    generateMesh(
      {
        target: "gloo",
        request: {
          ...meshRequest(revision("header-tag"), {
            labels: [],
            targets: [{ kind: "Gateway", name: "public" }],
          }),
          form: "listener-option",
        },
      },
      RUNBOOKS,
    ),
  "gloo-canary": () =>
    generateMesh(
      {
        target: "gloo",
        request: {
          ...meshRequest(revision("header-tag"), {
            labels: [],
            targets: [{ kind: "Gateway", name: "public" }],
            canary: canaryOf("trap-on-header", { name: "header-tag" }),
          }),
          form: "listener-option",
        },
      },
      RUNBOOKS,
    ),
  "gloo-deployment-policy": () =>
    generateMesh(
      {
        target: "gloo",
        request: {
          ...meshRequest(revision("header-tag", { source: "http" })),
          form: "deployment-policy",
        },
      },
      RUNBOOKS,
    ),
  "kyverno-validating-policy": () => fileOf(generateKyverno(admission, "validating-policy")),
  "kyverno-cluster-policy": () => fileOf(generateKyverno(admission, "cluster-policy")),
  "kyverno-canary": () =>
    fileOf(generateKyverno({ ...admission, canaryDigests: [CANARY_DIGEST] }, "validating-policy")),
  "kyverno-gateway": () =>
    fileOf(generateKyverno({ ...admission, mesh: "envoy-gateway" }, "cluster-policy")),
  "kyverno-signed": () =>
    fileOf(generateKyverno({ ...admission, keys: [KEY, KEY] }, "validating-policy")),
  "kyverno-signed-gateway": () =>
    fileOf(generateKyverno({ ...admission, mesh: "envoy-gateway", keys: [KEY] }, "cluster-policy")),
  "admission-policy": () => fileOf(generateAdmissionPolicy(admission)),
  "admission-policy-canary": () =>
    fileOf(generateAdmissionPolicy({ ...admission, canaryDigests: [CANARY_DIGEST] })),
  "admission-policy-gateway": () =>
    fileOf(generateAdmissionPolicy({ ...admission, mesh: "envoy-gateway", enforce: false })),
  "prometheus-envoy": () => rules("envoy", "rules"),
  "prometheus-envoy-canary": () => rules("envoy", "rules", { percent: 5 }),
  "prometheus-telemetry": () => rules("envoy", "rules", { plugins: telling, prefix: "edge." }),
  "prometheus-telemetry-canary": () =>
    rules("envoy", "rules", { plugins: telling, prefix: "edge.", percent: 20 }),
  "prometheus-lab": () => rules("lab", "rules"),
  "prometheus-lab-canary": () => rules("lab", "rules", { percent: 5 }),
  "prometheus-operator": () => rules("envoy", "operator", { prefix: "edge.", expected: ["otel"] }),
  networkpolicy: () => fileOf(generateNetworkPolicy(network)),
  "networkpolicy-canary": () =>
    fileOf(
      generateNetworkPolicy({
        ...network,
        canary: ["auth-next"],
        clusters: new Map([...network.clusters, ["auth-next", { host: "fd00::1", port: 9090 }]]),
      }),
    ),
};

/** Dashboards, which are JSON. */
export const dashboards: Readonly<Record<string, () => object>> = {
  "grafana-envoy": () => grafanaDashboard(watching("envoy", { percent: 5 }), "plugins"),
  "grafana-telemetry": () => grafanaDashboard(watching("envoy", { plugins: telling }), "plugins"),
  "grafana-lab": () => grafanaDashboard(watching("lab"), "plugins"),
};
