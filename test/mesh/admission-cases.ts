// Objects that the generated admission policies let in, and objects that they don't, each for one reason. The same
// for every engine that judges by them.
import { CANARY_DIGEST } from "./generate-targets.ts";
import { MANIFEST } from "./mesh-request.ts";

export interface AdmissionCase {
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly [key: string]: unknown;
  };
  /** Words of the message that refuses it; null: it is let in. */
  readonly refused: RegExp | null;
  /** Only of the policies that allow a canary; elsewhere its digest is one that nobody allowed. */
  readonly canary?: true;
}

const PINNED = /pinned to an allowed sha256/;
const SOURCE = /must come from/;
const OPEN = /fail closed|not fail open/;
const FILE = /checked by nobody/;
const STRUCT = /TypedStruct/;

const OTHER = "0123456789abcdef".repeat(4);
const plugin = {
  url: "oci://registry.example.com/plugins/auth:v1",
  sha256: MANIFEST,
  phase: "AUTHN",
};

type Fields = Readonly<Record<string, unknown>>;

let count = 0;
function named(word: string): string {
  return `${word}-${++count}`;
}

const wasmPlugin = (
  what: string,
  spec: Fields,
  refused: RegExp | null,
  more: Fields = {},
): AdmissionCase => ({
  object: {
    apiVersion: "extensions.istio.io/v1alpha1",
    kind: "WasmPlugin",
    metadata: { name: named(what), namespace: "edge", ...more },
    spec: { ...plugin, ...spec },
  },
  refused,
});

const trafficExtension = (what: string, spec: Fields, refused: RegExp | null): AdmissionCase => ({
  object: {
    apiVersion: "extensions.istio.io/v1alpha1",
    kind: "TrafficExtension",
    metadata: { name: named(what), namespace: "edge" },
    spec,
  },
  refused,
});

const WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";

const remote = (sha256: string | undefined) => ({
  http_uri: { uri: plugin.url, cluster: "_", timeout: "30s" },
  ...(sha256 === undefined ? {} : { sha256 }),
});
const message = (sha256: string | undefined) => ({
  "@type": WASM,
  config: { name: "auth", vm_config: { vm_id: "auth", code: { remote: remote(sha256) } } },
});

const envoyFilter = (
  what: string,
  values: readonly Fields[],
  refused: RegExp | null,
): AdmissionCase => ({
  object: {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    metadata: { name: named(what), namespace: "edge" },
    spec: {
      configPatches: values.map((value) => ({
        applyTo: "HTTP_FILTER",
        match: { context: "GATEWAY" },
        patch: { operation: "INSERT_FIRST", value },
      })),
    },
  },
  refused,
});

