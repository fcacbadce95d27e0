// The lab's guide: its configuration is served as the page says.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const guide = readFileSync(`${root}docs/guide/lab.md`, "utf8");

test("the guide's configuration passes --check, and what the page quotes of its start is what is said", () => {
  const done = spawnSync(
    process.execPath,
    ["bin/glovebox", "run", "docs/guide/lab.yaml", "--check"],
    { cwd: root, encoding: "utf8" },
  );
  assert.equal(done.status, 0, done.stderr);
  assert.equal(done.stdout, "plugin base: fine\nplugin tenant-a: fine\nplugin tenant-b: fine\n");
  const quoted = guide.split("\n").filter((line) => line.startsWith("info["));
  assert.ok(quoted.length > 0);
  for (const line of quoted) assert.ok(done.stderr.includes(`${line}\n`), line);
});
