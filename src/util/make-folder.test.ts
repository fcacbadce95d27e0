// Folders are made with their parents, also by several at once, and what can't be made fails.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "./make-folder.ts";

test("a folder is made with its parents and its mode, and one that is there is fine", async () => {
  const root = mkdtempSync(join(tmpdir(), "make-folder-"));
  try {
    const folder = join(root, "a", "b", "c");
    await Promise.all([makeFolder(folder, 0o700), makeFolder(folder, 0o700)]);
    await makeFolder(folder);
    assert.equal(statSync(folder).mode & 0o077, 0);
    writeFileSync(join(root, "file"), "");
    await assert.rejects(makeFolder(join(root, "file")), { code: "EEXIST" });
    await assert.rejects(makeFolder(join(root, "file", "x")), { code: "ENOTDIR" });
  } finally {
    rmSync(root, { recursive: true });
  }
});

const skip = existsSync("/proc/self") ? false : "there is no /proc here";
test("where there is no place for folders it fails instead of trying for ever", {
  skip,
  timeout: 5000,
}, async () => {
  await assert.rejects(makeFolder("/proc/none-of-ours/a/b"));
});
