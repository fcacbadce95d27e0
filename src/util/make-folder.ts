// A folder with those above it. Node's own recursive mkdir never comes back where a file system has no place for
// them (below /proc): it takes "no such file" for a missing parent, again and again.
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

async function one(folder: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(folder, mode);
  } catch (error) {
    const there = await stat(folder).catch(() => null);
    if (there?.isDirectory() !== true) throw error;
  }
}

/** Fine where it is there already. Throws as mkdir does. */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  try {
    await one(folder, mode);
  } catch (error) {
    const parent = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === folder) throw error;
    await makeFolder(parent, mode);
    await one(folder, mode);
  }
}
