// Every dialect, read: the same plugin in each is the same use, with the line of its URL, its scope and its failure
// mode; and the table of kinds names nothing that isn't there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isKnownType } from "../../src/mesh/envoy/read/check-known.ts";
import { isScalarType } from "../../src/mesh/envoy/read/check-scalar.ts";
import { position } from "../../src/mesh/envoy/read/tree.ts";
import { enumOf, messageOf } from "../../src/mesh/envoy/schema/schema.ts";
import type { PluginUse } from "../../src/mesh/model.ts";
import { readFileText } from "../../src/mesh/read/read-file.ts";
import { meshApi } from "../../src/spec/mesh-api.ts";

const SHA = "3f786850e387550fdab836ed7e6dc881de23001b6ba2c7a1e8f0c2ad4b5e9d31";
const WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

const config = (margin: string) =>
  [
    "name: auth",
    "root_id: root",
    "failure_policy: FAIL_RELOAD",
    "vm_config:",
    "  vm_id: auth",
    "  code:",
    "    remote:",
    "      http_uri:",
    "        uri: https://m.example.com/auth.wasm # url",
    "        cluster: m",
    "        timeout: 1s",
    `      sha256: ${SHA}`,
  ]
    .map((line) => margin + line)
    .join("\n");

interface Case {
  readonly what: string;
  readonly text: string;
  readonly dialect: string;
  readonly position?: string;
  readonly name?: string;
  readonly mode?: string;
  readonly scope?: string;
  readonly code?: string;
  readonly pins?: string;
  /** Schema's notes are none unless it says so. */
  readonly notes?: readonly string[];
}

const istio = (kind: string, spec: string) =>
  `apiVersion: extensions.istio.io/v1alpha1\nkind: ${kind}\nmetadata: { name: auth, namespace: edge }\nspec:\n  selector: { matchLabels: { app: gateway } }\n${spec}`;

