// `generate TARGET` as commands: what they write and where, and what they say of words that they can't take.
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { buildPlugins } from "../../plugins/build.ts";
import { sha256 } from "../../src/util/digest.ts";
import { glovebox } from "./glovebox.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-targets-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const paths = await buildPlugins({ only: ["header-tag", "trap-on-header"] });
const plugin = join(scratch, "tag.wasm");
copyFileSync(paths.get("header-tag")!, plugin);
const next = join(scratch, "next.wasm");
copyFileSync(paths.get("trap-on-header")!, next);

const policy = join(scratch, "auth.yaml");
const policyText = (name: string, more = "") =>
  `apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: ${name} }\nspec: { role: auth${more} }\n`;
writeFileSync(policy, policyText("vendor-auth"));
const rewriter = ["--role", "header-rewriter"];
const MANIFEST = sha256(new TextEncoder().encode("manifest"));
const oci = ["--url", "oci://r.example.com/plugins/tag:v1", "--manifest", `sha256:${MANIFEST}`];
const https = ["--url", "https://m.example.com/tag.wasm"];

test("the module that a WasmPlugin is generated for is the one that harden writes", async () => {
  const [output, hardened] = [join(scratch, "istio.yaml"), join(scratch, "hardened.wasm")];
  const args = ["generate", "istio", plugin, ...rewriter, ...https, "--label", "app=gw"];
  const { exit, out, err } = await glovebox(...args, "-o", output, "--hardened", hardened);
  assert.equal(exit, 0, err);
  const again = join(scratch, "again.wasm");
  await glovebox("harden", plugin, ...rewriter, "-o", again);
  assert.deepEqual(readFileSync(hardened), readFileSync(again));
  const { kind, spec } = parse(readFileSync(output, "utf8"));
  assert.equal(kind, "WasmPlugin");
  assert.equal(
    spec.sha256,
    sha256(readFileSync(hardened)),
    "an https:// module is pinned by itself",
  );
  assert.match(out, /^configuration written to .*\nhardened module: .*expected at https:/);
  assert.match(out, /^info\[generate-cannot-carry\]: a WasmPlugin can't carry/m);
});

test("a module in a registry is pinned by its manifest, given or at the end of its URL", async () => {
  const args = ["generate", "istio", plugin, ...rewriter, "--label", "app=gw"];
  const given = await glovebox(...args, ...oci);
  assert.equal(parse(given.out).spec.sha256, MANIFEST);
  const inUrl = `oci://r.example.com/plugins/tag:v1@sha256:${MANIFEST}`;
  assert.equal(parse((await glovebox(...args, "--url", inUrl)).out).spec.sha256, MANIFEST);
});

test("a canary is generated of two plugins, with the alert that ends it, and both modules", async () => {
  const hardened = join(scratch, "next-hardened.wasm");
  const canary = [
    "--canary",
    next,
    "--canary-url",
    "https://m.example.com/next.wasm",
    "--percent",
    "7",
  ];
  const more = ["--canary-hardened", hardened, "--route", "/api"];
  const { exit, out, err } = await glovebox(
    "generate",
    "kuma",
    plugin,
    ...rewriter,
    ...https,
    ...canary,
    ...more,
  );
  assert.equal(exit, 0, err);
  const [patch, rule] = parseAllDocuments(out).map((one) => one.toJS());
  const filter = patch.spec.default.appendModifications.at(-1).httpFilter.value as string;
  assert.match(filter, /numerator: 7\n/);
  assert.ok(filter.includes(sha256(readFileSync(hardened))));
  assert.match(out, /^# policy header-rewriter-canary \(canary\), digest/m);
  assert.equal(rule.kind, "PrometheusRule");
});

test("--json holds documents, text, digests and findings", async () => {
  const args = ["generate", "gloo", plugin, ...rewriter, ...oci, "--target", "Gateway/public"];
  const { exit, out } = await glovebox(...args, "--json");
  assert.equal(exit, 0);
  const { result } = JSON.parse(out);
  assert.deepEqual(
    result.documents,
    parseAllDocuments(result.yaml).map((one) => one.toJS()),
  );
  assert.equal(result.hardened.source.pin, MANIFEST);
  assert.equal(result.findings.length, 1);
});

test("policies of engines, rules, dashboards and walls need no plugin", async () => {
  const digest = ["--digest", MANIFEST, "--registry", "oci://r.example.com/plugins"];
  for (const [args, kind] of [
    [["kyverno", ...digest], "ValidatingPolicy"],
    [["kyverno", ...digest, "--form", "cluster-policy"], "ClusterPolicy"],
    [["admission-policy", ...digest, "-p", policy, "--audit"], "ValidatingAdmissionPolicy"],
    [["prometheus", "-p", policy, "--form", "operator"], "PrometheusRule"],
    [["networkpolicy", "-p", policy, "--label", "app=gw"], "NetworkPolicy"],
  ] as const) {
    const { exit, out, err } = await glovebox("generate", ...args);
    assert.equal(exit, 0, err);
    const [first] = parseAllDocuments(out).map((one) => one.toJS());
    assert.equal(first.kind, kind);
  }
  const grafana = await glovebox("generate", "grafana", "-p", policy, "--series", "lab");
  assert.ok(JSON.parse(grafana.out).panels.length >= 5);
});

test("a plugin whose policy decides is named in the admission policy, so that no phase is needed", async () => {
  const { out } = await glovebox("generate", "kyverno", "--digest", MANIFEST, "-p", policy);
  assert.ok(out.includes('object.metadata.name in ["vendor-auth"]'));
});

test("a policy that decides and says failure: open is refused where the rules would refuse it", async () => {
  const open = join(scratch, "open.yaml");
  writeFileSync(open, policyText("a", ", failure: open"));
  const { exit, err } = await glovebox("generate", "kyverno", "--digest", MANIFEST, "-p", open);
  assert.equal(exit, 3);
  assert.match(err, /generate-open-refused/);
});

test("nothing is written where something can't be made, and never over an input", async () => {
  const file = join(scratch, "none.yaml");
  const args = ["generate", "gloo", plugin, ...rewriter, ...https, "--target", "Gateway/a"];
  const { exit, err } = await glovebox(...args, "-o", file);
  assert.equal(exit, 2);
  assert.match(err, /generate-source/);
  assert.ok(!existsSync(file));
  const before = readFileSync(plugin);
  const over = ["generate", "istio", plugin, ...rewriter, ...https];
  assert.equal((await glovebox(...over, "--hardened", plugin)).exit, 2);
  assert.equal((await glovebox(...over, "-o", file, "--hardened", file)).exit, 2);
  assert.equal((await glovebox("generate", "grafana", "-p", policy, "-o", policy)).exit, 2);
  assert.deepEqual(readFileSync(plugin), before);
});

const istio = ["istio", plugin, ...rewriter];
for (const [what, words, says] of [
  [
    "a module in a registry without a digest",
    [...istio, "--url", "oci://r.example.com/p/t:v1"],
    /pinned by its manifest/,
  ],
  [
    "a manifest for a URL",
    [...istio, ...https, "--manifest", MANIFEST],
    /for modules in a registry/,
  ],
  [
    "two digests that differ",
    [
      ...istio,
      "--url",
      `oci://r.example.com/p/t:v1@sha256:${"0".repeat(64)}`,
      "--manifest",
      MANIFEST,
    ],
    /not the same/,
  ],
  ["a reference that is none", [...istio, "--url", "oci://r"], /oci:\/\/REGISTRY/],
  ["a label that Kubernetes doesn't take", [...istio, ...https, "--label", "a b=c"], /NAME=VALUE/],
  ["a target without a kind", [...istio, ...https, "--target", "public"], /KIND\/NAME/],
  [
    "a percentage of all",
    [
      ...istio,
      ...https,
      "--canary",
      next,
      "--canary-url",
      "https://m.example/x",
      "--percent",
      "100",
    ],
    /from 1 to 99/,
  ],
  ["a canary without a place", [...istio, ...https, "--canary", next], /--canary-url/],
  ["a canary's flag alone", [...istio, ...https, "--percent", "5"], /of a canary/],
  ["a release that nobody knows", [...istio, ...https, "--version", "1.5"], /1\.30/],
  ["a digest that is none", ["kyverno", "--digest", "latest"], /64 hex digits/],
  [
    "a registry without a scheme",
    ["kyverno", "--digest", MANIFEST, "--registry", "r.example.com"],
    /oci:\/\/ or https/,
  ],
  ["one policy twice", ["prometheus", "-p", policy, "-p", policy], /two policies/],
  [
    "a cluster without an address",
    ["networkpolicy", "-p", policy, "--cluster", "a"],
    /no name of a cluster|HOST:PORT/,
  ],
] as const) {
  test(`${what} is a usage error`, async () => {
    const { exit, err } = await glovebox("generate", ...words);
    assert.equal(exit, 2, err);
    assert.match(err, says);
  });
}
