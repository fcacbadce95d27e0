// A store in front of which a cache stands: what is asked for by digest is asked for once. Tags are asked for every
// time, and nothing that is written goes into the cache.
import type { BlobCache } from "../net/blob-cache.ts";
import { isDigest } from "../net/digest.ts";
import { parseJson } from "../net/manifest.ts";
import type { Store, StoredManifest } from "../net/store.ts";
import { manifestTypes, registryLimits } from "../spec/oci.ts";

/** The media type that a manifest gives itself; null where it doesn't, and only whoever serves it knows. */
function ownType(bytes: Uint8Array, what: string): string | null {
  const own = (parseJson(bytes, what) as { mediaType?: unknown } | null)?.mediaType;
  return (manifestTypes as readonly unknown[]).includes(own) ? (own as string) : null;
}

/** The same store, reading through a cache. */
export function cachedStore(store: Store, cache: BlobCache): Store {
  return {
    name: store.name,
    repository: store.repository,
    async getManifest(target) {
      if (isDigest(target)) {
        const bytes = await cache.get(target, registryLimits.manifestBytes);
        const mediaType = bytes && ownType(bytes, target);
        if (bytes && mediaType) {
          return { descriptor: { mediaType, digest: target, size: bytes.length }, bytes };
        }
      }
      const stored: StoredManifest | null = await store.getManifest(target);
      if (stored !== null) await cache.put(stored.bytes, stored.descriptor.digest);
      return stored;
    },
    async getBlob(wanted, limit) {
      const kept = await cache.get(wanted.digest, limit);
      if (kept !== null && kept.length === wanted.size) return kept;
      const bytes = await store.getBlob(wanted, limit);
      await cache.put(bytes, wanted.digest);
      return bytes;
    },
    putManifest: (bytes, mediaType, tag) => store.putManifest(bytes, mediaType, tag),
    hasBlob: (digest) => store.hasBlob(digest),
    putBlob: (bytes, mediaType) => store.putBlob(bytes, mediaType),
    listReferrers: (digest, artifactType) => store.listReferrers(digest, artifactType),
    listTags: () => store.listTags(),
  };
}
