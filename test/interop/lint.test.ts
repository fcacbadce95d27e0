// The linter beside others: on the manifests that Istio, Envoy Gateway and Kuma publish, where all that it says was judged
// by a person and stands in a list; its SARIF by SARIF's own schema; and what it repairs by the real Envoy.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { LintFinding } from "../../src/mesh/lint/findings.ts";
import { sarif } from "../../src/mesh/lint/format/sarif.ts";
import { lint } from "../../src/mesh/lint/lint.ts";
import { repair } from "../../src/mesh/lint/repair.ts";
import type { Context } from "../../src/mesh/lint/rule.ts";
import { rules } from "../../src/mesh/lint/rules.ts";
import { parseTargets } from "../../src/mesh/lint/targets.ts";
import { type FileRead, readFileText } from "../../src/mesh/read/read-file.ts";
import { rulePages } from "../mesh/rule-pages.ts";
import { wat } from "../wat.ts";
import { envoys, get, startEnvoy } from "./envoys.ts";
import { present, runParty } from "./party.ts";

const context: Context = { targets: parseTargets(undefined), module: () => null, policy: null };

const ci = process.env.CI === "true" || process.env.CI === "1";

/** A folder that scripts/interop.mjs names; without it the test is skipped, in CI red. */
function folders(t: TestContext, variable: string): readonly string[] {
  const named = (process.env[variable] ?? "").split(":").filter((one) => one !== "");
  if (named.length > 0) return named;
  const reason = `${variable} is not set (npm run test:interop sets it)`;
  if (ci) throw new Error(reason);
  t.skip(reason);
  return [];
}

function readsIn(folder: string): readonly FileRead[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => {
      const name = `${basename(folder).replace(/@.*/, "")}${path.slice(folder.length)}`;
      // Every document, whatever the prefilter would say of it.
      return readFileText(name, readFileSync(path, "utf8"), { everything: true });
    });
}

const judged = fileURLToPath(
  new URL("../../../test/interop/upstream-findings.txt", import.meta.url),
);

