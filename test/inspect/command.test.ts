// The command as it is run: exit codes, the policy file, what is never overwritten, and text that is safe to print.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { main } from "../../src/cli/main.ts";
import { loadPolicy } from "../../src/policy/load.ts";
import { wat } from "../wat.ts";

const paths = await buildPlugins();
const folder = mkdtempSync(join(tmpdir(), "glovebox-inspect-"));
after(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

async function glovebox(
  args: readonly string[],
  terminal = false,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  const exit = await main(["inspect", ...args], {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    outTerminal: terminal,
    errTerminal: false,
    env,
    now: () => 0,
  });
  return { exit, out, err };
}

test("a plugin that loads ends with 0, one that crashes or is refused with 1", async () => {
  assert.equal((await glovebox([paths.get("auth")!])).exit, 0);
  for (const name of ["start-logs", "no-memory-export", "unknown-import", "abi-no-marker"]) {
    assert.equal((await glovebox([paths.get(name)!])).exit, 1, name);
  }
});

test("--json prints the report in one document", async () => {
  const { out, err, exit } = await glovebox([paths.get("auth")!, "--json"]);
  const document = JSON.parse(out);
  assert.equal(exit, 0);
  assert.equal(err, "");
  assert.equal(document.command, "inspect");
  assert.equal(document.result.report.abi.version, "0.2.1");
  assert.equal(document.result.report.leastPolicy.role, "auth");
  assert.equal(document.result.policyFile, null);
});

test("--write-policy writes a policy that loads, and tells so", async () => {
  const file = join(folder, "auth.yaml");
  const { out, exit } = await glovebox([paths.get("auth")!, "--write-policy", file]);
  assert.equal(exit, 0);
  assert.match(out, /policy written to .*auth\.yaml\n$/);
  const policy = loadPolicy(readFileSync(file, "utf8"), file);
  assert.equal(policy.name, "auth");
  assert.equal(policy.url, paths.get("auth")!);
});

test("an existing file stays unless --force is given", async () => {
  const file = join(folder, "kept.yaml");
  writeFileSync(file, "mine");
  const refused = await glovebox([paths.get("auth")!, "--write-policy", file]);
  assert.equal(refused.exit, 2);
  assert.match(refused.err, /^error\[inspect-policy-exists\]/);
  assert.equal(refused.out, "");
  assert.equal(readFileSync(file, "utf8"), "mine");
  const forced = await glovebox([paths.get("auth")!, "--write-policy", file, "--force"]);
  assert.equal(forced.exit, 0);
  assert.match(readFileSync(file, "utf8"), /kind: PluginPolicy/);
});

test("the module is never overwritten by its own policy", async () => {
  const file = join(folder, "plugin.wasm");
  writeFileSync(file, readFileSync(paths.get("header-tag")!));
  const { exit, err } = await glovebox([file, "--write-policy", file, "--force"]);
  assert.equal(exit, 2);
  assert.match(err, /output-is-input.*--write-policy/);
  assert.deepEqual(readFileSync(file), readFileSync(paths.get("header-tag")!));
});

test("what can't be read ends with 3 and writes nothing", async () => {
  const bad = join(folder, "bad.wasm");
  writeFileSync(bad, "not a module");
  const before = readdirSync(folder);
  const { exit, err } = await glovebox([bad, "--write-policy", join(folder, "bad.yaml")]);
  assert.equal(exit, 3);
  assert.match(err, /^error\[wasm-not-wasm\]/);
  assert.deepEqual(readdirSync(folder), before);
});

test("--role decides the role, and an unknown one is a question", async () => {
  const { out } = await glovebox([
    paths.get("exfiltrate-http")!,
    "--role",
    "header-rewriter",
    "--json",
  ]);
  const { leastPolicy } = JSON.parse(out).result.report;
  assert.equal(leastPolicy.role, "header-rewriter");
  assert.ok(leastPolicy.leftOut.some((one: { name: string }) => one.name === "proxy_http_call"));
  const wrong = await glovebox([paths.get("auth")!, "--role", "header-rewritr"]);
  assert.notEqual(wrong.exit, 0);
  assert.match(wrong.err, /Did you mean header-rewriter\?/);
});

test("names from the module can't reach the terminal as escape sequences", async () => {
  const evil = "\\1b]0;owned\\07\\1b[31m";
  const file = join(folder, "evil.wasm");
  writeFileSync(
    file,
    wat(`(module (import "env" "${evil}" (func)) (import "${evil}" "x" (func))
      (memory (export "${evil}m") 1) (func (export "proxy_abi_version_${evil}")) (func (export "${evil}f")))`),
  );
  const { out, exit } = await glovebox([file]);
  assert.equal(exit, 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test("colours only on a terminal, and not with NO_COLOR", async () => {
  const args = [paths.get("auth")!];
  assert.ok((await glovebox(args, true)).out.includes("\u001b["));
  assert.ok(!(await glovebox(args, true, { NO_COLOR: "1" })).out.includes("\u001b["));
  assert.ok(!(await glovebox(args)).out.includes("\u001b["));
});
