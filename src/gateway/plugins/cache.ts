// Bytes on disk by name: fetched modules by their digest, hardened ones by digest and policy. Whoever reads must
// check what comes back, because anybody may write there. A cache that can't be used is no error.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { atomicWrite } from "../../util/atomic-write.ts";

export interface DiskCache {
  read(name: string): Promise<Uint8Array | null>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

export function diskCache(folder: string): DiskCache {
  return {
    async read(name) {
      try {
        return await readFile(join(folder, name));
      } catch {
        return null;
      }
    },
    async write(name, bytes) {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await atomicWrite(join(folder, name), bytes);
      } catch {}
    },
  };
}

/** Keeps nothing. */
export const noCache: DiskCache = { read: async () => null, write: async () => {} };
