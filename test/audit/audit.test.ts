// What an audit says of configuration: each risk by a plugin that has it and a near neighbour that hasn't, sharing
// between tenants, and text and pages in which nobody's name becomes anything but text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { audit } from "../../src/audit/audit.ts";
import { auditHtml } from "../../src/audit/html.ts";
import type { AuditRow } from "../../src/audit/row.ts";
import { auditText, inOrder } from "../../src/audit/text.ts";
import { plain } from "../../src/cli/style.ts";
import { readFileText } from "../../src/mesh/read/read-file.ts";
import { sha256 } from "../../src/util/digest.ts";

const DIGEST = sha256(new TextEncoder().encode("module"));
const OTHER = sha256(new TextEncoder().encode("another"));

type Fields = Readonly<Record<string, unknown>>;

const HTTP = "type.googleapis.com/envoy.extensions.filters.http";
const TAGGER = { proxy_log: {}, proxy_on_request_headers: {} };

const remote = (sha: string | undefined = DIGEST, uri = "https://modules.example.com/a.wasm") => ({
  remote: {
    http_uri: { uri, cluster: "modules", timeout: "10s" },
    ...(sha === "" ? {} : { sha256: sha }),
  },
});

/** A listener with these plugins, each `config` over a good one. */
function envoy(...plugins: readonly Fields[]): string {
  const filters = plugins.map((more, i) => {
    const { vm_config: vm, ...rest } = more as { vm_config?: object };
    const config = {
      name: `tagger-${i}`,
      root_id: "tagger",
      failure_policy: "FAIL_CLOSED",
      capability_restriction_config: { allowed_capabilities: TAGGER },
      ...rest,
      vm_config: { vm_id: `vm-${i}`, runtime: "envoy.wasm.runtime.v8", code: remote(), ...vm },
    };
    const typed = { "@type": `${HTTP}.wasm.v3.Wasm`, config };
    return { name: `f${i}`, typed_config: typed };
  });
  const manager = {
    "@type":
      "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "a",
    route_config: { virtual_hosts: [] },
    http_filters: filters,
  };
  const chain = { filters: [{ name: "hcm", typed_config: manager }] };
  return stringify({ static_resources: { listeners: [{ name: "edge", filter_chains: [chain] }] } });
}

const wasmPlugin = (name: string, spec: Fields, namespace = "edge"): string =>
  stringify({
    apiVersion: "extensions.istio.io/v1alpha1",
    kind: "WasmPlugin",
    metadata: { name, namespace },
    spec: { url: "oci://registry.example.com/plugins/a:v1", sha256: DIGEST, ...spec },
  });

const rowsOf = (...texts: readonly string[]): readonly AuditRow[] =>
  audit(texts.map((text, i) => readFileText(`${i}.yaml`, text))).rows;

test("a plugin that is pinned, restricted, alone and closed is of low risk, and says where it stands", () => {
  const [row] = rowsOf(envoy({}));
  assert.equal(row?.risk, "low", row?.reasons.join("; "));
  assert.match(row?.where ?? "", /^0\.yaml:\d+:\d+$/);
  assert.deepEqual(
    [row?.pin, row?.digest, row?.failure, row?.vmId, row?.callbacks],
    ["module", DIGEST, "closed", "vm-0", ["proxy_on_request_headers"]],
  );
});

const risky: readonly (readonly [string, string, RegExp, string, string])[] = [
  [
    "that decides and fails open",
    "severe",
    /lets all by/,
    wasmPlugin("auth", { failStrategy: "FAIL_OPEN", phase: "AUTHN" }),
    wasmPlugin("auth", { phase: "AUTHN" }),
  ],
  [
    "that decides and has no callback",
    "severe",
    /never called/,
    envoy({
      name: "jwt-auth",
      capability_restriction_config: { allowed_capabilities: { proxy_log: {} } },
    }),
    envoy({ name: "jwt-auth" }),
  ],
  [
    "by plain http without digest",
    "severe",
    /plain http/,
    wasmPlugin("stats", { url: "http://m.example.com/a.wasm", sha256: undefined }),
    wasmPlugin("stats", { url: "http://m.example.com/a.wasm" }),
  ],
  [
    "without digest",
    "high",
    /no digest/,
    wasmPlugin("stats", { sha256: undefined }),
    wasmPlugin("stats", {
      url: `oci://registry.example.com/plugins/a@sha256:${DIGEST}`,
      sha256: undefined,
    }),
  ],
  [
    "that may do everything",
    "high",
    /all that its host offers/,
    envoy({ capability_restriction_config: undefined }),
    envoy({}),
  ],
  [
    "whose map is empty",
    "high",
    /all that its host offers/,
    envoy({ capability_restriction_config: { allowed_capabilities: {} } }),
    envoy({}),
  ],
  [
    "that may call out",
    "high",
    /elsewhere \(proxy_http_call\)/,
    envoy({
      capability_restriction_config: { allowed_capabilities: { ...TAGGER, proxy_http_call: {} } },
    }),
    envoy({}),
  ],
  [
    "with variables of the proxy",
    "medium",
    /variables of the proxy: TOKEN/,
    envoy({ vm_config: { environment_variables: { host_env_keys: ["TOKEN"] } } }),
    envoy({ vm_config: { environment_variables: { key_values: { TOKEN: "x" } } } }),
  ],
  [
    "from a file",
    "medium",
    /nobody compares/,
    envoy({ vm_config: { code: { local: { filename: "/a.wasm" } } } }),
    envoy({}),
  ],
  [
    "with names that nobody knows",
    "medium",
    /no host knows.*proxy_get_buffer/,
    envoy({
      capability_restriction_config: { allowed_capabilities: { ...TAGGER, proxy_get_buffer: {} } },
    }),
    envoy({}),
  ],
  [
    "that is left out after a trap",
    "medium",
    /left out silently/,
    envoy({ failure_policy: "FAIL_OPEN" }),
    envoy({ failure_policy: "FAIL_RELOAD" }),
  ],
];

