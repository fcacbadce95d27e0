// Rows of the command table for `generate TARGET` beside `generate envoy`: meshes, policy engines, monitoring. Data
// only, as the table itself.
import { envoyReleases } from "../spec/envoy-versions.ts";
import { istioReleases } from "../spec/mesh-api.ts";
import type { CommandRow, FlagRow } from "./command-row.ts";
import { remoteFlags } from "./oci-rows.ts";
import { policyFlag, ref, roleFlag, startFlags } from "./plugin-flags.ts";

const output = {
  name: "output",
  short: "o",
  value: "FILE",
  summary: "write the result there",
} as const satisfies FlagRow;

const name = {
  name: "name",
  value: "NAME",
  summary: "of the generated objects; without it the policy's",
} as const satisfies FlagRow;

const namespace = {
  name: "namespace",
  value: "NAME",
  summary: "of the generated objects; without it default",
} as const satisfies FlagRow;

const label = {
  name: "label",
  value: "NAME=VALUE",
  summary: "a label of the workloads that the plugin runs in",
  many: true,
} as const satisfies FlagRow;

const envoy = {
  name: "envoy",
  value: "RELEASE",
  summary: "the oldest release of Envoy in these proxies; without it 1.33",
  choices: envoyReleases.map((row) => row.release),
} as const satisfies FlagRow;

const side = {
  name: "side",
  value: "SIDE",
  summary: "which listeners of the workloads; without it gateway",
  choices: ["gateway", "inbound", "outbound"],
} as const satisfies FlagRow;

const phase = {
  name: "phase",
  value: "PHASE",
  summary: "where it stands among other filters; without it by its role",
  choices: ["authn", "authz", "stats", "last"],
} as const satisfies FlagRow;

const runbooks = {
  name: "runbooks",
  value: "URL",
  summary: "the page that alerts point to; without it docs/guide/alerts.md",
} as const satisfies FlagRow;

const percent = {
  name: "percent",
  value: "N",
  summary: "of a hundred requests for the canary, 1 to 99; without it 5",
} as const satisfies FlagRow;

/** Of every target that can have two versions of a plugin. */
export const canaryFlags = [
  {
    name: "canary",
    value: "REF",
    summary: "a new version of the plugin, for a fraction of the requests",
  },
  { name: "canary-policy", value: "FILE", summary: "its policy; without it the same" },
  { name: "canary-url", value: "URL", summary: "where its hardened module is" },
  { name: "canary-hardened", value: "FILE", summary: "write its hardened module there" },
  percent,
] as const satisfies readonly FlagRow[];

const policies = {
  ...policyFlag,
  summary: "a plugin's policy (YAML or JSON)",
  required: true,
  many: true,
} as const satisfies FlagRow;

/** What every target that runs a plugin is given. */
const pluginFlags = [
  policyFlag,
  roleFlag,
  {
    name: "url",
    value: "URL",
    summary: "where the hardened module is: oci:, https:, http: or file:",
    required: true,
  },
  {
    name: "manifest",
    value: "DIGEST",
    summary: "for oci: the digest of its manifest, sha256:…, unless the URL ends in it",
  },
  { name: "hardened", value: "FILE", summary: "write the hardened module there" },
  ...startFlags,
  name,
  namespace,
  label,
  {
    name: "target",
    value: "KIND/NAME",
    summary: "what it is attached to, such as Gateway/public",
    many: true,
  },
  side,
  phase,
  { name: "pull-secret", value: "NAME", summary: "the Secret that its registry wants" },
  ...canaryFlags,
  { name: "canary-manifest", value: "DIGEST", summary: "for oci: the digest of its manifest" },
  {
    name: "route",
    value: "PREFIX",
    summary: "paths that the canary's fraction is taken of; without it all",
    many: true,
  },
  runbooks,
  output,
  ...remoteFlags,
] as const satisfies readonly FlagRow[];

