// Tells when one of some files has changed, also where it is replaced, or appears only later. The system's notices
// make it quick; looking again and again makes it sure: some file systems tell nothing. The invariant: what changes
// after it was read is told, however soon after.
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";

/** How often files are looked at, in milliseconds. */
const EVERY = 500;
/** How far the times of files may lag behind the clock, in milliseconds. */
const LAG = 100;
/** How long a writer is given to finish, in milliseconds. */
const SETTLE = 50;

async function signOf(file: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(file);
    // A writer may keep the one time, nobody the other.
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch {
    return "none";
  }
}

/** As it was read: no sign that anything has where the file may have changed since. */
async function signSince(file: string, since: number): Promise<string> {
  try {
    const { mtimeMs, ctimeMs } = await stat(file);
    if (Math.max(mtimeMs, ctimeMs) >= since - LAG) return "unsure";
  } catch {}
  return signOf(file);
}

export class FileWatch {
  readonly #changed: () => void;
  #files: readonly string[] = [];
  #signs = new Map<string, string>();
  #folders = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | null = null;
  #settle: NodeJS.Timeout | null = null;
  #looking = false;
  #closed = false;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches these files from now on; `since`, in milliseconds since 1970, is when they began to be read. */
  async use(files: readonly string[], since: number): Promise<void> {
    const all = [...new Set(files.map((one) => resolve(one)))];
    const fresh = all.filter((file) => !this.#signs.has(file));
    const signs = await Promise.all(fresh.map((file) => signSince(file, since)));
    if (this.#closed) return;
    const found = new Map(fresh.map((file, i) => [file, signs[i]!]));
    // One that was watched has the sign of when it was looked at, which was before it was read.
    this.#signs = new Map(all.map((file) => [file, this.#signs.get(file) ?? found.get(file)!]));
    this.#files = all;
    this.#watchFolders();
    this.#timer ??= setInterval(() => void this.#look(), EVERY);
  }

  #watchFolders(): void {
    const names = new Map<string, Set<string>>();
    for (const file of this.#files) {
      const folder = dirname(file);
      names.set(folder, (names.get(folder) ?? new Set()).add(basename(file)));
    }
    for (const [folder, watcher] of this.#folders) {
      if (names.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of names.keys()) {
      if (this.#folders.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#soon());
        watcher.on("error", () => {});
        this.#folders.set(folder, watcher);
      } catch {}
    }
  }

  #soon(): void {
    if (this.#settle !== null) clearTimeout(this.#settle);
    this.#settle = setTimeout(() => {
      this.#settle = null;
      void this.#look();
    }, SETTLE);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    let changed = false;
    for (const file of this.#files) {
      const sign = await signOf(file);
      if (sign === this.#signs.get(file)) continue;
      this.#signs.set(file, sign);
      changed = true;
    }
    this.#looking = false;
    if (changed) this.#changed();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#settle !== null) clearTimeout(this.#settle);
    this.#timer = null;
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
    this.#files = [];
  }
}
