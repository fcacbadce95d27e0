// Our reader of configuration beside a stock Envoy's: what one refuses by the schema, the other must refuse too.
// Each case is a bootstrap; what Envoy says of it was not known to whoever wrote the reader.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readLabConfig } from "../../src/mesh/envoy/lab/read-lab-config.ts";
import { readEnvoy } from "../../src/mesh/envoy/read/document.ts";
import { labCommands } from "../../src/spec/log-commands.ts";
import { bootstrap, cases } from "../mesh/envoy-cases.ts";
import { labIo } from "../mesh/lab-io.ts";
import { present, runParty } from "./party.ts";

async function envoyAccepts(text: string): Promise<{ readonly ok: boolean; readonly why: string }> {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-config-"));
  try {
    const file = join(folder, "bootstrap.yaml");
    await writeFile(file, text);
    const args = ["-c", file, "--mode", "validate", "--log-level", "error"];
    const { status, output } = await runParty("envoy", args, 60_000);
    return { ok: status === 0, why: output.slice(-600) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As strict as Envoy is: the article's forms are refused there. */
function weAccept(text: string): { readonly ok: boolean; readonly why: string } {
  try {
    const found = readEnvoy(text, "bootstrap.yaml", { articleLevel: "error" }).report.findings();
    const errors = found.filter((one) => one.level === "error");
    return { ok: errors.length === 0, why: errors.map((one) => one.message).join("; ") };
  } catch (error) {
    return { ok: false, why: String(error) };
  }
}

test("what Envoy's schema refuses, the reader refuses, and the other way round", async (t) => {
  if (!present(t, "envoy")) return;
  for (const { what, text } of cases) {
    await t.test(what, async () => {
      const theirs = await envoyAccepts(text);
      const ours = weAccept(text);
      assert.equal(ours.ok, theirs.ok, `ours: ${ours.why}\nEnvoy: ${theirs.why}`);
    });
  }
});

test("Envoy refuses the forms of the article that are said to be refused", async (t) => {
  if (!present(t, "envoy")) return;
  const folder = fileURLToPath(new URL("../../../test/fixtures/article/", import.meta.url));
  const refused = /article-(?:runtime|concurrent|capability-list|type-url|route-plugin)$/;
  for (const name of (await readdir(folder)).filter((one) => one.endsWith(".yaml"))) {
    const text = await readFile(join(folder, name), "utf8");
    const found = readEnvoy(text, name).report.findings();
    // What the lab's reader alone reports (article-concurrent) stands in the text.
    const codes = [
      ...found.map((one) => one.code),
      ...(/max_capabilities/.test(text) ? ["article-concurrent"] : []),
    ];
    if (!codes.some((code) => refused.test(code))) continue;
    await t.test(name, async () => {
      assert.equal((await envoyAccepts(text)).ok, false);
    });
  }
});

test("commands in header edits: the lab's reader refuses those that Envoy refuses, and no others", async (t) => {
  if (!present(t, "envoy")) return;
  const takes = (name: string): string =>
    /^(?:REQ|RESP|REQUEST|RESPONSE)(?:_HEADER)?$|TRAILER$/.test(name) ? `${name}(x)` : name;
  const all = labCommands.map((name) => `%${takes(name)}%`).join(" ");
  const texts = [
    all,
    "%% %REQ(:path?x):3% %START_TIME(%s)% %HOSTNAME% %DYNAMIC_METADATA(a:b)%",
    "%VIRTUAL_HOST_NAME%",
    "%PROTOCOLL%",
    "%protocol%",
    "%REQ%",
    "%REQ()%",
    "%PROTOCOL(x)%",
    "%RESPONSE_CODE:2%",
    "100%",
    "a % b",
    "%REQ(x",
  ];
  for (const value of texts) {
    await t.test(value.slice(0, 40), async () => {
      const host = `request_headers_to_add: [{ header: { key: x, value: "${value}" } }]`;
      const text = bootstrap({ host });
      const theirs = await envoyAccepts(text);
      const { findings } = readLabConfig(text, "bootstrap.yaml", labIo());
      const errors = findings.filter((one) => one.level === "error").map((one) => one.message);
      assert.equal(errors.length === 0, theirs.ok, `${errors.join()}\nEnvoy: ${theirs.why}`);
    });
  }
});
