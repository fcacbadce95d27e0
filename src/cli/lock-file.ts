// The lock as a file: glovebox.lock unless another is named.
import { type Lock, parseLock } from "../supply/lock.ts";
import { readText } from "./ref.ts";

export const LOCK_FILE = "glovebox.lock";

/** Throws what reading a file throws, and `lock-malformed`. */
export async function readLock(file: string): Promise<Lock> {
  return parseLock(await readText(file), file);
}