const HARDENS =
  "Hardens the plugin, starts it once, and writes objects that name the hardened module by its digest. What the target can't say is said in a finding, with the way that can. With --canary both versions run side by side, each request meets one of them, and the alert that ends it comes with the file.";

/** What admission policies of either engine are given. */
const admissionFlags = [
  {
    ...policyFlag,
    many: true,
    summary: "the policy of a plugin that runs there; security roles must fail closed by name",
  },
  {
    name: "digest",
    value: "SHA256",
    summary: "an allowed digest: of a manifest (oci:) or of a module (https:)",
    many: true,
    required: true,
  },
  {
    name: "canary",
    value: "SHA256",
    summary: "a digest that is allowed in objects with the label glovebox.dev/canary=true only",
    many: true,
  },
  {
    name: "registry",
    value: "PREFIX",
    summary: "where plugins may come from, such as oci://registry.example.com/plugins/",
    many: true,
  },
  {
    name: "mesh",
    value: "NAME",
    summary: "whose objects bring plugins; without it istio",
    choices: ["istio", "envoy-gateway"],
  },
  {
    name: "version",
    value: "RELEASE",
    summary: "the release of Istio; without it the newest known",
    choices: istioReleases.map((row) => row.release),
  },
  { name: "audit", summary: "report what breaks the rules, and refuse nothing" },
  name,
  output,
] as const satisfies readonly FlagRow[];

const watchFlags = [
  policies,
  {
    name: "series",
    value: "SOURCE",
    summary: "who counts: a stock envoy (default), or the lab",
    choices: ["envoy", "lab"],
  },
  {
    name: "prefix",
    value: "TEXT",
    summary: "what stands before the plugin's name in the proxy, as NAMESPACE. in Istio",
  },
  {
    name: "expected",
    value: "CLUSTER",
    summary: "a cluster that the proxy itself calls, so that calls there are nobody's",
    many: true,
  },
  { name: "canary", summary: "the first policy's plugin has a canary: watch it too" },
  percent,
] as const satisfies readonly FlagRow[];

