// Tells when one of some files has changed, also where it is replaced, or appears only later. The system's notices
// make it quick; looking again and again makes it sure: some file systems tell nothing.
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";

/** How often files are looked at, in milliseconds. */
const EVERY = 500;
/** How long a writer is given to finish, in milliseconds. */
const SETTLE = 50;

async function signOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "none";
  }
}

export class FileWatch {
  readonly #changed: () => void;
  #files: readonly string[] = [];
  #signs = new Map<string, string>();
  #folders = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | null = null;
  #settle: NodeJS.Timeout | null = null;
  #looking = false;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches these files from now on. */
  async use(files: readonly string[]): Promise<void> {
    this.#files = [...new Set(files.map((one) => resolve(one)))];
    const signs = await Promise.all(this.#files.map(signOf));
    this.#signs = new Map(this.#files.map((file, i) => [file, signs[i]!]));
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
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#settle !== null) clearTimeout(this.#settle);
    this.#timer = null;
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
    this.#files = [];
  }
}
