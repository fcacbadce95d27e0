// `glovebox lint` as it is called: what it prints in each format, what it ends with, what it writes and what it leaves
// alone.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { glovebox } from "./glovebox.ts";

/** Two errors, of which one can be repaired. */
const bad = `# a filter
http_filters:
  - name: envoy.filters.http.wasm
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
      config:
        name: header-plugin
        failure_policy: FAIL_CLOSED
        vm_config:
          vm_id: header-plugin
          allow_precompiled: true # keeps starts short
          code: { local: { filename: /nowhere/header.wasm } }
        capability_restriction_config:
          allowed_capabilities: {}
`;

const good = `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: header, namespace: gateways }
spec:
  selector: { matchLabels: { app: gateway } }
  url: oci://registry.example.com/header:v1
  sha256: 3f786850e387550fdab836ed7e6dc881de23001b6ba2c7a1e8f0c2ad4b5e9d31
  failStrategy: FAIL_CLOSE
`;

async function inFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
  act: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-lint-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await act(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Json {
  readonly exit: number;
  readonly result: {
    readonly summary: Readonly<Record<string, number>>;
    readonly findings: readonly { readonly rule: string; readonly line: number }[];
    readonly repaired: number;
  };
}

test("errors end with 1 and a frame of their source; what is fine ends with 0", async () => {
  await inFolder({ "a.yaml": bad, "b.yaml": good }, async (folder) => {
    const file = join(folder, "a.yaml");
    const { exit, out } = await glovebox("lint", file);
    assert.equal(exit, 1);
    assert.ok(out.includes(`${file}:11:30: error[allow-precompiled]: `), out);
    assert.ok(out.includes("  11 |           allow_precompiled: true # keeps starts short\n"));
    assert.ok(out.includes("     |                              ^^^^\n"));
    assert.ok(out.includes("(`--fix` does it)"));
    assert.match(out, /2 errors, 0 warnings, 1 note in 1 file/);
    const fine = await glovebox("lint", join(folder, "b.yaml"));
    assert.equal(fine.exit, 0, fine.out);
    assert.match(fine.out, /nothing found in 1 file, 1 document about plugins, 1 plugin/);
  });
});

test("notes alone end with 0", async () => {
  const note = good.replace("  failStrategy: FAIL_CLOSE\n", "");
  await inFolder({ "a.yaml": note }, async (folder) => {
    const { exit, out } = await glovebox("lint", folder);
    assert.match(out, /info\[no-reload\]/);
    assert.equal(exit, 0);
  });
});

test("a folder is read through, other kinds are skipped, files that are no text are said", async () => {
  const files = {
    "a.yaml": bad,
    "b.json": "{}",
    "c.yml": "kind: Deployment\n",
    "d.yaml": new Uint8Array([0, 97, 115, 109]),
    "e.txt": bad,
  };
  await inFolder(files, async (folder) => {
    const { out } = await glovebox("lint", folder, "--json");
    const { result } = JSON.parse(out) as Json;
    assert.deepEqual(
      [result.summary.files, result.summary.documents, result.summary.skipped],
      [4, 1, 2],
    );
    assert.ok(result.findings.some((one) => one.rule === "manifest-not-text"));
  });
});

test("what isn't there is a failure, and so is a folder without a manifest", async () => {
  await inFolder({ "a.txt": "" }, async (folder) => {
    const missing = await glovebox("lint", join(folder, "nothing.yaml"));
    assert.equal(missing.exit, 3);
    assert.match(missing.err, /file-unreadable/);
    const none = await glovebox("lint", folder);
    assert.equal(none.exit, 2);
    assert.match(none.err, /lint-no-files/);
    const target = await glovebox("lint", folder, "--target", "envoy=0.9");
    assert.equal(target.exit, 2);
  });
});

test("facts are those of the release that is meant", async () => {
  const text = bad.replace("FAIL_CLOSED", "FAIL_RELOAD");
  await inFolder({ "a.yaml": text }, async (folder) => {
    const rulesFor = async (target: string) => {
      const { out } = await glovebox("lint", folder, "--json", "--target", target);
      return (JSON.parse(out) as Json).result.findings.map((one) => one.rule);
    };
    assert.ok((await rulesFor("envoy=1.32")).includes("field-too-new"));
    assert.ok(!(await rulesFor("envoy=1.36,istio=1.27")).includes("field-too-new"));
    const unknown = await glovebox("lint", folder, "--target", "envoy=2");
    assert.equal(unknown.exit, 2);
    assert.match(unknown.err, /lint-unknown-target/);
  });
});

test("--fix writes what it repaired, keeps comments, and leaves nothing to repair", async () => {
  await inFolder({ "a.yaml": bad }, async (folder) => {
    const file = join(folder, "a.yaml");
    const dry = await glovebox("lint", "--fix", "--dry-run", file);
    assert.match(dry.out, /^--- /);
    assert.match(dry.out, /\n- {10}allow_precompiled: true # keeps starts short\n/);
    assert.match(dry.out, /\n\+ {10}allow_precompiled: false # keeps starts short\n/);
    assert.equal(await readFile(file, "utf8"), bad);
    const done = await glovebox("lint", "--fix", file, "--json");
    assert.equal((JSON.parse(done.out) as Json).result.repaired, 1);
    const text = await readFile(file, "utf8");
    assert.equal(text, bad.replace("allow_precompiled: true", "allow_precompiled: false"));
    const again = await glovebox("lint", "--fix", file, "--json");
    assert.equal((JSON.parse(again.out) as Json).result.repaired, 0);
    assert.equal(await readFile(file, "utf8"), text);
  });
});

test("what changes the meaning is repaired only where it is asked for", async () => {
  const open = good.replace("FAIL_CLOSE\n", "FAIL_OPEN\n  phase: AUTHN\n");
  await inFolder({ "a.yaml": open }, async (folder) => {
    const file = join(folder, "a.yaml");
    await glovebox("lint", "--fix", file);
    assert.equal(await readFile(file, "utf8"), open);
    await glovebox("lint", "--fix=unsafe", file);
    assert.equal(await readFile(file, "utf8"), open.replace("FAIL_OPEN", "FAIL_CLOSE"));
  });
});

test("nothing of a file is written where one of its repairs would break it", async () => {
  // The flag stands in a plain text of two lines, so that no repair can be spliced in.
  const odd = bad.replace("allow_precompiled: true", "allow_precompiled: &a true");
  await inFolder({ "a.yaml": odd }, async (folder) => {
    const { out } = await glovebox("lint", "--fix", join(folder, "a.yaml"));
    const text = await readFile(join(folder, "a.yaml"), "utf8");
    assert.ok(text === odd || text === odd.replace("&a true", "&a false"), text);
    assert.doesNotMatch(out, /internal-bug/);
    assert.deepEqual(await readdir(folder), ["a.yaml"]);
  });
});

test("a comment suppresses a finding if it says why, and is said if it doesn't or does nothing", async () => {
  const lines = (comment: string) =>
    bad.replace("          allow_precompiled", `          ${comment}\n          allow_precompiled`);
  const cases: readonly (readonly [string, string | null, boolean])[] = [
    ["# glovebox-ignore allow-precompiled: built by ourselves, in the same pipeline", null, true],
    ["# glovebox-ignore allow-precompiled", "suppression-without-reason", false],
    ["# glovebox-ignore allow-precompiled:", "suppression-without-reason", false],
    ["# glovebox-ignore allow-precompile: why", "suppression-unknown", false],
    ["# glovebox-ignore no-retry: why", "suppression-unused", false],
    ["# glovebox-ignore-file allow-precompiled: not ours to judge", null, true],
  ];
  for (const [comment, code, suppressed] of cases) {
    await inFolder({ "a.yaml": lines(comment) }, async (folder) => {
      const { out } = await glovebox("lint", folder, "--json");
      const { result } = JSON.parse(out) as Json;
      const rules = result.findings.map((one) => one.rule);
      assert.equal(rules.includes("allow-precompiled"), !suppressed, comment);
      assert.equal(result.summary.suppressed, suppressed ? 1 : 0, comment);
      assert.deepEqual(
        rules.filter((one) => one.startsWith("suppression-")),
        code === null ? [] : [code],
      );
    });
  }
});

test("what a baseline holds isn't said again, wherever it moves; what comes on top is", async () => {
  await inFolder({ "a.yaml": bad }, async (folder) => {
    const file = join(folder, "a.yaml");
    const baseline = join(folder, "baseline.txt");
    const written = await glovebox("lint", file, "--write-baseline", baseline);
    assert.equal(written.exit, 0);
    await writeFile(file, `# moved\n# down\n${bad}`);
    const same = await glovebox("lint", file, "--baseline", baseline);
    assert.equal(same.exit, 0, same.out);
    assert.match(same.out, /3 in the baseline/);
    await writeFile(file, bad.replace("FAIL_CLOSED", "FAIL_CLOSE"));
    const more = await glovebox("lint", file, "--baseline", baseline);
    assert.equal(more.exit, 1);
    assert.match(more.out, /error\[unknown-value\]/);
    assert.doesNotMatch(more.out, /allow-precompiled/);
    await writeFile(baseline, "{}");
    const broken = await glovebox("lint", file, "--baseline", baseline);
    assert.equal(broken.exit, 3);
    assert.match(broken.err, /baseline-unreadable/);
  });
});

test("each format is what its readers take", async () => {
  await inFolder({ "a b.yaml": bad }, async (folder) => {
    const print = async (format: string) =>
      (await glovebox("lint", join(folder, "a b.yaml"), "--format", format)).out;
    const json = JSON.parse(await print("json")) as Json["result"];
    assert.equal(json.findings.length, 3);
    const sarif = JSON.parse(await print("sarif")) as {
      version: string;
      runs: {
        tool: { driver: { rules: { id: string }[] } };
        results: {
          ruleId: string;
          ruleIndex: number;
          fixes?: unknown[];
          locations: { physicalLocation: { artifactLocation: { uri: string } } }[];
        }[];
      }[];
    };
    const [run] = sarif.runs;
    assert.equal(sarif.version, "2.1.0");
    assert.equal(run!.results.length, 3);
    for (const result of run!.results) {
      assert.equal(run!.tool.driver.rules[result.ruleIndex]!.id, result.ruleId);
      assert.match(result.locations[0]!.physicalLocation.artifactLocation.uri, /a%20b\.yaml$/);
      assert.equal(result.fixes === undefined, result.ruleId !== "allow-precompiled");
    }
    const xml = await print("junit");
    assert.match(
      xml,
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="glovebox lint" failures="2">/,
    );
    assert.equal(xml.match(/<testcase /g)!.length, 3);
    assert.equal(xml.match(/<failure /g)!.length, 2);
    const github = await print("github");
    assert.match(
      github,
      /^::error file=.*a b\.yaml,line=11,col=30,endColumn=34,title=allow-precompiled::/m,
    );
    assert.equal(github.trimEnd().split("\n").length, 3);
  });
});

test("names of strangers stay in their line, whatever they hold", async () => {
  const text = good
    .replace("header:v1", "header:v1\\u001b[2J\\n::error::x")
    .replace("url: ", 'url: "')
    .replace("x\n", 'x"\n')
    .replace(/^ {2}sha256.*\n/m, "");
  await inFolder({ "a.yaml": text }, async (folder) => {
    for (const format of ["text", "github", "junit"]) {
      const { out } = await glovebox("lint", folder, "--format", format);
      assert.ok(!out.includes("\u001b"), format);
      assert.ok(!/^::error::x/m.test(out), format);
    }
  });
});

test("patches of a kustomization are parts: what they leave out isn't missing", async () => {
  const patch = `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: header, namespace: gateways }
spec: { phase: AUTHN }
`;
  const files = {
    "patch.yaml": patch,
    "kustomization.yaml": "resources: [base.yaml]\npatches:\n  - path: patch.yaml\n",
  };
  await inFolder(files, async (folder) => {
    const { out, exit } = await glovebox("lint", folder);
    assert.equal(exit, 0, out);
  });
  await inFolder({ "patch.yaml": patch }, async (folder) => {
    assert.match((await glovebox("lint", folder)).out, /missing-field/);
  });
});

test("a module beside its manifest is judged, and one of --modules by its digest", async () => {
  const plugin = await readFile(
    new URL("../../plugins/wasm/header-rewriter.wasm", import.meta.url),
  );
  const { createHash } = await import("node:crypto");
  const digest = createHash("sha256").update(plugin).digest("hex");
  const local = bad.replace("/nowhere/header.wasm", "header.wasm");
  const remote = good.replace(/sha256: \w+/, `sha256: ${digest}`);
  await inFolder({ "a.yaml": local, "b.yaml": remote, "header.wasm": plugin }, async (folder) => {
    const beside = await glovebox("lint", join(folder, "a.yaml"));
    assert.match(beside.out, /warning\[module-uncapped\]/);
    const alone = await glovebox("lint", join(folder, "b.yaml"));
    assert.doesNotMatch(alone.out, /module-/);
    const found = await glovebox("lint", join(folder, "b.yaml"), "--modules", folder);
    assert.match(found.out, /warning\[module-uncapped\]/);
    // The file's digest beside an image, whose manifest's is compared.
    assert.match(found.out, /error\[digest-of-other\]/);
  });
});

test("what has no end is not read to it", { skip: process.platform === "win32" }, async () => {
  const { exit, out } = await glovebox("lint", "/dev/zero");
  assert.equal(exit, 1);
  assert.match(out, /error\[document-too-large\]/);
});

test("explain says what a rule is and how it is suppressed", async () => {
  const { out } = await glovebox("explain", "capability-alias");
  assert.match(out, /Repair {9}`glovebox lint --fix`/);
  assert.match(out, /docs\/rules\/capability-alias\.md/);
});