export const generateRows = {
  "generate istio": {
    summary: "a WasmPlugin, a TrafficExtension, or the EnvoyFilter pair that carries restrictions",
    detail: HARDENS,
    args: [ref],
    flags: [
      ...pluginFlags,
      {
        name: "version",
        value: "RELEASE",
        summary: "the oldest release of Istio that reads it; without it the newest known",
        choices: istioReleases.map((row) => row.release),
      },
      {
        name: "form",
        value: "FORM",
        summary: "which object; without it wasm-plugin",
        choices: ["wasm-plugin", "traffic-extension", "envoy-filter"],
      },
    ],
    examples: [
      {
        line: "glovebox generate istio auth.wasm -p auth.yaml --url oci://registry.example.com/plugins/auth:v2 --manifest sha256:… --label app=gateway",
        does: "a WasmPlugin, pinned by its manifest",
      },
      {
        line: "glovebox generate istio auth.wasm -p auth.yaml --form envoy-filter --url https://modules.example.com/auth.wasm --label app=gateway",
        does: "with capabilities, a VM and a back-off of its own",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  "generate envoy-gateway": {
    summary: "an EnvoyExtensionPolicy, or the EnvoyPatchPolicy that carries restrictions",
    detail: HARDENS,
    args: [ref],
    flags: [
      ...pluginFlags,
      envoy,
      {
        name: "form",
        value: "FORM",
        summary: "which object; without it extension-policy",
        choices: ["extension-policy", "patch-policy"],
      },
      {
        name: "listener",
        value: "NAME",
        summary: "the Gateway's listener that is patched; without it http",
      },
    ],
    examples: [
      {
        line: "glovebox generate envoy-gateway auth.wasm -p auth.yaml --url https://modules.example.com/auth.wasm --target HTTPRoute/shop",
        does: "the plugin on one route",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  "generate kuma": {
    summary: "a MeshProxyPatch that holds what the policy promises",
    detail: HARDENS,
    args: [ref],
    flags: [
      ...pluginFlags,
      envoy,
      { name: "mesh", value: "NAME", summary: "the mesh; without it default" },
    ],
    examples: [
      {
        line: "glovebox generate kuma auth.wasm -p auth.yaml --url https://modules.example.com/auth.wasm --side inbound --label kuma.io/service=shop",
        does: "the plugin before one service",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  "generate gloo": {
    summary: "options of a Gloo Gateway listener, or a WasmDeploymentPolicy of Gloo Mesh",
    detail: HARDENS,
    args: [ref],
    flags: [
      ...pluginFlags,
      envoy,
      {
        name: "form",
        value: "FORM",
        summary: "which object; without it listener-option",
        choices: ["listener-option", "deployment-policy"],
      },
    ],
    examples: [
      {
        line: "glovebox generate gloo auth.wasm -p auth.yaml --url oci://registry.example.com/plugins/auth:v2 --manifest sha256:… --target Gateway/public",
        does: "the plugin on a gateway",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  "generate kyverno": {
    summary: "Kyverno policies: plugins pinned to allowed digests, closed where they decide",
    args: [],
    flags: [
      ...admissionFlags,
      {
        name: "form",
        value: "FORM",
        summary: "which kind of policy; without it validating-policy",
        choices: ["validating-policy", "cluster-policy"],
      },
      {
        name: "key",
        value: "FILE",
        summary: "a public key (PEM), one of which must have signed a plugin in a registry",
        many: true,
      },
    ],
    examples: [
      {
        line: "glovebox generate kyverno --digest sha256:… --registry oci://registry.example.com/plugins/ -p auth.yaml",
        does: "for Kyverno 1.17 and newer",
      },
    ],
    exits: [1, 3, 5],
  },
  "generate admission-policy": {
    summary: "the same rules for the Kubernetes API server itself, with their bindings",
    args: [],
    flags: admissionFlags,
    examples: [
      {
        line: "glovebox generate admission-policy --digest sha256:… --registry oci://registry.example.com/plugins/ | kubectl apply -f -",
        does: "ValidatingAdmissionPolicies",
      },
    ],
    exits: [1, 3, 5],
  },
  "generate prometheus": {
    summary: "recording and alerting rules on names that exist",
    args: [],
    flags: [
      ...watchFlags,
      {
        name: "form",
        value: "FORM",
        summary: "a rules file (default), or an object of Prometheus Operator",
        choices: ["rules", "operator"],
      },
      name,
      namespace,
      runbooks,
      output,
    ],
    examples: [
      {
        line: "glovebox generate prometheus -p auth.yaml -p logging.yaml -o rules.yaml",
        does: "for a stock Envoy",
      },
    ],
    exits: [1, 3, 5],
  },
  "generate grafana": {
    summary: "a dashboard of what `generate prometheus` records",
    args: [],
    flags: [...watchFlags, name, output],
    examples: [
      { line: "glovebox generate grafana -p auth.yaml -o plugins.json", does: "one to import" },
    ],
    exits: [1, 3, 5],
  },
  "generate networkpolicy": {
    summary: "where a proxy's pods may connect to, from the policy's dispatch.clusters",
    args: [],
    flags: [
      { ...policyFlag, required: true },
      {
        name: "canary",
        value: "FILE",
        summary: "the policy of a new version in pods with the label glovebox.dev/canary=true",
      },
      {
        name: "cluster",
        value: "NAME=HOST:PORT",
        summary: "the address of a cluster of the policy, or of the proxy's own",
        many: true,
      },
      { ...label, summary: "a label of the proxy's pods" },
      name,
      namespace,
      output,
    ],
    examples: [
      {
        line: "glovebox generate networkpolicy -p auth.yaml --label app=gateway --cluster auth=auth.prod:8080 --cluster shop=shop.prod:8080",
        does: "the auth service and the backend, and nothing else",
      },
    ],
    exits: [1, 3, 5],
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
