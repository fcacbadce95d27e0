// The policies that are generated for Kyverno, in its own command line: what they let in, what they refuse and why. And
// the article's policy beside them, which lets in what it means to refuse.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildPlugins } from "../../plugins/build.ts";
import { type AdmissionCase, gatewayCases, istioCases } from "../mesh/admission-cases.ts";
import { files } from "../mesh/generate-targets.ts";
import { present, runParty } from "./party.ts";
import { startRegistry } from "./registries.ts";

const scratch = await mkdtemp(join(tmpdir(), "glovebox-kyverno-"));
after(() => rm(scratch, { recursive: true, force: true }));

const bin = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));

let count = 0;

async function written(text: string): Promise<string> {
  const file = join(scratch, `${++count}.yaml`);
  await writeFile(file, text);
  return file;
}

/** What Kyverno says of each object that it refuses, by kind and name. */
async function refusals(
  policy: string,
  cases: readonly AdmissionCase[],
  more: readonly string[] = [],
): Promise<{ readonly refused: ReadonlyMap<string, string>; readonly output: string }> {
  const resources = await written(
    cases.map(({ object }) => JSON.stringify(object)).join("\n---\n"),
  );
  const args = [
    "apply",
    await written(policy),
    "--resource",
    resources,
    "--remove-color",
    "--continue-on-fail",
    ...more,
  ];
  const { output } = await runParty("kyverno", args, 120_000);
  const refused = new Map<string, string>();
  const blocks = output.split(/^policy \S+ -> resource /m).slice(1);
  for (const block of blocks) {
    const [, key] = /^(\S+) failed:/.exec(block) ?? [];
    if (key !== undefined) refused.set(key, `${refused.get(key) ?? ""}${block}`);
  }
  return { refused, output };
}

const keyOf = ({ object }: AdmissionCase): string => `edge/${object.kind}/${object.metadata.name}`;

for (const [name, cases, canary] of [
  ["kyverno-validating-policy", istioCases, false],
  ["kyverno-cluster-policy", istioCases, false],
  ["kyverno-canary", istioCases, true],
  ["kyverno-gateway", gatewayCases, false],
] as const) {
  test(`${name} lets in what is pinned, from there and closed, and nothing else`, async (t) => {
    if (!present(t, "kyverno", ["version"])) return;
    const { refused, output } = await refusals(files[name]!().yaml, cases);
    for (const one of cases) {
      const said = refused.get(keyOf(one));
      const wanted = one.canary === true && !canary ? /pinned/ : one.refused;
      if (wanted === null) assert.equal(said, undefined, keyOf(one));
      else assert.match(said ?? "", wanted, `${keyOf(one)}: ${output.slice(-1500)}`);
    }
    assert.match(output, /error: 0/);
  });
}

/** As the article has it: the place of the action is deprecated, and an EnvoyFilter is no WasmPlugin. */
const articles = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: { name: wasmplugin-must-have-sha256 }
spec:
  validationFailureAction: Enforce
  rules:
    - name: require-sha256
      match: { resources: { kinds: [WasmPlugin] } }
      validate:
        message: "WasmPlugin must specify sha256 for content pinning"
        pattern: { spec: { sha256: "?*", failStrategy: "FAIL_CLOSE" } }
`;

test("the article's policy lets in what ours refuses, and refuses what is closed by default", async (t) => {
  if (!present(t, "kyverno", ["version"])) return;
  const { refused } = await refusals(articles, istioCases);
  const theirs = new Set(
    [...refused.keys()].map((key) =>
      key
        .split("/")
        .at(-1)
        ?.replace(/-\\d+$/, ""),
    ),
  );
  const let_in = istioCases.filter((one) => one.refused !== null && !refused.has(keyOf(one)));
  const kinds = new Set(let_in.map(({ object }) => object.kind));
  assert.ok(kinds.has("EnvoyFilter"), "the way around it");
  assert.ok(
    [...theirs].some((name) => name?.startsWith("good")),
    "FAIL_CLOSE is the default of a WasmPlugin",
  );
});

test("Kyverno asks the registry: it lets in what one of the keys has signed, and refuses what none has", async (t) => {
  if (!present(t, "kyverno", ["version"]) || !present(t, "registry")) return;
  const registry = await startRegistry("registry", scratch);
  try {
    const env = { ...process.env, GLOVEBOX_KEY_PASSWORD: "of-the-test" };
    const glovebox = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args, "--json"], {
        encoding: "utf8",
        env,
        cwd: scratch,
      });
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout).result;
    };
    const paths = await buildPlugins({ only: ["header-tag", "trap-on-header"] });
    for (const name of ["mine", "other"]) glovebox("keys", name);
    const push = (plugin: string, as: string): string => {
      const ref = `oci://${registry.host}/plugins/${as}:v1`;
      return glovebox("push", paths.get(plugin)!, ref, "--plain-http").manifest.slice(
        "sha256:".length,
      );
    };
    const digests = {
      signed: push("header-tag", "signed"),
      unsigned: push("trap-on-header", "unsigned"),
    };
    const sign = [
      "sign",
      `oci://${registry.host}/plugins/signed:v1`,
      "--key",
      "mine.key",
      "--plain-http",
    ];
    glovebox(...sign, "--format", "both");
    const generated = (key: string) => {
      const allowed = Object.values(digests).flatMap((digest) => ["--digest", digest]);
      const made = glovebox("generate", "kyverno", ...allowed, "--key", `${key}.pub`);
      return made.text as string;
    };
    const plugin = (name: "signed" | "unsigned", tag = "v1"): AdmissionCase => ({
      object: {
        apiVersion: "extensions.istio.io/v1alpha1",
        kind: "WasmPlugin",
        metadata: { name: `${name}-${tag}`, namespace: "edge" },
        spec: { url: `oci://${registry.host}/plugins/${name}:${tag}`, sha256: digests[name] },
      },
      refused: null,
    });
    const cases = [plugin("signed"), plugin("unsigned")];
    const asking = [
      "--registry",
      "--crd-paths",
      join(process.env.GLOVEBOX_DEFINITIONS ?? "", "crd-all.gen.yaml"),
    ];
    const mine = await refusals(generated("mine"), cases, asking);
    assert.deepEqual([...mine.refused.keys()], ["edge/WasmPlugin/unsigned-v1"], mine.output);
    assert.match(
      mine.refused.get("edge/WasmPlugin/unsigned-v1")!,
      /signed by one of the allowed keys/,
    );
    const other = await refusals(generated("other"), cases, asking);
    assert.equal(other.refused.size, 2, other.output);
  } finally {
    await registry.stop();
  }
});