test("what upstream's own manifests earn is what a person has judged to be right", (t) => {
  const upstream = folders(t, "GLOVEBOX_UPSTREAM");
  if (upstream.length === 0) return;
  const reads = upstream.flatMap(readsIn);
  const documents = reads.flatMap((read) => read.documents);
  t.diagnostic(`${reads.length} files, ${documents.length} documents`);
  assert.ok(documents.length >= 200, String(documents.length));
  for (const of of ["gateway/", "istio/", "kuma/"]) {
    const files = reads.filter(
      ({ file, documents }) => documents.length > 0 && file.name.startsWith(of),
    );
    assert.ok(files.length >= 50, `${of} ${files.length}`);
  }
  // Each file by itself: what plugins share is no matter of one repository of examples.
  const found = reads.flatMap((read) => lint([read], context).findings);
  const lines = found
    .filter((one) => one.level !== "info")
    .map(({ file, line, code }) => `${file.name}:${line} ${code}`)
    .sort();
  if (process.env.BLESS === "1") {
    const head = readFileSync(judged, "utf8").match(/^#.*\n/gm) ?? [];
    writeFileSync(judged, `${head.join("")}${lines.join("\n")}\n`);
  }
  const known = readFileSync(judged, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(lines, known);
});

test("SARIF is valid by its own schema", (t) => {
  const [folder] = folders(t, "GLOVEBOX_SARIF");
  if (folder === undefined) return;
  const require = createRequire(join(folder, "x.js"));
  const schema = require("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json") as object;
  const Ajv = require("ajv") as new (
    options: object,
  ) => { validate(schema: object, data: unknown): boolean; errors: unknown };
  const ajv = new Ajv({
    schemaId: "auto",
    meta: false,
    logger: false,
    unknownFormats: "ignore",
  }) as InstanceType<typeof Ajv> & { addMetaSchema(schema: unknown): void };
  ajv.addMetaSchema(require("ajv/lib/refs/json-schema-draft-04.json"));
  const valid = (text: string) => ajv.validate({ ...schema, $id: undefined }, JSON.parse(text));
  const pages = fileURLToPath(new URL("../../../docs/rules/", import.meta.url));
  const blocks = readdirSync(pages).flatMap((name) =>
    [...readFileSync(pages + name, "utf8").matchAll(/^```yaml[^\n]*\n([\s\S]*?)^```$/gm)].map(
      (match, at) => readFileText(`dir with space/${name}-${at}.yaml`, match[1]!),
    ),
  );
  const { findings } = lint(blocks, context);
  assert.ok(new Set(findings.map((one) => one.code)).size > 50);
  assert.ok(valid(sarif(findings, rules, "0.1.0")), JSON.stringify(ajv.errors).slice(0, 800));
  assert.ok(valid(sarif([], rules, "0.1.0")), JSON.stringify(ajv.errors));
  // The validator does its work.
  assert.equal(valid(sarif(findings, rules, "0.1.0").replace('"2.1.0"', '"3"')), false);
});

const article = fileURLToPath(new URL("../../../test/fixtures/article/", import.meta.url));

/** What a file needs beside its repairs to be tried: what only a person can know. */
const byHand: Readonly<Record<string, string>> = {
  "step-4-per-route.yaml": "plugins on routes have no repair",
};

const module = (body: string): Uint8Array =>
  wat(`(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${body}))`);

/** A module that Envoy loads, in the place of those that the article names. */
const plugin = module("i32.const 0");
const trapping = module("unreachable");

const wanted = new Set(["1.36", "1.40"]);

/** Those that the repairs are tried in. */
function tried(t: TestContext) {
  const found = envoys().filter(({ release }) => wanted.has(release));
  if (found.length === wanted.size) return found;
  const reason = "Envoy 1.36 and 1.40 are not both there";
  if (ci) throw new Error(reason);
  t.skip(reason);
  return [];
}

function repaired(name: string, release: string): string {
  const file = readFileText(name, readFileSync(article + name, "utf8"));
  const meant = { ...context, targets: parseTargets(`envoy=${release}`) };
  const options = {
    safety: "safe",
    read: {},
    wanted: (all: readonly LintFinding[]) => all,
  } as const;
  const { text, problem } = repair(file, meant, options);
  assert.equal(problem, null, name);
  return text;
}

test("the article's blocks, repaired, are taken by the Envoys that refused them", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-repaired-"));
  const validate = async (program: string, text: string) => {
    const path = join(folder, "envoy.yaml");
    await writeFile(
      path,
      text.replaceAll("filename: plugin.wasm", `filename: ${folder}/plugin.wasm`),
    );
    return runParty(program, ["-c", path, "--mode", "validate", "--log-level", "error"], 60_000);
  };
  try {
    await writeFile(join(folder, "plugin.wasm"), plugin);
    for (const { release, program } of tried(t)) {
      const refused: string[] = [];
      for (const name of readdirSync(article).filter((one) => byHand[one] === undefined)) {
        const before = await validate(program, readFileSync(article + name, "utf8"));
        if (before.status !== 0) refused.push(name);
        const { status, output } = await validate(program, repaired(name, release));
        assert.equal(status, 0, `${release} ${name}: ${output.slice(-800)}`);
      }
      assert.deepEqual(refused, [
        "step-1-bootstrap-runtime.yaml",
        "step-1-plugin.yaml",
        "step-3-capability-list.yaml",
      ]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a plugin that the article's list kept from being called is called after the repair", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-repaired-"));
  try {
    // It answers every request by a trap, so that a request shows whether it was called.
    await writeFile(join(folder, "plugin.wasm"), trapping);
    for (const { release, program } of tried(t)) {
      for (const [text, status] of [
        [readFileSync(`${article}step-3-logging.yaml`, "utf8"), 200],
        [repaired("step-3-logging.yaml", release), 503],
      ] as const) {
        const served = text
          .replaceAll("filename: plugin.wasm", `filename: ${folder}/plugin.wasm`)
          .replace("port_value: 10000", "port_value: 0")
          .replace("route: { cluster: backend }", "direct_response: { status: 200 }")
          .replace(
            "static_resources:",
            `admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }\nstatic_resources:`,
          );
        const running = await startEnvoy(program, served);
        try {
          assert.equal((await get(running.port, "/")).status, status, release);
        } finally {
          await running.stop();
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Blocks of the rules' pages in which, repaired or not, the linter finds no error: whoever reads them has to take them. */
function cleanBlocks(kinds: RegExp): readonly { readonly name: string; readonly text: string }[] {
  return rulePages().flatMap((page) =>
    [...page.reported, ...page.notReported].flatMap(({ text, target }, at) => {
      const meant = { ...context, targets: parseTargets(target) };
      const wanted = (all: readonly LintFinding[]) => all;
      const file = readFileText(page.id, text);
      const done = repair(file, meant, { safety: "unsafe", read: {}, wanted });
      const read = readFileText(page.id, done.text, { everything: true });
      const kept = read.documents.every((one) => kinds.test(one.kind)) && read.documents.length > 0;
      const errors = lint([read], meant).findings.filter((one) => one.level === "error");
      return kept && errors.length === 0 ? [{ name: `${page.id}-${at}`, text: done.text }] : [];
    }),
  );
}

test("what the linter has no error for, as written or repaired, Istio's own tool takes", async (t) => {
  if (!present(t, "istioctl", ["version", "--remote=false"])) return;
  const blocks = cleanBlocks(/^(?:WasmPlugin|TrafficExtension|EnvoyFilter)$/);
  assert.ok(blocks.length > 40, String(blocks.length));
  const folder = await mkdtemp(join(tmpdir(), "glovebox-istioctl-"));
  try {
    const files = await Promise.all(
      blocks.map(async ({ name, text }) => {
        const file = join(folder, `${name}.yaml`);
        await writeFile(file, text);
        return file;
      }),
    );
    const args = ["validate", ...files.flatMap((file) => ["-f", file])];
    const { status, output } = await runParty("istioctl", args, 120_000);
    assert.equal(status, 0, output.slice(-3000));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("the article's policy, repaired, denies in Kyverno what it denied before", async (t) => {
  if (!present(t, "kyverno", ["version"])) return;
  const file = fileURLToPath(
    new URL("../../../test/fixtures/article-mesh/step-5-kyverno.yaml", import.meta.url),
  );
  const before = readFileSync(file, "utf8");
  const wanted = (all: readonly LintFinding[]) => all;
  const { text } = repair(readFileText("policy.yaml", before), context, {
    safety: "safe",
    read: {},
    wanted,
  });
  assert.notEqual(text, before);
  const plugin = (name: string, spec: object) =>
    JSON.stringify({
      apiVersion: "extensions.istio.io/v1alpha1",
      kind: "WasmPlugin",
      metadata: { name, namespace: "edge" },
      spec: { url: "oci://registry.example.com/a:v1", failStrategy: "FAIL_CLOSE", ...spec },
    });
  const folder = await mkdtemp(join(tmpdir(), "glovebox-kyverno-"));
  try {
    await writeFile(join(folder, "bad.yaml"), plugin("bad", {}));
    await writeFile(join(folder, "good.yaml"), plugin("good", { sha256: "a".repeat(64) }));
    await writeFile(join(folder, "policy.yaml"), text);
    const apply = async (name: string) => {
      const args = ["apply", join(folder, "policy.yaml"), "--resource", join(folder, name)];
      return (await runParty("kyverno", [...args, "--remove-color"], 120_000)).output;
    };
    assert.match(await apply("bad.yaml"), /fail: 1/);
    const good = await apply("good.yaml");
    assert.match(good, /pass: 1, fail: 0/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
