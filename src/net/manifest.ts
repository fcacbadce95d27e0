// Manifests and indexes: bytes → checked, plain data, and back to bytes that are the same each time. What two readers
// could read in two ways is refused: equal keys, a media type that differs from the one it was served with, a
// manifest that is an index as well.
import { fail } from "../errors/failure.ts";
import { manifestTypes, mediaTypes, registryLimits } from "../spec/oci.ts";
import { parseStrictJson, StrictJsonError } from "../util/strict-json.ts";
import { asDigest, type Digest } from "./digest.ts";

export type Annotations = Readonly<Record<string, string>>;

/** Names some bytes: their kind, digest and number. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Annotations;
  readonly artifactType?: string;
  /** In an index: what the manifest is for. */
  readonly platform?: { readonly architecture: string; readonly os: string };
}

export interface Manifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** What this manifest is about: it is then a referrer of that one. */
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
}

export interface Index {
  readonly kind: "index";
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const bad = (what: string, reason: string): never => fail("manifest-malformed", { what, reason });

/** Parses JSON of a registry or a layout. Throws `json-duplicate-key` and `manifest-malformed`. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return parseStrictJson(bytes, registryLimits.jsonDepth);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    if (error.problem === "duplicate") fail("json-duplicate-key", { what, key: error.detail });
    return bad(what, `it is no JSON that is read here: ${error.detail}`);
  }
}

function annotationsOf(value: unknown, what: string): Annotations | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isFields(value)) return bad(what, "annotations are no object");
  let bytes = 0;
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") bad(what, `the annotation ${key.slice(0, 80)} is no string`);
    bytes += key.length + (text as string).length;
  }
  if (bytes > registryLimits.annotationBytes) bad(what, "its annotations are too long");
  return value as Annotations;
}

function typeOf(value: unknown, what: string): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (
    typeof value !== "string" ||
    !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(value) ||
    value.length > 255
  ) {
    return bad(what, "a media type is malformed");
  }
  return value;
}

function platformOf(value: unknown): Descriptor["platform"] {
  if (!isFields(value)) return undefined;
  const { architecture, os } = value;
  if (typeof architecture !== "string" || typeof os !== "string") return undefined;
  return { architecture, os };
}

function descriptorOf(value: unknown, what: string): Descriptor {
  if (!isFields(value)) return bad(what, "a descriptor is no object");
  const mediaType = typeOf(value.mediaType, what) ?? bad(what, "a descriptor has no media type");
  const { size } = value;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    return bad(what, "a descriptor's size is no number of bytes");
  }
  const annotations = annotationsOf(value.annotations, what);
  const artifactType = typeOf(value.artifactType, what);
  const platform = platformOf(value.platform);
  return {
    mediaType,
    digest: asDigest(value.digest, what),
    size,
    ...(annotations !== undefined && { annotations }),
    ...(artifactType !== undefined && { artifactType }),
    ...(platform !== undefined && { platform }),
  };
}

function listOf(value: unknown, what: string): readonly Descriptor[] {
  if (!Array.isArray(value)) return bad(what, "a list of descriptors is none");
  if (value.length > registryLimits.manifestLayers)
    return bad(what, "it lists too many descriptors");
  return value.map((one) => descriptorOf(one, what));
}

/** Throws `manifest-too-large` for more bytes than are read of a manifest. */
export function checkManifestSize(size: number, what: string): void {
  const limit = registryLimits.manifestBytes;
  if (size > limit) fail("manifest-too-large", { what, size, limit });
}

/**
 * Reads a manifest or an index. `served` is the media type that it came with; the document's own must be the same.
 * Throws `manifest-too-large`, `manifest-malformed`, `manifest-type`, `json-duplicate-key` and `digest-malformed`.
 */
export function parseManifest(bytes: Uint8Array, served: string, what: string): Manifest | Index {
  checkManifestSize(bytes.length, what);
  const value = parseJson(bytes, what);
  if (!isFields(value)) return bad(what, "it is no object");
  if (value.schemaVersion !== 2) return bad(what, "its schemaVersion is not 2");
  const own = typeOf(value.mediaType, what);
  const mediaType = own ?? served;
  if (own !== undefined && own !== served) {
    return fail("manifest-type", { what, found: own, expected: served });
  }
  if (!(manifestTypes as readonly string[]).includes(mediaType)) {
    return fail("manifest-type", { what, found: mediaType, expected: manifestTypes.join(", ") });
  }
  const isIndex = mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
  // One document must not be a manifest to one reader and an index to another.
  const foreign = isIndex ? ["config", "layers"] : ["manifests"];
  const both = foreign.find((name) => value[name] !== undefined);
  if (both !== undefined) return bad(what, `${mediaType} has no ${both}`);
  const artifactType = typeOf(value.artifactType, what);
  const annotations = annotationsOf(value.annotations, what);
  const rest = {
    mediaType,
    ...(artifactType !== undefined && { artifactType }),
    ...(isFields(value.subject) && { subject: descriptorOf(value.subject, what) }),
    ...(annotations !== undefined && { annotations }),
  };
  if (isIndex) return { kind: "index", ...rest, manifests: listOf(value.manifests, what) };
  const config = descriptorOf(value.config, what);
  return { kind: "manifest", ...rest, config, layers: listOf(value.layers, what) };
}

function sorted(annotations: Annotations | undefined): Annotations | undefined {
  if (annotations === undefined) return undefined;
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const written = ({ mediaType, digest, size, annotations, artifactType, platform }: Descriptor) => ({
  mediaType,
  ...(artifactType !== undefined && { artifactType }),
  digest,
  size,
  ...(annotations !== undefined && { annotations: sorted(annotations) }),
  ...(platform !== undefined && { platform }),
});

/** The bytes of a manifest or an index: one order of fields, sorted annotations, no white space. */
export function serializeManifest(document: Manifest | Index): Uint8Array {
  const { mediaType, artifactType, subject } = document;
  const annotations = sorted(document.annotations);
  const value = {
    schemaVersion: 2,
    mediaType,
    ...(artifactType !== undefined && { artifactType }),
    ...(document.kind === "manifest"
      ? { config: written(document.config), layers: document.layers.map(written) }
      : { manifests: document.manifests.map(written) }),
    ...(subject !== undefined && { subject: written(subject) }),
    ...(annotations !== undefined && { annotations }),
  };
  return new TextEncoder().encode(JSON.stringify(value));
}