for (const [what, risk, reason, bad, good] of risky) {
  test(`a plugin ${what} is of ${risk} risk, and its near neighbour isn't for that reason`, () => {
    const [row] = rowsOf(bad);
    assert.equal(row?.risk, risk, row?.reasons.join("; "));
    assert.match(row?.reasons[0] ?? "", reason);
    const [other] = rowsOf(good);
    assert.ok(!other?.reasons.some((one) => reason.test(one)), other?.reasons.join("; "));
  });
}

test("tenants of one vm_id and one code share a VM; of one vm_id and other code only their data", () => {
  const all = {
    capability_restriction_config: {
      allowed_capabilities: { ...TAGGER, proxy_set_shared_data: {} },
    },
  };
  const vm = (code: object) => ({ vm_config: { vm_id: "shared", code } });
  const [a, b, c] = rowsOf(
    envoy(
      { ...all, name: "tenant-a", ...vm(remote()) },
      { ...all, name: "tenant-b", ...vm(remote()) },
      { ...all, name: "tenant-c", ...vm(remote(OTHER)) },
    ),
  );
  assert.deepEqual([a?.sameVm, b?.sameVm, c?.sameVm], [["tenant-b"], ["tenant-a"], []]);
  assert.deepEqual(
    [a?.sameData, c?.sameData],
    [
      ["tenant-b", "tenant-c"],
      ["tenant-a", "tenant-b"],
    ],
  );
  const apart = rowsOf(envoy({ ...all, name: "x" }, { ...all, name: "y" }));
  assert.ok(apart.every((row) => row.sameVm.length + row.sameData.length === 0));
});

test("Istio's plugins share one namespace of data, since it never sets a vm_id; a plugin of its own code no VM", () => {
  const rows = rowsOf(
    wasmPlugin("a", {}),
    wasmPlugin("b", { sha256: OTHER }),
    wasmPlugin("c", {}, "prod"),
  );
  assert.deepEqual(
    rows.map((row) => row.sameVm),
    [["prod/c"], [], ["edge/a"]],
  );
  assert.deepEqual(rows[1]?.sameData, ["edge/a", "prod/c"]);
});

test("values of configuration and of variables are nowhere in an audit", () => {
  const secret = "s3cret-of-the-plugin";
  const text = wasmPlugin("auth", {
    pluginConfig: { key: secret },
    vmConfig: { env: [{ name: "KEY", value: secret }] },
  });
  const found = audit([readFileText("a.yaml", text)]);
  assert.equal(found.rows.length, 1);
  for (const said of [JSON.stringify(found), auditText(found, plain), auditHtml(found, "")]) {
    assert.ok(!said.includes(secret));
  }
});

test("the worst come first, and the summary counts them", () => {
  const found = audit([
    readFileText("a.yaml", envoy({})),
    readFileText("b.yaml", wasmPlugin("auth", { failStrategy: "FAIL_OPEN", phase: "AUTHN" })),
  ]);
  assert.deepEqual(
    inOrder(found.rows).map((row) => row.risk),
    ["severe", "low"],
  );
  assert.match(auditText(found, plain), /\n2 plugins in force: 1 severe, 1 low\n$/);
});

test("a name is text: it ends no line, moves no cursor and is no markup", () => {
  const name = '</td><script>alert(1)</script>\u001b[2J"\u2028';
  const found = audit([readFileText("a.yaml", envoy({ name }))]);
  assert.equal(found.rows[0]?.plugin, name);
  const html = auditHtml(found, "Of <b>a</b>.");
  assert.ok(!html.includes("<script") && !html.includes("<b>") && html.includes("&lt;script&gt;"));
  assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
  const text = auditText(found, plain);
  assert.ok(!text.includes("\u001b") && !text.includes("\u2028"));
});

test("what can't be read is said, and what holds no plugin is counted", () => {
  const found = audit([
    readFileText(
      "a.yaml",
      "kind: WasmPlugin\napiVersion: extensions.istio.io/v1alpha1\nspec: {url: [\n",
    ),
    readFileText("b.yaml", `kind: Service\napiVersion: v1\n---\n${wasmPlugin("a", {})}`),
  ]);
  assert.equal(found.problems.length, 1);
  assert.match(found.problems[0]!, /^a\.yaml: /);
  assert.equal(found.rows.length, 1);
  assert.equal(found.skipped, 1);
});

test("a static plugin stands twice in a live Envoy's dump, and is one; two listeners with it are two", () => {
  const { static_resources: resources } = parse(envoy({})) as {
    static_resources: { listeners: readonly object[] };
  };
  const [listener] = resources.listeners;
  const any = { "@type": "type.googleapis.com/envoy.config.listener.v3.Listener", ...listener };
  const dumpOf = (...listeners: readonly object[]) =>
    JSON.stringify({
      configs: [
        {
          "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
          bootstrap: { static_resources: resources },
        },
        {
          "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump",
          static_listeners: listeners.map((one) => ({ listener: one })),
        },
      ],
    });
  assert.equal(rowsOf(dumpOf(any)).length, 1);
  assert.equal(rowsOf(dumpOf(any, { ...any, name: "another" })).length, 2);
  assert.equal(rowsOf(envoy({}), envoy({})).length, 2, "files are each what they are");
});