export const istioCases: readonly AdmissionCase[] = [
  wasmPlugin("good", {}, null),
  wasmPlugin("good-reload", { failStrategy: "FAIL_RELOAD" }, null),
  wasmPlugin("good-no-scheme", { url: "registry.example.com/plugins/auth:v1" }, null),
  wasmPlugin("good-open-stats", { phase: "STATS", failStrategy: "FAIL_OPEN" }, null),
  wasmPlugin("good-https", { url: "https://modules.example.com/auth.wasm" }, null),
  wasmPlugin("bad-no-digest", { sha256: undefined }, PINNED),
  wasmPlugin("bad-empty-digest", { sha256: "" }, PINNED),
  wasmPlugin("bad-other-digest", { sha256: OTHER }, PINNED),
  wasmPlugin(
    "bad-registry",
    { url: "oci://registry.example.com.evil.test/plugins/auth:v1" },
    SOURCE,
  ),
  wasmPlugin(
    "bad-sibling",
    { url: "oci://registry.example.com/plugins-of-others/auth:v1" },
    SOURCE,
  ),
  wasmPlugin("bad-http", { url: "http://modules.example.com/auth.wasm" }, SOURCE),
  wasmPlugin("bad-file", { url: "file:///etc/plugins/auth.wasm" }, FILE),
  wasmPlugin("bad-open", { failStrategy: "FAIL_OPEN" }, OPEN),
  wasmPlugin("bad-open-authz", { phase: "AUTHZ", failStrategy: "FAIL_OPEN" }, OPEN),
  wasmPlugin("named", { phase: "STATS", failStrategy: "FAIL_OPEN" }, OPEN, { name: "vendor-auth" }),
  trafficExtension("good", { phase: "AUTHN", wasm: { url: plugin.url, sha256: MANIFEST } }, null),
  trafficExtension("good-lua", { lua: { inlineCode: "function envoy_on_request(h) end" } }, null),
  trafficExtension("bad-no-digest", { wasm: { url: plugin.url } }, PINNED),
  trafficExtension(
    "bad-open",
    { phase: "AUTHZ", wasm: { url: plugin.url, sha256: MANIFEST, failStrategy: "FAIL_OPEN" } },
    OPEN,
  ),
  envoyFilter("good", [{ name: "a", typed_config: message(MANIFEST) }], null),
  envoyFilter("good-camel", [{ name: "a", typedConfig: message(MANIFEST) }], null),
  envoyFilter("good-lua", [{ name: "a", typed_config: { "@type": LUA, inline_code: "x" } }], null),
  envoyFilter("good-discovery", [{ name: "a", config_discovery: { type_urls: [WASM] } }], null),
  envoyFilter("bad-no-digest", [{ name: "a", typed_config: message(undefined) }], PINNED),
  envoyFilter("bad-camel", [{ name: "a", typedConfig: message(OTHER) }], PINNED),
  envoyFilter(
    "bad-second",
    [
      { name: "a", typed_config: message(MANIFEST) },
      { name: "b", typed_config: message(OTHER) },
    ],
    PINNED,
  ),
  envoyFilter(
    "bad-local",
    [
      {
        name: "a",
        typed_config: {
          "@type": WASM,
          config: { vmConfig: { code: { local: { filename: "/x" } } } },
        },
      },
    ],
    PINNED,
  ),
  envoyFilter(
    "bad-struct",
    [
      {
        name: "a",
        typed_config: {
          "@type": "type.googleapis.com/xds.type.v3.TypedStruct",
          type_url: WASM,
          value: {},
        },
      },
    ],
    STRUCT,
  ),
  {
    ...wasmPlugin("canary", { sha256: CANARY_DIGEST }, null, {
      labels: { "glovebox.dev/canary": "true" },
    }),
    canary: true,
  },
  wasmPlugin("bad-canary-unlabelled", { sha256: CANARY_DIGEST }, PINNED),
  wasmPlugin("bad-canary-false", { sha256: CANARY_DIGEST }, PINNED, {
    labels: { "glovebox.dev/canary": "false" },
  }),
];

const extensionPolicy = (what: string, wasm: Fields, refused: RegExp | null): AdmissionCase => ({
  object: {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyExtensionPolicy",
    metadata: { name: named(what), namespace: "edge" },
    spec: {
      targetRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "public" }],
      wasm: [
        {
          name: "auth",
          code: {
            type: "Image",
            image: { url: "registry.example.com/plugins/auth:v1", sha256: MANIFEST },
          },
          ...wasm,
        },
      ],
    },
  },
  refused,
});

const http = (url: string, sha256?: string) => ({
  code: { type: "HTTP", http: { url, ...(sha256 === undefined ? {} : { sha256 }) } },
});

export const gatewayCases: readonly AdmissionCase[] = [
  extensionPolicy("good", {}, null),
  extensionPolicy("good-open", { failOpen: true }, null),
  extensionPolicy("good-http", http("https://modules.example.com/a.wasm", MANIFEST), null),
  extensionPolicy("bad-no-digest", http("https://modules.example.com/a.wasm"), PINNED),
  extensionPolicy("bad-digest", http("https://modules.example.com/a.wasm", OTHER), PINNED),
  extensionPolicy("bad-source", http("https://elsewhere.test/a.wasm", MANIFEST), SOURCE),
  extensionPolicy("bad-open", { name: "vendor-auth", failOpen: true }, OPEN),
];
