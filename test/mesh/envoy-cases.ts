// Bootstraps, good and bad, that turn on one field each: shared by the unit tests and the comparison with Envoy.
// Every case differs from a good one by what its name says; `ours` is what the reader is held to without an Envoy.

export interface ConfigCase {
  readonly what: string;
  readonly text: string;
  readonly ours: "accepts" | "refuses";
}

const HTTP = "type.googleapis.com/envoy.extensions.filters.http";
const MANAGER =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

interface Parts {
  readonly top?: string;
  readonly listener?: string;
  readonly manager?: string;
  readonly match?: string;
  readonly route?: string;
  readonly action?: string;
  readonly host?: string;
  readonly cluster?: string;
  readonly filters?: string;
}

/** A bootstrap with lines put in; each part is flow YAML for its place, `key: value, `. */
export function bootstrap(parts: Parts): string {
  const { top = "", listener = "", manager = "", host = "", cluster = "" } = parts;
  const match = parts.match ?? 'prefix: "/"';
  const action = parts.action ?? `route: { cluster: backend ${parts.route ?? ""} }`;
  return `${top}
static_resources:
  listeners:
    - name: ingress
      address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
      ${listener}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": ${MANAGER}
                stat_prefix: ingress
                ${manager}
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      ${host}
                      routes:
                        - match: { ${match} }
                          ${action}
                http_filters:
                  ${parts.filters ?? ""}
                  - name: envoy.filters.http.router
                    typed_config: { "@type": ${HTTP}.router.v3.Router }
  clusters:
    - name: backend
      ${cluster}
      load_assignment:
        cluster_name: backend
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 9 } } }
`;
}

const good = (what: string, parts: Parts): ConfigCase => ({
  what,
  text: bootstrap(parts),
  ours: "accepts",
});
const bad = (what: string, parts: Parts): ConfigCase => ({
  what,
  text: bootstrap(parts),
  ours: "refuses",
});

/** A Wasm filter that is off, so that Envoy reads its configuration and loads no module. */
const cors = `- { name: cors, typed_config: { "@type": ${HTTP}.cors.v3.Cors } }`;

