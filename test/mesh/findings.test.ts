// Every finding and failure of reading configuration, each reached once with its place. A code of the table that
// no row here reaches fails the last test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, type Level } from "../../src/errors/failure.ts";
import { envoyConfigTexts } from "../../src/errors/texts/envoy-config.ts";
import { readLabConfig } from "../../src/mesh/envoy/lab/read-lab-config.ts";
import { MAX_VALUES } from "../../src/mesh/envoy/read/bounds.ts";
import { MAX_BYTES } from "../../src/mesh/envoy/read/read-text.ts";
import { bootstrap } from "./envoy-cases.ts";
import { labIo } from "./lab-io.ts";

type Code = keyof typeof envoyConfigTexts;

const HTTP = "type.googleapis.com/envoy.extensions.filters.http";
const wasm = (config: string, name = "wasm"): string =>
  `- { name: ${name}, typed_config: { "@type": ${HTTP}.wasm.v3.Wasm, config: { ${config} } } }`;
const FILE = "vm_config: { code: { local: { filename: a.wasm } } }";
const plugin = (config: string): string => wasm(`${FILE}, ${config}`);
const remote = (sha256: string): string =>
  `vm_config: { code: { remote: { http_uri: { uri: http://x/y, cluster: backend, timeout: 1s }, sha256: ${sha256} } } }`;
const override = (any: string): string =>
  `{ route: { cluster: backend }, typed_per_filter_config: { wasm: ${any} } }`;

const added = (value: string): string =>
  bootstrap({ host: `request_headers_to_add: [{ header: { key: x, value: "${value}" } }]` });
const retry = (words: string): string =>
  bootstrap({ route: `, retry_policy: { retry_on: "${words}" }` });

