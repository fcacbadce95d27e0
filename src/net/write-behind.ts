// A cache whose writes nobody waits for: what is put is there at once for whoever asks in this process, and reaches the
// disk behind their back. What was checked when it came is not read and checked again. The owner waits at the end, for
// as long as a file is being written the process has work to do.
import type { BlobCache } from "./blob-cache.ts";
import { type Digest, digestOf } from "./digest.ts";

export interface WriteBehind extends BlobCache {
  /** Resolves when everything that was put has been written, or could not be. */
  settled(): Promise<void>;
}

/** Puts the writes of a cache behind its answers. */
export function writeBehind(cache: BlobCache): WriteBehind {
  const underWay = new Map<Digest, { readonly bytes: Uint8Array; readonly done: Promise<void> }>();
  return {
    async get(digest, limit) {
      const bytes = underWay.get(digest)?.bytes;
      if (bytes === undefined) return cache.get(digest, limit);
      return bytes.length > limit ? null : bytes;
    },
    async put(bytes, digest = digestOf(bytes)) {
      if (underWay.has(digest)) return;
      const written = cache.put(bytes, digest).catch(() => {});
      const done = written.finally(() => underWay.delete(digest));
      underWay.set(digest, { bytes, done });
    },
    async settled() {
      while (underWay.size > 0) {
        await Promise.all([...underWay.values()].map(({ done }) => done));
      }
    },
  };
}
