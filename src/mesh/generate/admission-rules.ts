// What an admission policy asks of objects that bring plugins into a mesh, as CEL: pinned to an allowed digest, from an
// allowed registry, closed on failure where requests are decided. One list for every policy engine that speaks CEL.
// Kubernetes 1.29 and newer have the optional-field syntax that it uses; so has Kyverno's.

export const meshes = ["istio", "envoy-gateway"] as const;

export type MeshName = (typeof meshes)[number];

export interface AdmissionRequest {
  readonly name: string;
  readonly mesh: MeshName;
  /** Whether the cluster knows TrafficExtension. */
  readonly trafficExtension: boolean;
  /** Allowed everywhere: hex of manifests (oci) and modules (http). */
  readonly digests: readonly string[];
  /** Allowed in objects that carry the canary's label. */
  readonly canaryDigests: readonly string[];
  /** What a URL may begin with, scheme included, `/` at the end. */
  readonly registries: readonly string[];
  /** Objects of these names decide about requests, whatever phase they name. */
  readonly security: readonly string[];
  readonly enforce: boolean;
  /** Public keys (PEM), one of which must have signed; only Kyverno asks registries. */
  readonly keys: readonly string[];
}

export interface Variable {
  readonly name: string;
  readonly expression: string;
}

export interface Validation {
  readonly expression: string;
  readonly message: string;
  readonly why: string;
}

/** What is asked of one kind of object. */
export interface Rule {
  /** A word for names of policies. */
  readonly id: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  /** Objects that it is not about; null: it is about all. */
  readonly condition: string | null;
  readonly variables: readonly Variable[];
  readonly validations: readonly Validation[];
}

const list = (words: readonly string[]): string =>
  `[${words.map((one) => JSON.stringify(one)).join(", ")}]`;

const IS_CANARY = `object.metadata.?labels[?"glovebox.dev/canary"].orValue("") == "true"`;

/** Whether the digest that `digest` computes is allowed where the object stands. */
function allowed(request: AdmissionRequest, digest: string): string {
  const stable = `${digest} in ${list(request.digests)}`;
  if (request.canaryDigests.length === 0) return stable;
  return `${stable} || (${IS_CANARY} && ${digest} in ${list(request.canaryDigests)})`;
}

const PIN: Pick<Validation, "message" | "why"> = {
  message: "the plugin must be pinned to an allowed sha256",
  why: "Present, whole, and one that was looked at: a digest of any bytes pins nothing but itself.",
};

function registry(request: AdmissionRequest, url: string): readonly Validation[] {
  if (request.registries.length === 0) return [];
  return [
    {
      expression: `${list(request.registries)}.exists(prefix, ${url}.startsWith(prefix))`,
      message: `the plugin must come from ${request.registries.join(" or ")}`,
      why: "Prefixes end with a slash, so that example.com.evil.test is none of example.com's.",
    },
  ];
}

const FILE: Validation = {
  expression: `!variables.url.startsWith("file://")`,
  message: "a plugin from a file is checked by nobody",
  why: "Istio compares sha256 for oci:// and http(s):// only.",
};

function closed(request: AdmissionRequest): Validation {
  const named =
    request.security.length === 0 ? "" : ` || object.metadata.name in ${list(request.security)}`;
  const decides = `variables.plugin.?phase.orValue("") in ["AUTHN", "AUTHZ"]${named}`;
  return {
    expression: `!(${decides}) || variables.plugin.?failStrategy.orValue(variables.code.?failStrategy.orValue("FAIL_CLOSE")) in ["FAIL_CLOSE", "FAIL_RELOAD"]`,
    message: "a plugin that decides about requests must fail closed (FAIL_CLOSE or FAIL_RELOAD)",
    why: "After a trap a plugin that fails open lets everything by, and nothing says so. What isn't written is FAIL_CLOSE.",
  };
}

