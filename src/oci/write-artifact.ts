// Blobs first, the manifest last: whoever reads meanwhile, and whoever is killed, leaves no manifest without its blobs.
import type { Descriptor } from "../net/manifest.ts";
import type { Store } from "../net/store.ts";
import type { BuiltArtifact } from "./build-artifact.ts";

/** Writes an artifact under a tag; what is there already isn't sent again. Answers the manifest's descriptor. */
export async function writeArtifact(
  store: Store,
  artifact: BuiltArtifact,
  tag: string,
): Promise<Descriptor> {
  for (const { descriptor, bytes } of artifact.blobs) {
    await store.putBlob(bytes, descriptor.mediaType);
  }
  return store.putManifest(artifact.manifest, artifact.mediaType, tag);
}
