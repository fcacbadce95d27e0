// Before a build there is nothing to run: bin/glovebox says what to do, in one line.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("in a checkout that isn't built, the command names `npm run setup` and ends with 5", () => {
  const scratch = mkdtempSync(join(tmpdir(), "glovebox-unbuilt-"));
  try {
    mkdirSync(join(scratch, "bin"));
    copyFileSync(
      fileURLToPath(new URL("../../../package.json", import.meta.url)),
      join(scratch, "package.json"),
    );
    const source = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));
    const bin = join(scratch, "bin", "glovebox");
    copyFileSync(source, bin);
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "--help"], {
      encoding: "utf8",
    });
    assert.equal(status, 5);
    assert.equal(stdout, "");
    assert.match(stderr, /^glovebox is not built yet: run `npm run setup` [^\n]*\n$/);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
