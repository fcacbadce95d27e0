// The package as a user gets it: packed, installed into an empty folder by npm, and run there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildPlugins } from "../../plugins/build.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "glovebox-package-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd: string): string {
  const done = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  assert.equal(done.status, 0, `${command} ${args.join(" ")}: ${done.error ?? done.stderr}`);
  return done.stdout;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const [packed] = JSON.parse(
  run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", scratch], root),
) as readonly Packed[];

test("the package holds what it needs to run and nothing of our tests", () => {
  const paths = packed!.files.map((file) => file.path);
  for (const path of ["bin/glovebox", "dist/src/cli/main.js", "README.md", "LICENSE"]) {
    assert.ok(paths.includes(path), path);
  }
  const odd = paths.filter((path) =>
    /\.test\.|^(test|src|plugins|bench|scripts|docs)\//.test(path),
  );
  assert.deepEqual(odd, []);
});

test("installed into an empty folder, it inspects, hardens and verifies a plugin", async () => {
  const [plugin] = (await buildPlugins({ only: ["header-rewriter"] })).values();
  copyFileSync(plugin!, join(scratch, "plugin.wasm"));
  writeFileSync(join(scratch, "package.json"), JSON.stringify({ private: true }));
  run("npm", ["install", "--no-audit", "--no-fund", `./${packed!.filename}`], scratch);
  const installed = readFileSync(join(scratch, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(installed) as { packages: Record<string, unknown> };
  // What everybody gets who installs the package: itself and the dependencies that ADR 2 gives reasons for.
  const reasons = readFileSync(join(root, "docs/adr/0002-runtime-dependencies.md"), "utf8");
  const named = [...reasons.matchAll(/^\| `([@\w/-]+)` \d/gm)].map((match) => match[1]!);
  assert.deepEqual(
    Object.keys(packages).filter(Boolean).sort(),
    [...named, "glovebox"].map((name) => `node_modules/${name}`).sort(),
  );
  const glovebox = (...args: string[]) =>
    JSON.parse(run(join(scratch, "node_modules/.bin/glovebox"), [...args, "--json"], scratch));
  assert.equal(glovebox("inspect", "plugin.wasm").exit, 0);
  const role = ["--role", "header-rewriter"];
  assert.equal(glovebox("harden", "plugin.wasm", ...role, "-o", "contained.wasm").exit, 0);
  assert.equal(glovebox("verify", "contained.wasm", ...role).result.contained, true);
});