export const cases: readonly ConfigCase[] = [
  good("the plain bootstrap", {}),
  good("camel case", { manager: "streamIdleTimeout: 5s" }),
  good("a null field", { manager: "stream_idle_timeout: null" }),
  good("a number in quotes", { manager: 'max_request_headers_kb: "50"' }),
  good("a number as 64.0 in quotes", { manager: 'max_request_headers_kb: "64.0"' }),
  good("a hexadecimal number", { manager: "max_request_headers_kb: 0x20" }),
  good("an enum by name", { manager: "codec_type: HTTP1" }),
  good("an enum by number", { manager: "codec_type: 1" }),
  good("yes for true", { manager: "use_remote_address: yes" }),
  good("on for true", { manager: "use_remote_address: on" }),
  good("a duration with a fraction", { manager: "stream_idle_timeout: 0.25s" }),
  good("an anchor and an alias", {
    listener: "metadata: { filter_metadata: { a: &a { b: 1 }, c: *a } }",
  }),
  good("another filter", { filters: cors }),
  good("a comment", { manager: "# nothing" }),
  bad("an unknown field of the bootstrap", { top: "nodes: {}" }),
  bad("an unknown field of a listener", { listener: "adress: {}" }),
  bad("an unknown field of the connection manager", { manager: "stat_prefixes: a" }),
  bad("an unknown field of a route's match", { match: 'prefix: "/", prefixes: "/"' }),
  bad("the article's runtime", { top: "runtime: { layered_runtime: { layers: [] } }" }),
  good("a runtime key that nobody reads", {
    top: "layered_runtime: { layers: [{ name: a, static_layer: { envoy.wasm.runtime.v8.engine.heap_size_limit: 1 } }] }",
  }),
  bad("a runtime layer without a specifier", { top: "layered_runtime: { layers: [{ name: a }] }" }),
  bad("a number for a text", { manager: "server_name: 12" }),
  bad("a flag for a text", { manager: "server_name: yes" }),
  good("a fraction for a text", { manager: "server_name: 1.5" }),
  good("true in quotes", { manager: 'use_remote_address: "true"' }),
  good("yes in quotes", { manager: 'use_remote_address: "yes"' }),
  good("True in quotes", { manager: 'use_remote_address: "True"' }),
  bad("on in quotes", { manager: 'use_remote_address: "on"' }),
  bad("a negative duration", { manager: "stream_idle_timeout: -1s" }),
  bad("a duration with an exponent", { manager: "stream_idle_timeout: 1e1s" }),
  bad("a number for a flag", { manager: "use_remote_address: 1" }),
  bad("an unknown enum value", { manager: "codec_type: HTTP9" }),
  bad("an undefined enum number", { manager: "codec_type: 99" }),
  good("an enum in lower case", { manager: "codec_type: http1" }),
  good("an enum in mixed case", { manager: "codec_type: Http1" }),
  bad("a duration in minutes", { manager: "stream_idle_timeout: 5m" }),
  bad("a duration without unit", { manager: "stream_idle_timeout: 5" }),
  bad("a duration in milliseconds", { manager: "stream_idle_timeout: 500ms" }),
  bad("a negative unsigned number", { manager: "max_request_headers_kb: -1" }),
  bad("a number beyond 32 bits", { manager: "max_request_headers_kb: 4294967296" }),
  bad("a number above the rule's bound", { manager: "max_request_headers_kb: 9000" }),
  bad("zero below the rule's bound", { manager: "max_request_headers_kb: 0" }),
  bad("a fraction for a whole number", { manager: "max_request_headers_kb: 1.5" }),
  bad("two of one oneof", { match: 'prefix: "/", path: "/a"' }),
  bad("none of a required oneof", { match: "case_sensitive: true" }),
  bad("an empty list of domains", {
    host: "",
    manager: "",
    action: "redirect: {}",
    match: 'prefix: "/", headers: [{}]',
  }),
  bad("a list for a map", { cluster: "typed_extension_protocol_options: []" }),
  bad("a map for a list", { manager: "access_log: {}" }),
  bad("a text for a message", { cluster: "circuit_breakers: many" }),
  bad("a status below the rule's bound", { action: "direct_response: { status: 50 }" }),
  good("a direct response", {
    action: "direct_response: { status: 200, body: { inline_string: ok } }",
  }),
  bad("an undefined redirect code", { action: "redirect: { response_code: TEAPOT }" }),
  good("a redirect", { action: "redirect: { https_redirect: true, response_code: FOUND }" }),
  good("bytes in base64", {
    action: "direct_response: { status: 200, body: { inline_bytes: aGk= } }",
  }),
  bad("bytes that are no base64", {
    action: 'direct_response: { status: 200, body: { inline_bytes: "*" } }',
  }),
  bad("an unknown type", {
    filters: `- { name: x, typed_config: { "@type": ${HTTP}.wasm.v3.Wasmm } }`,
  }),
  bad("the article's type", {
    filters: `- { name: x, typed_config: { "@type": ${HTTP}.wasm.v3.PluginConfig } }`,
  }),
  bad("an Any without type", { filters: "- { name: x, typed_config: { a: 1 } }" }),
  bad("a type without a slash", {
    filters: '- { name: x, typed_config: { "@type": envoy.extensions.filters.http.cors.v3.Cors } }',
  }),
  bad("an unknown field behind a type", {
    filters: `- { name: x, typed_config: { "@type": ${HTTP}.cors.v3.Cors, a: 1 } }`,
  }),
  bad("a header that is no name", {
    route: "",
    match: 'prefix: "/", headers: [{ name: "a b\\n" }]',
  }),
  bad("an unknown algorithm", { cluster: "lb_policy: FASTEST" }),
  bad("a cluster's zero connect timeout", { cluster: "connect_timeout: 0s" }),
  good("a cluster's connect timeout", { cluster: "connect_timeout: 0.5s" }),
  bad("a merge key", { cluster: "<<: { connect_timeout: 1s }" }),
  bad("a list of capabilities", {
    filters: `- { name: w, disabled: true, typed_config: { "@type": ${HTTP}.wasm.v3.Wasm, config: { capability_restriction_config: { allowed_capabilities: [proxy_log] } } } }`,
  }),
  bad("max_capabilities_concurrent", {
    filters: `- { name: w, disabled: true, typed_config: { "@type": ${HTTP}.wasm.v3.Wasm, config: { max_capabilities_concurrent: 1 } } }`,
  }),
  bad("fuel in vm_config", {
    filters: `- { name: w, disabled: true, typed_config: { "@type": ${HTTP}.wasm.v3.Wasm, config: { vm_config: { fuel: 1 } } } }`,
  }),
  good("a TypedStruct", {
    filters: `- { name: cors, typed_config: { "@type": type.googleapis.com/xds.type.v3.TypedStruct, type_url: ${HTTP}.cors.v3.Cors, value: {} } }`,
  }),
  bad("a TypedStruct with an unknown field inside", {
    filters: `- { name: cors, typed_config: { "@type": type.googleapis.com/xds.type.v3.TypedStruct, type_url: ${HTTP}.cors.v3.Cors, value: { a: 1 } } }`,
  }),
  bad("a tab in the indentation", { manager: "access_log:\n\t\t- {}" }),
  bad("a bracket that nothing closes", { manager: "access_log: [" }),
  good("a deprecated field", { route: ", max_grpc_timeout: 1s" }),
];