function istioPlugin(request: AdmissionRequest, kind: string, resource: string): Rule {
  const inner = kind === "TrafficExtension" ? "object.spec.wasm" : "object.spec";
  return {
    id: resource,
    group: "extensions.istio.io",
    version: "v1alpha1",
    resource,
    kind,
    condition: kind === "TrafficExtension" ? "has(object.spec.wasm)" : null,
    variables: [
      { name: "plugin", expression: "object.spec" },
      { name: "code", expression: inner },
      {
        name: "url",
        expression: `variables.code.url.contains("://") ? variables.code.url : "oci://" + variables.code.url`,
      },
      { name: "pin", expression: `variables.code.?sha256.orValue("")` },
    ],
    validations: [
      { expression: allowed(request, "variables.pin"), ...PIN },
      FILE,
      ...registry(request, "variables.url"),
      closed(request),
    ],
  };
}

const WASM = `("wasm.v3.Wasm")`;

/** Patches that bring a plugin, by the type of what they hold. */
function envoyFilter(request: AdmissionRequest): Rule {
  const config = `value.?typed_config.orValue(value.?typedConfig.orValue({}))`;
  const patches = `object.spec.?configPatches.orValue([]).map(p, p.?patch.?value.orValue({})).map(value, ${config})`;
  const typed = `variables.configs.filter(c, c[?"@type"].orValue("").endsWith${WASM})`;
  const untyped = `variables.configs.filter(c, c.?type_url.orValue(c.?typeUrl.orValue("")).endsWith${WASM})`;
  const vm = (key: string): string => `c.?config.?${key}.?code.?remote.?sha256`;
  return {
    id: "envoyfilters",
    group: "networking.istio.io",
    version: "v1alpha3",
    resource: "envoyfilters",
    kind: "EnvoyFilter",
    condition: null,
    variables: [
      { name: "configs", expression: patches },
      { name: "plugins", expression: typed },
      {
        name: "pins",
        expression: `variables.plugins.map(c, ${vm("vm_config")}.orValue(${vm("vmConfig")}.orValue("")))`,
      },
    ],
    validations: [
      {
        expression: `variables.pins.all(pin, ${allowed(request, "pin")})`,
        ...PIN,
        why: "An EnvoyFilter is the way around every rule on WasmPlugin. JUDGE: a plugin nested deeper than the patch's own typed_config isn't seen; `glovebox lint` sees it.",
      },
      {
        expression: `${untyped}.size() == 0`,
        message: "a plugin must be written as its own type, not as a TypedStruct",
        why: "Inside a TypedStruct nobody checks a field.",
      },
    ],
  };
}

function extensionPolicy(request: AdmissionRequest): Rule {
  const plugins = `object.spec.?wasm.orValue([])`;
  const digest = `p.code.?http.?sha256.orValue(p.code.?image.?sha256.orValue(""))`;
  const url = `(p.code.type == "Image" ? "oci://" + p.code.image.url : p.code.?http.?url.orValue(""))`;
  const named =
    request.security.length === 0 ? "false" : `p.?name.orValue("") in ${list(request.security)}`;
  return {
    id: "envoyextensionpolicies",
    group: "gateway.envoyproxy.io",
    version: "v1alpha1",
    resource: "envoyextensionpolicies",
    kind: "EnvoyExtensionPolicy",
    condition: null,
    variables: [{ name: "plugins", expression: plugins }],
    validations: [
      { expression: `variables.plugins.all(p, ${allowed(request, digest)})`, ...PIN },
      ...registry(request, url).map((one) => ({
        ...one,
        expression: `variables.plugins.all(p, ${one.expression})`,
      })),
      {
        expression: `variables.plugins.all(p, !(${named}) || !p.?failOpen.orValue(false))`,
        message: "a plugin that decides about requests must not fail open",
        why: "The policy of these plugins says that they decide. JUDGE: the object has no phase, so that others can't be told.",
      },
    ],
  };
}

/** The rules of a mesh. */
export function admissionRules(request: AdmissionRequest): readonly Rule[] {
  if (request.mesh === "envoy-gateway") return [extensionPolicy(request)];
  const newer = request.trafficExtension
    ? [istioPlugin(request, "TrafficExtension", "trafficextensions")]
    : [];
  return [istioPlugin(request, "WasmPlugin", "wasmplugins"), ...newer, envoyFilter(request)];
}
