// harden and verify as commands, on a real plugin: what is written, when nothing is, and what they answer.
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { engine } from "../../plugins/engine.ts";
import { glovebox } from "./glovebox.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-contain-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const paths = await buildPlugins({ only: ["header-tag", "unknown-import", "exfiltrate-http"] });
const plugin = join(scratch, "plugin.wasm");
copyFileSync(paths.get("header-tag")!, plugin);
const role = ["--role", "header-rewriter"];

test("harden writes a valid module that verify accepts, and says what it capped and denied", async () => {
  const output = join(scratch, "contained.wasm");
  const source = paths.get("exfiltrate-http")!;
  const hardened = await glovebox("harden", source, ...role, "-o", output);
  assert.equal(hardened.exit, 0, hardened.err);
  assert.match(hardened.out, /^contained: .*contained\.wasm\n/);
  assert.match(hardened.out, /^ {2}memory +64 KiB to 64 MiB/m);
  assert.match(hardened.out, /^ {2}denied +.*proxy_http_call/m);
  assert.match(hardened.out, /^ {2}size +\d+ → [\d,]+ bytes \(\+/m);
  assert.ok(engine.validate(readFileSync(output)));
  const verified = await glovebox("verify", output, ...role);
  assert.equal(verified.exit, 0, verified.err);
  assert.match(verified.out, /^contained: /);
});

test("verify lists what is wrong with a plugin as shipped and ends with 1", async () => {
  const text = await glovebox("verify", plugin, ...role);
  assert.equal(text.exit, 1);
  assert.match(text.out, /^error\[verify-[\w-]+\]: /);
  assert.match(
    text.out,
    /not contained: .*plugin\.wasm, \d+ findings?\n(?: {2}\w+ .*\n)+It carries no stamp of Glovebox/,
  );
  const json = JSON.parse((await glovebox("verify", plugin, ...role, "--json")).out);
  assert.equal(json.command, "verify");
  assert.equal(json.exit, 1);
  assert.equal(json.result.contained, false);
  assert.ok(json.result.findings.length > 0);
  for (const finding of json.result.findings) assert.match(finding.code, /^verify-/);
});

test("a module of one mode is not what a policy of the other promises", async () => {
  const output = join(scratch, "exact.wasm");
  const counter = paths.get("exfiltrate-http")!;
  assert.equal(
    (await glovebox("harden", counter, ...role, "--mode", "exact", "-o", output)).exit,
    0,
  );
  assert.equal((await glovebox("verify", output, ...role, "--mode", "exact")).exit, 0);
  assert.equal((await glovebox("verify", output, ...role)).exit, 1);
});

test("a plugin that is refused leaves an older output as it is, and no other file", async () => {
  const output = join(scratch, "older.wasm");
  writeFileSync(output, "older");
  const before = readdirSync(scratch).sort();
  const { exit, out, err } = await glovebox(
    "harden",
    paths.get("unknown-import")!,
    ...role,
    "-o",
    output,
  );
  assert.equal(exit, 3);
  assert.equal(out, "");
  assert.match(err, /^error\[harden-import-unknown\]: .*\n$/);
  assert.equal(readFileSync(output, "utf8"), "older");
  assert.deepEqual(readdirSync(scratch).sort(), before);
});

test("the output is never the input, by no path and no link", async () => {
  symlinkSync("plugin.wasm", join(scratch, "link.wasm"));
  const before = readFileSync(plugin);
  for (const name of ["plugin.wasm", "./plugin.wasm", "link.wasm"]) {
    const { exit, err } = await glovebox("harden", plugin, ...role, "-o", join(scratch, name));
    assert.equal(exit, 2);
    assert.match(err, /^error\[output-is-input\]/);
  }
  assert.deepEqual(readFileSync(plugin), before);
});

test("an output that can't be written is the environment's fault", async () => {
  const output = join(scratch, "no-such-folder", "out.wasm");
  const { exit, err } = await glovebox("harden", plugin, ...role, "-o", output);
  assert.equal(exit, 5);
  assert.match(err, /^error\[file-unwritable\]: .*there is no such file or folder/);
  assert.ok(!existsSync(output));
});

test("a hardened module is not hardened again", async () => {
  const once = join(scratch, "once.wasm");
  assert.equal((await glovebox("harden", plugin, ...role, "-o", once)).exit, 0);
  const { exit, err } = await glovebox("harden", once, ...role, "-o", join(scratch, "twice.wasm"));
  assert.equal(exit, 3);
  assert.match(err, /^error\[harden-already\]/);
});

test("the same plugin and policy give the same bytes", async () => {
  const outputs = ["a.wasm", "b.wasm"].map((name) => join(scratch, name));
  for (const output of outputs) await glovebox("harden", plugin, ...role, "-o", output);
  const [a, b] = outputs.map((output) => readFileSync(output));
  assert.deepEqual(a, b);
});

test("neither harden nor trial writes over the policy or the plugin that it was given", async () => {
  const policy = join(scratch, "kept.yaml");
  const text =
    "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: kept }\nspec: { role: header-rewriter }\n";
  writeFileSync(policy, text);
  const bytes = readFileSync(plugin);
  for (const args of [
    ["harden", plugin, "-p", policy, "-o", policy],
    ["trial", plugin, "-p", policy, "--junit", policy],
    ["trial", plugin, "-p", policy, "--junit", plugin],
  ]) {
    const { exit, err } = await glovebox(...args);
    assert.match(err, /^error\[output-is-input\]: /);
    assert.equal(exit, 2);
  }
  assert.equal(readFileSync(policy, "utf8"), text);
  assert.deepEqual(readFileSync(plugin), bytes);
});
