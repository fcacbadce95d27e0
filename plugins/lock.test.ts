// The lock between processes: one at a time, released after errors, taken over from the dead.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { withLock } from "./lock.ts";

let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "glovebox-lock-"));
});

after(() => rm(folder, { recursive: true }));

test("two holders of one lock work one after the other", async () => {
  const steps: string[] = [];
  const work = (name: string) => async () => {
    steps.push(`${name} begins`);
    await pause(30);
    steps.push(`${name} ends`);
  };
  const path = join(folder, "one");
  await Promise.all([withLock(path, work("a")), withLock(path, work("b"))]);
  const first = steps[0]!.slice(0, 1);
  const second = first === "a" ? "b" : "a";
  assert.deepEqual(steps, [
    `${first} begins`,
    `${first} ends`,
    `${second} begins`,
    `${second} ends`,
  ]);
});

test("an error releases the lock and is passed on", async () => {
  const path = join(folder, "error");
  await assert.rejects(
    withLock(path, async () => {
      throw new Error("of the work");
    }),
    /of the work/,
  );
  assert.equal(existsSync(path), false);
});

test("a lock whose owner is gone is taken over", { timeout: 5000 }, async () => {
  const path = join(folder, "dead");
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  await mkdir(path);
  await writeFile(join(path, "pid"), String(gone));
  assert.equal(await withLock(path, async () => "worked"), "worked");
});