const cases: readonly Case[] = [
  {
    what: "a bootstrap's listener",
    dialect: "envoy",
    scope: "listener main",
    mode: "reload",
    text: `static_resources:
  listeners:
    - name: main
      address: { socket_address: { address: 127.0.0.1, port_value: 1 } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: a
                route_config: {}
                http_filters:
                  - name: wasm
                    typed_config:
                      "@type": ${WASM}
                      config:
${config("                        ")}
`,
  },
  {
    what: "a network filter",
    dialect: "envoy",
    position: "network-filter",
    scope: "listener ",
    mode: "reload",
    text: `filter_chains:
  - filters:
      - name: wasm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm
          config:
${config("            ")}
`,
  },
  {
    what: "an access logger in a piece to paste",
    dialect: "envoy",
    position: "access-log",
    mode: "reload",
    text: `http_filters: []
access_log:
  - name: wasm
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.access_loggers.wasm.v3.WasmAccessLog
      config:
${config("        ")}
`,
  },
  {
    what: "xDS in YAML",
    dialect: "envoy",
    mode: "reload",
    text: `version_info: "1"
resources:
  - "@type": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig
    name: ecds
    typed_config:
      "@type": ${WASM}
      config:
${config("        ")}
`,
  },
  {
    what: "a dump, whose fields of other releases are nobody's mistake",
    dialect: "config-dump",
    mode: "reload",
    text: `configs:
  - "@type": type.googleapis.com/envoy.admin.v3.EcdsConfigDump
    field_of_tomorrow: 1
    ecds_filters:
      - ecds_filter:
          "@type": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig
          name: ecds
          typed_config:
            "@type": ${WASM}
            config:
${config("              ")}
`,
  },
  {
    what: "a ConfigMap that holds a bootstrap",
    dialect: "envoy",
    mode: "reload",
    text: `apiVersion: v1
kind: ConfigMap
metadata: { name: envoy }
data:
  envoy.yaml: |
    # the proxy's
    bootstrap_extensions:
      - name: envoy.bootstrap.wasm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.wasm.v3.WasmService
          config:
${config("            ")}
`,
    position: "bootstrap-service",
  },
  {
    what: "an EnvoyFilter",
    dialect: "envoy-filter",
    scope: "labels app=gateway",
    mode: "reload",
    text: `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: x, namespace: edge }
spec:
  workloadSelector: { labels: { app: gateway } }
  configPatches:
    - applyTo: HTTP_FILTER
      patch:
        operation: INSERT_BEFORE
        value:
          name: wasm
          typed_config:
            "@type": ${WASM}
            config:
${config("              ")}
`,
  },
  {
    what: "a TypedStruct in an EnvoyFilter",
    dialect: "envoy-filter",
    scope: "labels app=gateway",
    mode: "reload",
    text: `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: x, namespace: edge }
spec:
  workloadSelector: { labels: { app: gateway } }
  configPatches:
    - applyTo: EXTENSION_CONFIG
      patch:
        operation: ADD
        value:
          name: wasm
          typed_config:
            "@type": type.googleapis.com/udpa.type.v1.TypedStruct
            type_url: ${WASM}
            value:
              config:
${config("                ")}
`,
  },
  {
    what: "a WasmPlugin",
    dialect: "wasm-plugin",
    scope: "labels app=gateway",
    mode: "reload",
    code: "oci",
    pins: "manifest",
    text: istio(
      "WasmPlugin",
      `  url: m.example.com/auth:v1 # url\n  sha256: ${SHA}\n  failStrategy: FAIL_RELOAD\n`,
    ),
  },
  {
    what: "a WasmPlugin in a List",
    dialect: "wasm-plugin",
    scope: "everything ",
    code: "https",
    text: `apiVersion: v1
kind: List
items:
  - apiVersion: extensions.istio.io/v1alpha1
    kind: WasmPlugin
    metadata: { name: auth }
    spec:
      url: https://m.example.com/auth.wasm # url
      sha256: ${SHA}
`,
  },
  {
    what: "a WasmPlugin that merges a base",
    dialect: "wasm-plugin",
    scope: "everything ",
    mode: "open",
    code: "oci",
    pins: "manifest",
    text: `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: auth }
x-base: &base { failStrategy: FAIL_OPEN, sha256: ${SHA} }
spec:
  <<: *base
  url: oci://m.example.com/auth:v1 # url
`,
  },
  {
    what: "a TrafficExtension",
    dialect: "traffic-extension",
    scope: "labels app=gateway",
    mode: "open",
    code: "oci",
    pins: "manifest",
    text: istio(
      "TrafficExtension",
      `  wasm:\n    url: oci://m.example.com/auth:v1 # url\n    sha256: ${SHA}\n    failStrategy: FAIL_OPEN\n`,
    ),
  },
  {
    what: "an EnvoyExtensionPolicy",
    dialect: "envoy-extension-policy",
    scope: "targets Gateway/eg",
    mode: "open",
    code: "oci",
    pins: "manifest",
    text: `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata: { name: x }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: eg }]
  wasm:
    - name: auth
      failOpen: true
      code:
        type: Image
        image:
          url: m.example.com/auth:v1 # url
          sha256: ${SHA}
`,
  },
  {
    what: "an EnvoyPatchPolicy",
    dialect: "envoy-patch-policy",
    mode: "reload",
    scope: "targets Gateway/eg",
    text: `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyPatchPolicy
metadata: { name: x }
spec:
  targetRef: { group: gateway.networking.k8s.io, kind: Gateway, name: eg }
  type: JSONPatch
  jsonPatches:
    - type: type.googleapis.com/envoy.config.listener.v3.Listener
      name: default/eg/http
      operation:
        op: add
        path: /default_filter_chain/filters/0/typed_config/http_filters/0
        value:
          name: wasm
          typed_config:
            "@type": ${WASM}
            config:
${config("              ")}
`,
  },
  ...(["universal", "Kubernetes"] as const).map(
    (where): Case => ({
      what: `a MeshProxyPatch, ${where}`,
      dialect: "mesh-proxy-patch",
      scope: "targets Dataplane/web",
      mode: "reload",
      text: `${where === "universal" ? "type: MeshProxyPatch\nmesh: default\nname: x" : "apiVersion: kuma.io/v1alpha1\nkind: MeshProxyPatch\nmetadata: { name: x }"}
spec:
  targetRef: { kind: Dataplane, name: web }
  default:
    appendModifications:
      - httpFilter:
          operation: AddFirst
          value: |
            name: wasm
            typed_config:
              "@type": ${WASM}
              config:
${config("                ")}
`,
    }),
  ),
  {
    what: "a ProxyTemplate",
    dialect: "proxy-template",
    scope: "everything ",
    mode: "reload",
    text: `type: ProxyTemplate
mesh: default
name: x
conf:
  modifications:
    - httpFilter:
        operation: addFirst
        value: |
          name: wasm
          typed_config:
            '@type': ${WASM}
            config:
${config("              ")}
`,
  },
  {
    what: "Gloo's options",
    dialect: "gloo-options",
    scope: "listener gateway-proxy",
    mode: "open",
    code: "oci",
    pins: "manifest",
    text: `apiVersion: gateway.solo.io/v1
kind: Gateway
metadata: { name: gateway-proxy }
spec:
  httpGateway:
    options:
      wasm:
        filters:
          - image: m.example.com/auth:v1 # url
            name: auth
            rootId: root
            failOpen: true
            filterStage: { stage: AuthNStage, predicate: During }
`,
  },
  {
    what: "Gloo Mesh's WasmDeploymentPolicy",
    dialect: "gloo-deployment-policy",
    scope: "everything ",
    text: `apiVersion: extensions.policy.gloo.solo.io/v2
kind: WasmDeploymentPolicy
metadata: { name: auth }
spec:
  config:
    filters:
      - httpUriSource:
          uri: https://m.example.com/auth.wasm # url
          sha: ${SHA}
        rootId: root
`,
  },
];

