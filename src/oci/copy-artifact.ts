// One artifact from a store to another, byte for byte: its digest stays, so every pin and every signature stays valid.
// What it refers to goes first, what refers to it (signatures, attestations) last.
import { fail } from "../errors/failure.ts";
import { type Descriptor, parseManifest } from "../net/manifest.ts";
import { fallbackTag, type Store, type StoredManifest } from "../net/store.ts";
import { registryLimits } from "../spec/oci.ts";

export interface CopyOptions {
  /** Tries to take a blob over from another repository of the same registry; false where that can't be. */
  readonly mount?: (blob: Descriptor) => Promise<boolean>;
}

/** cosign's older places, by tag. */
const SUFFIXES = [".sig", ".att"] as const;

async function copyManifest(
  from: Store,
  to: Store,
  stored: StoredManifest,
  tag: string | undefined,
  options: CopyOptions,
  depth = 0,
): Promise<void> {
  const { mediaType, digest } = stored.descriptor;
  const document = parseManifest(stored.bytes, mediaType, `${digest} of ${from.name}`);
  if (document.kind === "index") {
    if (depth >= registryLimits.indexDepth) {
      fail("index-no-module", { what: digest, count: document.manifests.length });
    }
    for (const entry of document.manifests) {
      const child = await from.getManifest(entry.digest);
      if (child === null) fail("manifest-missing", { target: entry.digest, store: from.name });
      await copyManifest(from, to, child, undefined, options, depth + 1);
    }
  } else {
    for (const blob of [document.config, ...document.layers]) {
      if (await to.hasBlob(blob.digest)) continue;
      if (await options.mount?.(blob)) continue;
      await to.putBlob(await from.getBlob(blob, registryLimits.layerBytes), blob.mediaType);
    }
  }
  await to.putManifest(stored.bytes, mediaType, tag);
}

/** Copies the artifact of a target under a tag, with its signatures and attestations. */
export async function copyArtifact(
  from: Store,
  to: Store,
  target: string,
  tag: string,
  options: CopyOptions = {},
): Promise<{ readonly descriptor: Descriptor; readonly referrers: number }> {
  const stored = await from.getManifest(target);
  if (stored === null) return fail("manifest-missing", { target, store: from.name });
  const { digest } = stored.descriptor;
  await copyManifest(from, to, stored, tag, options);
  const referrers = await from.listReferrers(digest);
  for (const one of referrers) {
    const referrer = await from.getManifest(one.digest);
    if (referrer !== null) await copyManifest(from, to, referrer, undefined, options);
  }
  let tagged = 0;
  for (const suffix of SUFFIXES) {
    const name = fallbackTag(digest, suffix);
    const signature = await from.getManifest(name);
    if (signature === null) continue;
    await copyManifest(from, to, signature, name, options);
    tagged++;
  }
  return { descriptor: stored.descriptor, referrers: referrers.length + tagged };
}
