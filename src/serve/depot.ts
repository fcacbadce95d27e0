// Where content lies that isn't in memory: the cache on disk that every command shares, or a store (a folder in OCI image
// layout, any registry) with a repository for each plugin. Both check the digest of everything that they give out. What
// is missing is null, never an error: it can be made again.
import { Failure } from "../errors/failure.ts";
import type { BlobCache } from "../net/blob-cache.ts";
import type { Digest } from "../net/digest.ts";
import type { Store, StoredManifest } from "../net/store.ts";
import { writeArtifact } from "../oci/write-artifact.ts";
import { serveLimits } from "../spec/serve.ts";
import type { ContentRow, ServedArtifact } from "./artifacts.ts";

export interface Depot {
  /** For messages. */
  readonly name: string;
  /** Keeps everything that is served of a plugin; what is there already isn't written again. */
  keep(plugin: string, artifacts: readonly ServedArtifact[]): Promise<void>;
  blob(plugin: string, row: ContentRow): Promise<Uint8Array | null>;
  manifest(plugin: string, row: ContentRow): Promise<Uint8Array | null>;
  /** What is attached to a manifest there: signatures and attestations, each read and checked. */
  referrers(plugin: string, digest: Digest): Promise<readonly StoredManifest[]>;
  /** A manifest by a tag that others made: cosign's older signatures. */
  tagged(plugin: string, tag: string): Promise<StoredManifest | null>;
}

/** The shared cache. Others may prune it at any time, and nothing is attached to anything there. */
export function diskDepot(cache: BlobCache, folder: string): Depot {
  const read = (_plugin: string, { digest, size }: ContentRow) => cache.get(digest, size);
  return {
    name: folder,
    async keep(_plugin, artifacts) {
      for (const { artifact, digest } of artifacts) {
        for (const { bytes, descriptor } of artifact.blobs) {
          await cache.put(bytes, descriptor.digest);
        }
        await cache.put(artifact.manifest, digest);
      }
    },
    blob: read,
    manifest: read,
    referrers: async () => [],
    tagged: async () => null,
  };
}

/** What a store says when something isn't there, or isn't what it should be: make it again. */
const gone = new Set(["blob-missing", "blob-size", "blob-too-large", "digest-mismatch"]);

async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Failure && gone.has(error.code)) return null;
    throw error;
  }
}

/** A store for each plugin, by its name. */
export function storeDepot(name: string, open: (plugin: string) => Store): Depot {
  const stores = new Map<string, Store>();
  const of = (plugin: string): Store => {
    const store = stores.get(plugin) ?? open(plugin);
    stores.set(plugin, store);
    return store;
  };
  return {
    name,
    async keep(plugin, artifacts) {
      const store = of(plugin);
      for (const { artifact, digest, consumers } of artifacts) {
        // A damaged blob is one that isn't there; the manifest is written last.
        await writeArtifact(store, artifact, consumers[0]!);
        for (const tag of consumers.slice(1)) {
          const there = await orNull(store.getManifest(tag));
          if (there?.descriptor.digest === digest) continue;
          await store.putManifest(artifact.manifest, artifact.mediaType, tag);
        }
      }
    },
    blob: (plugin, row) => orNull(of(plugin).getBlob(row, row.size)),
    async manifest(plugin, { digest }) {
      return (await orNull(of(plugin).getManifest(digest)))?.bytes ?? null;
    },
    async referrers(plugin, digest) {
      const store = of(plugin);
      const listed = (await store.listReferrers(digest)).slice(0, serveLimits.referrers);
      const found = await Promise.all(listed.map((one) => orNull(store.getManifest(one.digest))));
      return found.filter((one) => one !== null);
    },
    tagged: (plugin, tag) => orNull(of(plugin).getManifest(tag)),
  };
}
