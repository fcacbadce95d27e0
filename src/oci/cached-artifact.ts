// What a cache alone knows of an artifact, so that a command can look at a module without asking anybody. It reads the
// same digests in the same way as if a registry stood behind it, and answers null for whatever isn't all there.
import { Failure, fail } from "../errors/failure.ts";
import type { BlobCache } from "../net/blob-cache.ts";
import type { Digest } from "../net/digest.ts";
import type { Store } from "../net/store.ts";
import { limits } from "../spec/limits.ts";
import { cachedStore } from "./cached-store.ts";
import { isModule, readArtifact } from "./read-artifact.ts";

const offline = (what: string): never => fail("blob-missing", { digest: what, store: "the cache" });

/** A store that has nothing and takes nothing. */
const nothing: Store = {
  name: "the cache",
  repository: "",
  getManifest: async () => null,
  getBlob: async ({ digest }) => offline(digest),
  putManifest: async () => offline(""),
  hasBlob: async () => false,
  putBlob: async () => offline(""),
  listReferrers: async () => [],
  listTags: async () => [],
};

/** The module of a digest, which may be its own or that of the manifest that leads to it. */
export async function cachedModule(digest: Digest, cache: BlobCache): Promise<Uint8Array | null> {
  const bytes = await cache.get(digest, limits.moduleBytes);
  if (bytes === null || isModule(bytes)) return bytes;
  try {
    return (await readArtifact(cachedStore(nothing, cache), digest, digest)).module;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
