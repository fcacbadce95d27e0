// `generate envoy` as a command: what it writes and where, and what it says of words that it can't take.
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { buildPlugins } from "../../plugins/build.ts";
import { sha256 } from "../../src/util/digest.ts";
import { glovebox } from "./glovebox.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-generate-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const paths = await buildPlugins({ only: ["header-tag", "external-auth"] });
const plugin = join(scratch, "tag.wasm");
copyFileSync(paths.get("header-tag")!, plugin);
const command = ["generate", "envoy", plugin, "--role", "header-rewriter"];
const hardened = join(scratch, "contained.wasm");

test("the module beside the configuration is the one that harden writes, and its digest is in the file", async () => {
  const output = join(scratch, "envoy.yaml");
  const more = ["--form", "bootstrap", "--route", "/a=web", "--hardened", hardened, "-o", output];
  const { exit, out, err } = await glovebox(...command, ...more);
  assert.equal(exit, 0, err);
  const again = join(scratch, "again.wasm");
  await glovebox("harden", plugin, "--role", "header-rewriter", "-o", again);
  assert.deepEqual(readFileSync(hardened), readFileSync(again));
  const text = readFileSync(output, "utf8");
  assert.ok(text.includes(sha256(readFileSync(hardened))));
  assert.ok(text.includes(JSON.stringify(hardened)), "Envoy reads it from where it was written");
  assert.match(out, /^configuration written to .*\nhardened module: /);
  assert.match(out, /^info\[generate-placeholder\]: web: /m);
});

test("without -o the file goes to standard output and everything else to standard error", async () => {
  const url = pathToFileURL("/etc/envoy/tag.wasm").href;
  const { exit, out, err } = await glovebox(...command, "--url", url);
  assert.equal(exit, 0, err);
  const { http_filters: filters } = parse(out);
  const { vm_config: vm } = filters[0].typed_config.config;
  assert.equal(vm.code.local.filename, "/etc/envoy/tag.wasm");
  assert.match(err, /^hardened module: not written/);
});

test("--json holds the configuration as data and as text", async () => {
  const more = ["--url", "https://m.example/tag.wasm", "--version", "1.36", "--root-id", "r"];
  const { exit, out } = await glovebox(...command, ...more, "--json");
  assert.equal(exit, 0);
  const { result } = JSON.parse(out);
  assert.deepEqual(parse(result.yaml), result.config);
  assert.deepEqual(result.vmIds, ["header-rewriter-all"]);
  const [filter] = result.config.http_filters;
  assert.equal(filter.typed_config.config.root_id, "r");
  const { remote } = filter.typed_config.config.vm_config.code;
  assert.equal(remote.sha256, result.hardened.sha256);
});

test("a policy under which the plugin can't start ends with 3, and nothing is written", async () => {
  const policy = join(scratch, "open.yaml");
  writeFileSync(
    policy,
    "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: a }\nspec: { role: external-auth, failure: reload }\n",
  );
  const file = join(scratch, "none.wasm");
  const source = paths.get("external-auth")!;
  const base = ["generate", "envoy", source, "-p", policy, "--hardened", file];
  const { exit, err } = await glovebox(...base, "--version", "1.32");
  assert.equal(exit, 3);
  assert.match(err, /^error\[generate-failure-policy\]/m);
  assert.ok(!existsSync(file));
  const newer = await glovebox(...base, "--version", "1.33");
  assert.equal(newer.exit, 0);
  assert.match(newer.err, /^warning\[generate-dispatch-unbounded\]: .*proxy_http_call/m);
});

test("neither the module nor the configuration is written over an input or over each other", async () => {
  const before = readFileSync(plugin);
  for (const more of [
    ["--hardened", plugin],
    ["--url", "https://m.example/t.wasm", "-o", plugin],
    ["--hardened", hardened, "-o", hardened],
  ]) {
    const { exit } = await glovebox(...command, ...more);
    assert.equal(exit, 2, more.join(" "));
  }
  assert.deepEqual(readFileSync(plugin), before);
});

test("an address that is in use here is told before an Envoy would, and an admin on the listener's is refused", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const more = ["--hardened", hardened, "--listen", `127.0.0.1:${port}`];
    const whole = await glovebox(...command, ...more, "--form", "bootstrap");
    assert.equal(whole.exit, 0);
    assert.match(
      whole.err,
      new RegExp(`^warning\\[generate-port-taken\\]: 127.0.0.1:${port} `, "m"),
    );
    const parts = await glovebox(...command, ...more);
    assert.doesNotMatch(parts.err, /generate-port-taken/, "parts name no address");
    const same = ["--admin", `127.0.0.1:${port}`, "--form", "bootstrap"];
    assert.equal((await glovebox(...command, ...more, ...same)).exit, 2);
  } finally {
    server.close();
  }
});

test("a canary has a module of its own, and its words without one are usage errors", async () => {
  const canary = join(scratch, "canary.wasm");
  const one = ["--hardened", hardened, "--canary", plugin];
  const { exit, out } = await glovebox(...command, ...one, "--canary-hardened", canary, "--json");
  assert.equal(exit, 0);
  const { result } = JSON.parse(out);
  assert.equal(result.canary.sha256, sha256(readFileSync(canary)));
  assert.equal(result.canary.vmIds.length, 1);
  assert.notDeepEqual(result.canary.vmIds, result.vmIds);
  for (const words of [
    ["--hardened", hardened, "--percent", "5"],
    one,
    [...one, "--canary-hardened", hardened],
    [...one, "--canary-hardened", canary, "--percent", "100"],
  ]) {
    assert.equal((await glovebox(...command, ...words)).exit, 2, words.join(" "));
  }
});

const at = ["--hardened", hardened];
for (const [what, words, says] of [
  ["no place for the module", [], /where is the hardened module/],
  ["a route without a path", ["--route", "api=web", ...at], /PREFIX=CLUSTER/],
  ["a route that ends a line", ["--route", "/a\nb=web", ...at], /PREFIX=CLUSTER/],
  ["a route without a cluster", ["--route", "/a", ...at], /PREFIX=CLUSTER/],
  ["a route twice", ["--route", "/a=x", "--route", "/a=y", ...at], /twice/],
  ["a cluster of odd name", ["--route", "/a=w b", ...at], /no name of a cluster/],
  ["an address without a port", ["--cluster", "backend=host", ...at], /HOST:PORT/],
  ["a port above all", ["--listen", "127.0.0.1:65536", ...at], /HOST:PORT/],
  ["a cluster that nothing names", ["--cluster", "spare=h:1", ...at], /no route.*spare/],
  ["a variable without a name", ["--env", "=x", ...at], /NAME=VALUE/],
  ["a variable twice", ["--env", "A=1", "--env", "A=2", ...at], /twice/],
  ["an unknown scheme", ["--url", "oci://r/x"], /http:, https: or file:/],
  ["credentials in a URL", ["--url", "https://u:p@m.example/x"], /credentials/],
  ["a release that nobody knows", ["--version", "2.0", ...at], /1\.40/],
] as const) {
  test(`${what} is a usage error`, async () => {
    const { exit, err } = await glovebox(...command, ...words);
    assert.equal(exit, 2, err);
    assert.match(err, says);
  });
}
