// A lock between processes: a folder that only one can make, with the owner's process id in it. A lock whose
// owner is gone is taken over. Time enters through the pause alone.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 200;

/** A folder without an owner after this many polls was left between the two steps of taking it. */
const OWNERLESS_POLLS = 25;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Runs `work` while no other process runs under the same lock; the lock is a path that is not there yet. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let ownerless = 0;
  for (;;) {
    try {
      await mkdir(path);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(join(path, "pid"), "utf8").catch(() => "0"));
    ownerless = owner === 0 ? ownerless + 1 : 0;
    if (ownerless > OWNERLESS_POLLS || (owner !== 0 && !isAlive(owner))) {
      await rm(path, { recursive: true, force: true });
      continue;
    }
    await pause(POLL_MS);
  }
  try {
    await writeFile(join(path, "pid"), String(process.pid));
    return await work();
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
