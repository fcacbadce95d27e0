// Puts signatures and attestations beside an artifact, where cosign, Kyverno and we look for them: a bundle as a
// referrer, or a layer of the older signature image. What is there already stays.
import { fail } from "../errors/failure.ts";
import { type Digest, digestOf } from "../net/digest.ts";
import {
  type Descriptor,
  type Manifest,
  parseManifest,
  serializeManifest,
} from "../net/manifest.ts";
import { fallbackTag, type Store } from "../net/store.ts";
import { annotationNames, EMPTY_JSON, mediaTypes } from "../spec/oci.ts";
import {
  DSSE_CONTENT,
  SIGNATURE_TAG_SUFFIX,
  signingAnnotations,
  signingLimits,
  signingTypes,
} from "../spec/signing.ts";

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Attaches a bundle as a referrer. `created` is a time in RFC 3339. */
export async function attachBundle(
  store: Store,
  subject: Descriptor,
  bundle: Uint8Array,
  predicateType: string,
  created: string,
): Promise<Descriptor> {
  const config = await store.putBlob(encoded(EMPTY_JSON), mediaTypes.ociEmpty);
  const layer = await store.putBlob(bundle, signingTypes.bundle);
  const manifest: Manifest = {
    kind: "manifest",
    mediaType: mediaTypes.ociManifest,
    artifactType: signingTypes.bundle,
    config: { mediaType: mediaTypes.ociEmpty, digest: config.digest, size: config.size },
    layers: [{ mediaType: signingTypes.bundle, digest: layer.digest, size: layer.size }],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations: {
      [annotationNames.created]: created,
      [signingAnnotations.content]: DSSE_CONTENT,
      [signingAnnotations.predicateType]: predicateType,
    },
  };
  return store.putManifest(serializeManifest(manifest), mediaTypes.ociManifest);
}

/** How often a signature image that others change at the same time is merged again. */
const MERGES = 5;

async function layersAt(store: Store, tag: string): Promise<readonly Descriptor[]> {
  const stored = await store.getManifest(tag);
  if (stored === null) return [];
  const manifest = parseManifest(stored.bytes, stored.descriptor.mediaType, `${store.name}:${tag}`);
  return manifest.kind === "manifest" ? manifest.layers : [];
}

const isSame = (a: Descriptor, b: Descriptor): boolean =>
  a.digest === b.digest &&
  a.annotations?.[signingAnnotations.signature] === b.annotations?.[signingAnnotations.signature];

/** The configuration of the older signature image: an image's, of no system. */
function imageConfig(layers: readonly Descriptor[]): Uint8Array {
  const none = "0001-01-01T00:00:00Z";
  return encoded(
    JSON.stringify({
      architecture: "",
      created: none,
      history: layers.map(() => ({ created: none })),
      os: "",
      rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
      config: {},
    }),
  );
}

/**
 * Adds a signature to the image at `sha256-HEX.sig`. Tags can't be compared and set, so what was written is read again,
 * and written again where somebody else was faster. Throws `registry-lost-update`.
 */
export async function attachLegacy(
  store: Store,
  subject: Digest,
  payload: Uint8Array,
  signature: Uint8Array,
): Promise<Descriptor> {
  const tag = fallbackTag(subject, SIGNATURE_TAG_SUFFIX);
  const { digest, size } = await store.putBlob(payload, signingTypes.simpleSigning);
  const base64 = Buffer.from(signature).toString("base64");
  const annotations = { [signingAnnotations.signature]: base64 };
  const own: Descriptor = { mediaType: signingTypes.simpleSigning, digest, size, annotations };
  for (let merge = 0; merge < MERGES; merge++) {
    const before = await layersAt(store, tag);
    const layers = before.some((one) => isSame(one, own)) ? before : [...before, own];
    if (layers.length > signingLimits.candidates) {
      fail("signature-too-many", { what: store.name, limit: signingLimits.candidates });
    }
    const config = await store.putBlob(imageConfig(layers), mediaTypes.ociConfig);
    const manifest: Manifest = {
      kind: "manifest",
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: config.digest, size: config.size },
      layers,
    };
    const bytes = serializeManifest(manifest);
    const written = await store.putManifest(bytes, mediaTypes.ociManifest, tag);
    const after = await store.getManifest(tag);
    if (after !== null && after.descriptor.digest === digestOf(bytes)) return written;
    if ((await layersAt(store, tag)).some((one) => isSame(one, own))) return written;
  }
  return fail("registry-lost-update", { tag, store: store.name, tries: MERGES });
}
