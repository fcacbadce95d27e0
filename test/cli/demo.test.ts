// demo and trial as commands: every plugin is accounted for, and the exit code is that of the trial.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { type PluginRow, plugins } from "../../plugins/catalog.ts";
import { glovebox } from "./glovebox.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-demo-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const paths = await buildPlugins();

test("the demo contains every well-behaved plugin, and every row that is measured holds", async () => {
  const { exit, out, err } = await glovebox("demo", "--json");
  assert.equal(exit, 0, err);
  const { result } = JSON.parse(out);
  const rows: readonly PluginRow[] = plugins;
  const names = rows.filter((row) => row.kind !== "fixture").map((row) => row.name);
  const shown: { plugin: string; kind: string; refused: string | null }[] = result.plugins;
  assert.deepEqual(
    shown.map((row) => row.plugin),
    [...names, "already-hardened"],
  );
  assert.equal(shown.at(-1)!.refused, "harden-already");
  assert.deepEqual(
    shown.filter((row) => row.kind === "sample" && row.refused !== null),
    [],
  );
  assert.equal(result.trial.held, true);
  assert.equal(result.trial.counts.broken, 0);
});

test("a trial of one's own plugin is a table, a JUnit file and an exit code", async () => {
  const junit = join(scratch, "trial.xml");
  const plugin = paths.get("credential-thief")!;
  const { exit, out } = await glovebox(
    "trial",
    plugin,
    "--role",
    "header-rewriter",
    "--junit",
    junit,
  );
  assert.equal(exit, 0, out);
  assert.match(out, /^Expected behaviour$/m);
  assert.match(out, /denied proxy_http_call/);
  assert.match(
    readFileSync(junit, "utf8"),
    /<testsuite name="expected-behaviour" tests="\d+" failures="0"/,
  );
});

test("a policy without a plugin, and a plugin without a policy, are usage errors", async () => {
  const alone = await glovebox("trial", "--role", "auth");
  assert.equal(alone.exit, 2);
  assert.match(alone.err, /--role is for a plugin of yours/);
  const bare = await glovebox("trial", paths.get("header-tag")!);
  assert.equal(bare.exit, 2);
  assert.match(bare.err, /a policy is missing/);
});
