// The index of a folder in OCI image layout: which manifests it lists, under which names. Pure: bytes in, bytes out,
// the same for the same set, in whatever order it came to be.

import type { Digest } from "../net/digest.ts";
import { type Descriptor, type Index, parseManifest, serializeManifest } from "../net/manifest.ts";
import { annotationNames, mediaTypes } from "../spec/oci.ts";

export const LAYOUT_FILE = "oci-layout";
export const LAYOUT_VERSION = '{"imageLayoutVersion":"1.0.0"}';

export const emptyIndex: Index = { kind: "index", mediaType: mediaTypes.ociIndex, manifests: [] };

export const nameOf = (entry: Descriptor): string | undefined =>
  entry.annotations?.[annotationNames.refName];

/** Throws what `parseManifest` throws. */
export function parseLayoutIndex(bytes: Uint8Array, what: string): Index {
  const document = parseManifest(bytes, mediaTypes.ociIndex, what);
  // The media type that it is read as has no other kind.
  return document as Index;
}

function without(entry: Descriptor): Descriptor {
  const { annotations = {}, ...rest } = entry;
  const kept = Object.entries(annotations).filter(([key]) => key !== annotationNames.refName);
  return kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) };
}

const keyOf = (entry: Descriptor): string => `${nameOf(entry) ?? ""}\n${entry.digest}`;

/** The index with one more entry; a name that moves leaves its old manifest listed, for those who pin its digest. */
export function withEntry(index: Index, entry: Descriptor, tag: string | undefined): Index {
  const added: Descriptor =
    tag === undefined
      ? entry
      : { ...entry, annotations: { ...entry.annotations, [annotationNames.refName]: tag } };
  const before = index.manifests.map((one) =>
    tag !== undefined && nameOf(one) === tag ? without(one) : one,
  );
  const byKey = new Map([...before, added].map((one) => [keyOf(one), one]));
  const all = [...byKey.values()];
  // An entry without a name is there to be found; beside one with a name it says nothing.
  const named = new Set(all.filter((one) => nameOf(one) !== undefined).map((one) => one.digest));
  const manifests = all
    .filter((one) => nameOf(one) !== undefined || !named.has(one.digest))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return { ...index, manifests };
}

export const writeLayoutIndex = (index: Index): Uint8Array => serializeManifest(index);

/** The entries that carry a name. */
export function taggedEntries(index: Index): ReadonlyMap<string, Descriptor> {
  return new Map(
    index.manifests.flatMap((one) => {
      const name = nameOf(one);
      return name === undefined ? [] : [[name, one] as const];
    }),
  );
}

export const entryOf = (index: Index, digest: Digest): Descriptor | undefined =>
  index.manifests.find((one) => one.digest === digest);
