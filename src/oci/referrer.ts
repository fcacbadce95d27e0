// What a referrer is called in lists: its own manifest says, not whoever lists it.
import { digestOf } from "../net/digest.ts";
import { type Descriptor, parseManifest } from "../net/manifest.ts";
import type { StoredManifest } from "../net/store.ts";

/** The descriptor under which a manifest with a subject is listed, and that subject; null where it has none. */
export function referrerOf(
  { descriptor, bytes }: StoredManifest,
  what: string,
): { readonly descriptor: Descriptor; readonly subject: Descriptor } | null {
  const document = parseManifest(bytes, descriptor.mediaType, what);
  const { subject, annotations, mediaType } = document;
  if (subject === undefined) return null;
  const artifactType =
    document.artifactType ?? (document.kind === "manifest" ? document.config.mediaType : undefined);
  return {
    subject,
    descriptor: {
      mediaType,
      digest: digestOf(bytes),
      size: bytes.length,
      ...(artifactType !== undefined && { artifactType }),
      ...(annotations !== undefined && { annotations }),
    },
  };
}

/** One order for every list: by digest, each once. */
export function inOrder(list: readonly Descriptor[]): readonly Descriptor[] {
  const byDigest = new Map(list.map((one) => [one.digest, one]));
  return [...byDigest.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
