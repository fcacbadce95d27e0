// The tag `sha256-HEX`: where referrers are listed in registries without a list of their own. It is shared by everybody
// who signs the same artifact and can only be written as a whole, so it is merged, and looked at again afterwards.
import { fail } from "../errors/failure.ts";
import type { Digest } from "../net/digest.ts";
import { type Descriptor, type Index, parseManifest, serializeManifest } from "../net/manifest.ts";
import { backoff, type Clock } from "../net/retry.ts";
import { fallbackTag, type Store } from "../net/store.ts";
import { mediaTypes } from "../spec/oci.ts";

const TRIES = 12;

/** The list as it is; what is under the tag and no list is refused, not replaced. */
async function read(store: Store, tag: string): Promise<Index> {
  const stored = await store.getManifest(tag);
  if (stored === null) return { kind: "index", mediaType: mediaTypes.ociIndex, manifests: [] };
  const what = `${tag} of ${store.name}`;
  const document = parseManifest(stored.bytes, stored.descriptor.mediaType, what);
  if (document.kind === "index") return document;
  const expected = mediaTypes.ociIndex;
  return fail("manifest-type", { what, found: document.mediaType, expected });
}

/**
 * Adds a referrer to the list of a subject, keeping every other entry. Throws `registry-lost-update` where others'
 * writes kept coming in between.
 */
export async function addToFallback(
  store: Store,
  subject: Digest,
  referrer: Descriptor,
  clock: Clock,
): Promise<void> {
  const tag = fallbackTag(subject);
  const known = new Map([[referrer.digest, referrer] as const]);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const index = await read(store, tag);
    for (const one of index.manifests) known.set(one.digest, one);
    const listed = new Set(index.manifests.map((one) => one.digest));
    const missing = [...known.values()].filter((one) => !listed.has(one.digest));
    // Also the way out after a write: whoever wrote in between has taken ours away, or it is still there.
    if (missing.length === 0) return;
    const merged: Index = { ...index, manifests: [...index.manifests, ...missing] };
    await store.putManifest(serializeManifest(merged), mediaTypes.ociIndex, tag);
    await clock.sleep(backoff(attempt, clock.random() / 4));
  }
  fail("registry-lost-update", { tag, store: store.name, tries: TRIES });
}