/** Code, level, the text, and what stands at the place (the last time it occurs). */
const rows: readonly (readonly [Code, Level, string, string])[] = [
  ["envoy-duplicate-key", "error", bootstrap({ manager: "stat_prefix: two" }), "stat_prefix: two"],
  ["envoy-unknown-field", "error", bootstrap({ manager: "stat_prefixes: two" }), "stat_prefixes"],
  ["envoy-wrong-type", "error", bootstrap({ manager: "server_name: 12" }), "12\n"],
  ["envoy-bad-enum", "error", bootstrap({ manager: "codec_type: HTTP9" }), "HTTP9"],
  ["envoy-oneof", "error", bootstrap({ match: "prefix: a, path: /b" }), "path: /b"],
  [
    "envoy-missing-field",
    "error",
    bootstrap({ match: "case_sensitive: true" }),
    "{ case_sensitive",
  ],
  [
    "envoy-invalid-value",
    "error",
    bootstrap({ manager: "max_request_headers_kb: 0" }),
    "0\n                route_config",
  ],
  [
    "envoy-missing-type",
    "error",
    bootstrap({ filters: "- { name: x, typed_config: { a: 1 } }" }),
    "{ a: 1 }",
  ],
  [
    "envoy-unknown-type",
    "error",
    bootstrap({ filters: `- { name: x, typed_config: { "@type": ${HTTP}.x.v3.X } }` }),
    `"@type": ${HTTP}.x.`,
  ],
  ["envoy-deprecated", "warning", bootstrap({ filters: plugin("fail_open: false") }), "fail_open"],
  [
    "envoy-disallowed",
    "error",
    bootstrap({
      manager:
        'tracing: { provider: { name: x, typed_config: { "@type": type.googleapis.com/envoy.config.trace.v3.DynamicOtConfig, library: a } } }',
    }),
    "library",
  ],
  [
    "envoy-fail-open-twice",
    "error",
    bootstrap({ filters: plugin("fail_open: true, failure_policy: FAIL_CLOSED") }),
    "fail_open",
  ],
  [
    "envoy-duplicate-name",
    "warning",
    bootstrap({
      host: "routes: []\n                    - name: all\n                      domains: [x]",
    }),
    "name: all\n                      domains: [x]",
  ],
  [
    "envoy-duplicate-domain",
    "error",
    bootstrap({
      host: 'routes: []\n                    - name: two\n                      domains: ["*"]',
    }),
    'domains: ["*"]\n                      routes:\n                        - match',
  ],
  [
    "envoy-unknown-cluster",
    "error",
    bootstrap({ action: "route: { cluster: backends }" }),
    "cluster: backends",
  ],
  [
    "envoy-terminal-filter",
    "error",
    bootstrap({}).replace("router.v3.Router", "cors.v3.Cors"),
    "http_filters",
  ],
  ["envoy-bad-regex", "error", bootstrap({ match: "safe_regex: { regex: '(?=a)' }" }), "regex: '"],
  [
    "envoy-unreadable",
    "error",
    bootstrap({ action: "direct_response: { status: 200, body: { filename: none } }" }),
    "filename",
  ],
  [
    "envoy-body-too-large",
    "error",
    bootstrap({
      action: `direct_response: { status: 200, body: { inline_string: ${"x".repeat(4097)} } }`,
    }),
    "body: {",
  ],
  [
    "envoy-duplicate-variable",
    "error",
    bootstrap({
      filters: wasm(
        "vm_config: { code: { local: { filename: a.wasm } }, environment_variables: { host_env_keys: [A], key_values: { A: b } } }",
      ),
    }),
    "{ host_env_keys",
  ],
  [
    "envoy-artifact-uri",
    "info",
    bootstrap({ filters: wasm(remote("ab".repeat(32)).replace("http://x/y", "oci://x/y:v1")) }),
    "uri: oci",
  ],
  ["envoy-bad-digest", "error", bootstrap({ filters: wasm(remote("abc")) }), "sha256"],
  [
    "envoy-duplicate-name",
    "error",
    "static_resources: { clusters: [{ name: a }, { name: a }] }",
    "name: a",
  ],
  ["lab-unsupported", "error", bootstrap({ manager: "normalize_path: true" }), "normalize_path"],
  ["lab-unsupported", "warning", bootstrap({ manager: "via: me" }), "via"],
  [
    "lab-unsupported",
    "info",
    bootstrap({ listener: "traffic_direction: INBOUND" }),
    "traffic_direction",
  ],
  ["envoy-unknown-command", "error", added("%PROTOCOLL%"), 'value: "'],
  ["envoy-command-argument", "error", added("a %REQ% b"), 'value: "'],
  ["envoy-stray-percent", "error", added("100%"), 'value: "'],
  ["lab-empty-command", "warning", added("%HOSTNAME%"), 'value: "'],
  ["envoy-unknown-retry", "warning", retry("5xx, gateway-errors"), "retry_on"],
  ["lab-unsupported-value", "warning", retry("reset,retriable-headers"), "retry_on"],
  ["lab-unsupported-value", "error", bootstrap({ cluster: "lb_policy: MAGLEV" }), "lb_policy"],
  [
    "lab-unsupported-filter",
    "error",
    bootstrap({ filters: `- { name: cors, typed_config: { "@type": ${HTTP}.cors.v3.Cors } }` }),
    "{ name: cors",
  ],
  [
    "lab-unsupported-filter",
    "warning",
    bootstrap({
      filters: `- { name: zip, typed_config: { "@type": ${HTTP}.grpc_stats.v3.FilterConfig } }`,
    }),
    "{ name: zip",
  ],
  ["lab-no-listener", "error", "static_resources: {}", "{}"],
  [
    "lab-override-unused",
    "warning",
    bootstrap({
      host: `typed_per_filter_config: { wasn: { "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true } }`,
    }),
    "wasn",
  ],
  [
    "lab-empty-capabilities",
    "warning",
    bootstrap({ filters: plugin("capability_restriction_config: { allowed_capabilities: {} }") }),
    "allowed_capabilities",
  ],
  [
    "lab-unknown-capability",
    "warning",
    bootstrap({
      filters: plugin("capability_restriction_config: { allowed_capabilities: { proxy_lag: {} } }"),
    }),
    "proxy_lag",
  ],
  [
    "lab-capabilities-twice",
    "warning",
    bootstrap({
      filters: wasm(
        "capability_restriction_config: { allowed_capabilities: { proxy_on_log: {} } }, vm_config: { code: { local: { filename: a } }, capability_restriction_config: { allowed_capabilities: { proxy_on_log: {} } } }",
      ),
    }),
    "capability_restriction_config: { allowed_capabilities: { proxy_on_log: {} } }, vm",
  ],
  [
    "lab-runtime-key",
    "warning",
    bootstrap({
      top: "layered_runtime: { layers: [{ name: a, static_layer: { some: { key: 1 } } }] }",
    }),
    "key: 1",
  ],
  [
    "lab-legacy-fail-open",
    "warning",
    bootstrap({ filters: plugin("fail_open: true") }),
    "fail_open",
  ],
  ["article-runtime", "info", bootstrap({ top: "runtime: {}" }), "runtime: {}"],
  [
    "article-runtime-key",
    "info",
    bootstrap({
      top: "layered_runtime: { layers: [{ name: a, static_layer: { envoy.wasm.runtime.v8.engine.heap_size_limit: 65536 } }] }",
    }),
    "envoy.wasm.runtime",
  ],
  [
    "article-runtime-twice",
    "warning",
    bootstrap({
      top: "layered_runtime: { layers: [{ name: a, static_layer: { envoy.wasm.runtime.v8.engine.memory_limit: 1, envoy.wasm.runtime.wasmtime.engine.memory_limit: 2 } }] }",
    }),
    "envoy.wasm.runtime.wasmtime",
  ],
  [
    "article-concurrent",
    "info",
    bootstrap({ filters: plugin("max_capabilities_concurrent: 2") }),
    "max_capabilities_concurrent",
  ],
  [
    "article-capability-list",
    "info",
    bootstrap({
      filters: plugin("capability_restriction_config: { allowed_capabilities: [proxy_log] }"),
    }),
    "[proxy_log]",
  ],
  [
    "article-capability-name",
    "info",
    bootstrap({
      filters: plugin(
        "capability_restriction_config: { allowed_capabilities: { proxy_get_buffer: {} } }",
      ),
    }),
    "proxy_get_buffer",
  ],
  [
    "article-no-callbacks",
    "info",
    bootstrap({
      filters: plugin("capability_restriction_config: { allowed_capabilities: { proxy_log: {} } }"),
    }),
    "allowed_capabilities",
  ],
  [
    "article-type-url",
    "info",
    bootstrap({
      filters: wasm(FILE),
      action:
        `${override(`{ "@type": ${HTTP}.wasm.v3.PluginConfig, ${FILE} }`).slice(2, -2)}`.replace(
          ", typed_per",
          "\n                          typed_per",
        ),
    }),
    `"@type": ${HTTP}.wasm.v3.PluginConfig`,
  ],
  [
    "article-route-plugin",
    "info",
    bootstrap({
      filters: wasm(FILE),
      host: `typed_per_filter_config: { wasm: { "@type": ${HTTP}.wasm.v3.Wasm, config: { ${FILE} } } }`,
    }),
    `{ "@type": ${HTTP}.wasm.v3.Wasm, config: { ${FILE} } } }\n                      routes`,
  ],
  [
    "article-dispatch-clusters",
    "info",
    bootstrap({
      filters: plugin(
        `configuration: { "@type": type.googleapis.com/google.protobuf.StringValue, value: '{"allowed_dispatch_clusters":["backend"]}' }`,
      ),
    }),
    "configuration: {",
  ],
];