function only(text: string): PluginUse {
  const { documents, problems } = readFileText("a.yaml", text);
  assert.deepEqual(problems, []);
  const uses = documents.flatMap((one) => one.uses);
  assert.equal(uses.length, 1, `${uses.length} uses`);
  return uses[0]!;
}

for (const one of cases) {
  test(`${one.what} is read as the plugin that it is, with its places`, () => {
    const use = only(one.text);
    const { file, notes } = use.document;
    const code = use.code!;
    const line = one.text.slice(0, one.text.indexOf("# url")).split("\n").length;
    assert.deepEqual(
      {
        dialect: use.dialect,
        position: use.position,
        name: use.name.value,
        mode: use.failure.mode,
        scope: `${use.scope.kind} ${use.scope.of.join(",")}`,
        code: code.kind,
        pins: code.pins,
        line: position(file.source, code.url.at).line,
        text: file.text.slice(code.url.at, code.url.at + 5),
        notes: notes.map((note) => `${note.code} ${JSON.stringify(note.args)}`),
      },
      {
        dialect: one.dialect,
        position: one.position ?? "http-filter",
        name: one.name ?? "auth",
        mode: one.mode ?? "closed",
        scope: one.scope ?? "everything ",
        code: one.code ?? "https",
        pins: one.pins ?? "file",
        line,
        text: one.text
          .split("\n")
          [line - 1]!.replace(/^\s*- /, "")
          .replace(/^\s*\w+: /, "")
          .slice(0, 5),
        notes: one.notes ?? [],
      },
    );
  });
}

test("a document in JSON is read as it is in YAML", () => {
  const yaml = istio("WasmPlugin", `  url: oci://m.example.com/auth:v1\n  sha256: ${SHA}\n`);
  const json = JSON.stringify(
    {
      apiVersion: "extensions.istio.io/v1alpha1",
      kind: "WasmPlugin",
      metadata: { name: "auth", namespace: "edge" },
      spec: {
        selector: { matchLabels: { app: "gateway" } },
        url: "oci://m.example.com/auth:v1",
        sha256: SHA,
      },
    },
    null,
    2,
  );
  const plain = ({ name, code, scope }: PluginUse) => [
    name.value,
    code?.url.value,
    code?.sha256?.value,
    scope.of,
  ];
  assert.deepEqual(plain(only(json)), plain(only(yaml)));
});

test("the table of kinds names only messages and enums that are there", () => {
  let pkg = "";
  let fields = 0;
  for (const line of meshApi.split("\n")) {
    if (line.startsWith("p ")) pkg = line.slice(2);
    if (!line.startsWith("m ")) continue;
    const row = messageOf(`${pkg}.${line.slice(2).split(" ")[0]}`);
    assert.ok(row, line);
    for (const { type, name } of row.fields) {
      fields++;
      const known =
        isScalarType(type) ||
        isKnownType(type) ||
        messageOf(type) !== undefined ||
        enumOf(type) !== undefined;
      assert.ok(known, `${row.name}.${name}: ${type}`);
    }
  }
  assert.ok(fields > 80);
});
