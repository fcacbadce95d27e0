// The lab's part of the cache of modules: fetched ones in the store that every command shares, by their digest; hardened
// ones beside it, by digest and policy. Whoever reads checks what comes back, because anybody may write there. A cache
// that can't be used is no error.
import { readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type BlobCache, createBlobCache, pruneCache } from "../../net/blob-cache.ts";
import { MODULE_CACHE_BYTES } from "../../spec/cache.ts";
import { limits } from "../../spec/limits.ts";
import { atomicWrite } from "../../util/atomic-write.ts";
import { makeFolder } from "../../util/make-folder.ts";

export interface DiskCache {
  /** `HEX.wasm` names a module by its digest; any other name is the caller's, and so is its check. */
  read(name: string): Promise<Uint8Array | null>;
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** The shared store; undefined where nothing is kept. */
  readonly blobs?: BlobCache;
}

const SECOND = 1000;
const byDigest = /^([0-9a-f]{64})\.wasm$/;

export function diskCache(folder: string, limit = MODULE_CACHE_BYTES): DiskCache {
  const now = (): number => Date.now();
  const options = { folder, limit, now };
  const blobs = createBlobCache(options);
  return {
    blobs,
    async read(name) {
      const hex = byDigest.exec(name)?.[1];
      if (hex !== undefined) return blobs.get(`sha256:${hex}`, limits.moduleBytes);
      const file = join(folder, name);
      try {
        const bytes = await readFile(file);
        // When it was last used decides what goes first.
        await utimes(file, now() / SECOND, now() / SECOND).catch(() => {});
        return bytes;
      } catch {
        return null;
      }
    },
    async write(name, bytes) {
      if (byDigest.test(name)) return blobs.put(bytes);
      try {
        await makeFolder(folder, 0o700);
        await atomicWrite(join(folder, name), bytes);
        await pruneCache(options);
      } catch {}
    },
  };
}

/** Keeps nothing. */
export const noCache: DiskCache = { read: async () => null, write: async () => {} };