const reached = new Set<string>();

function place(text: string, what: string): { readonly line: number; readonly column: number } {
  const at = text.lastIndexOf(what);
  assert.ok(at >= 0, `${what} in ${text}`);
  const lines = text.slice(0, at).split("\n");
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
}

test("each finding stands at its line and column, and an error leaves no configuration", () => {
  for (const [code, level, text, what] of rows) {
    const { config, findings } = readLabConfig(text, "f.yaml", labIo());
    const shown = findings.map(
      (one) => `${one.level} ${one.code} ${one.message} ${JSON.stringify(one.where)}`,
    );
    const said = `${code}:\n${shown.join("\n")}\n${text}`;
    const { line, column } = place(text, what);
    const match = findings.find((one) => one.code === code && one.level === level);
    assert.ok(match !== undefined, said);
    assert.deepEqual(match.where, { at: "file", file: "f.yaml", line, column }, said);
    assert.equal(
      config === null,
      findings.some((one) => one.level === "error"),
      said,
    );
    assert.doesNotMatch(`${match.message} ${match.hint}`, /\{[a-z]\w*\}/, said);
    reached.add(code);
  }
});

const failures: readonly (readonly [Code, string, number | undefined])[] = [
  ["envoy-too-large", "a".repeat(MAX_BYTES + 1), undefined],
  ["envoy-bad-yaml", "a: [", 1],
  ["envoy-too-deep", "[".repeat(200), 1],
  ["envoy-too-many-values", `a: [${"x,".repeat(MAX_VALUES)}]`, 1],
  ["envoy-empty", "# nothing", undefined],
];

test("what is no configuration at all is one failure, blamed on the input", () => {
  for (const [code, text, line] of failures) {
    assert.throws(
      () => readLabConfig(text, "f.yaml", labIo()),
      (error: unknown) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.code, code);
        assert.equal(envoyConfigTexts[code].blame, "input");
        assert.equal(error.where?.at === "file" ? error.where.line : 0, line);
        return true;
      },
    );
    reached.add(code);
  }
});

test("findings beyond a bound are counted", () => {
  const lines = Array.from({ length: 700 }, (_, index) => `k${index}: 1`);
  const { findings } = readLabConfig(lines.join("\n"), "f.yaml", labIo());
  assert.equal(findings.length, 501);
  assert.equal(findings.at(-1)?.code, "envoy-more-findings");
  assert.match(findings.at(-1)?.message ?? "", /^20\d /);
  reached.add("envoy-more-findings");
});

test("every code of the area is reached by this file", () => {
  assert.deepEqual(
    Object.keys(envoyConfigTexts).filter((code) => !reached.has(code)),
    [],
  );
});
