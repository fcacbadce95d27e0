// Files that change while they are read: the change is told, whenever it came.
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FileWatch } from "./watch-files.ts";

const OLD = new Date(Date.now() - 60_000);

async function withWatch(
  body: (folder: string, watch: FileWatch, told: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "watch-files-"));
  let count = 0;
  let seen = 0;
  const watch = new FileWatch(() => count++);
  const told = async (): Promise<void> => {
    for (let i = 0; count === seen; i++) {
      assert.ok(i < 1000, "nobody was told");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    seen = count;
  };
  try {
    await body(folder, watch, told);
  } finally {
    watch.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a file that is written between its being read and being watched counts as changed", () =>
  withWatch(async (folder, watch, told) => {
    const file = join(folder, "a");
    const began = Date.now();
    writeFileSync(file, "read");
    writeFileSync(file, "written since");
    await watch.use([file], began);
    await told();
  }));

test("so does one that an old file has replaced meanwhile", () =>
  withWatch(async (folder, watch, told) => {
    const file = join(folder, "a");
    const began = Date.now();
    writeFileSync(`${file}.new`, "older, but here only now");
    utimesSync(`${file}.new`, OLD, OLD);
    renameSync(`${file}.new`, file);
    await watch.use([file], began);
    await told();
  }));

test("a file that is watched, changes, and is then read for another reason, counts as changed", () =>
  withWatch(async (folder, watch, told) => {
    const [one, other] = [join(folder, "one"), join(folder, "other")];
    for (const file of [one, other]) writeFileSync(file, "first");
    // As if they had been there for long.
    await watch.use([one, other], Date.now() + 60_000);
    writeFileSync(one, "second");
    await told();
    // The version is read now; before its files are watched again, one of them changes once more.
    writeFileSync(one, "third");
    await watch.use([one], Date.now());
    await told();
  }));
