// A lock file: one process at a time changes what several read. Its holder's process id is in it, so that a lock
// whose holder died is taken over; where that can't be told (another machine), waiting ends with false.
import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";

export interface LockTimes {
  /** Milliseconds to wait for others, at most. */
  readonly most: number;
  readonly sleep: (ms: number) => Promise<void>;
}

const noLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** Whether the holder that the text names is known to be dead. */
function isDead(text: string): boolean {
  const [, host, pid] = /^(.*) (\d+) [0-9a-f]+\n$/.exec(text) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

/** Makes the lock with its text in it, in one step: a holder that is killed at once can be told too. */
async function created(file: string, text: string): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(draft, text, { flag: "wx", mode: 0o600 });
    await link(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    // Some file systems have no links: there the text comes a moment after the file.
    if (!noLinks.has(String(codeOf(error)))) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  try {
    await writeFile(file, text, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return null;
  }
}

/** Removes a dead holder's lock; what turns out to be a live one's is put back. */
async function takeAway(file: string, dead: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  if ((await textOf(aside)) === dead) await rm(aside, { force: true });
  else await rename(aside, file);
}

/** Runs `action` while the lock is held; false where it could not be had in time. Throws what opening throws. */
export async function withLock<T>(
  file: string,
  times: LockTimes,
  action: () => Promise<T>,
): Promise<{ readonly value: T } | false> {
  const own = `${hostname()} ${process.pid} ${randomBytes(8).toString("hex")}\n`;
  const step = 20;
  for (let waited = 0; ; waited += step) {
    if (await created(file, own)) break;
    const held = await textOf(file);
    if (held !== null && isDead(held)) {
      await takeAway(file, held);
      continue;
    }
    if (waited >= times.most) return false;
    await times.sleep(step);
  }
  try {
    return { value: await action() };
  } finally {
    if ((await textOf(file)) === own) await rm(file, { force: true });
  }
}
