// What is attached to an artifact, as it lies in its store: bundles among its referrers, and the older signatures under
// the tag `sha256-HEX.sig`. Bytes with a name for messages; nothing is believed yet.
import type { Code } from "../errors/catalogue.ts";
import { Failure, fail } from "../errors/failure.ts";
import type { Digest } from "../net/digest.ts";
import { type Descriptor, parseManifest } from "../net/manifest.ts";
import { fallbackTag, type Store } from "../net/store.ts";
import {
  SIGNATURE_TAG_SUFFIX,
  signingAnnotations,
  signingLimits,
  signingTypes,
} from "../spec/signing.ts";
import { type LegacyProof, legacyProof } from "./legacy-certificate.ts";

export type Candidate =
  | { readonly kind: "bundle"; readonly what: string; readonly bytes: Uint8Array }
  | {
      readonly kind: "legacy";
      readonly what: string;
      readonly payload: Uint8Array;
      /** Base64, as the annotation has it. */
      readonly signature: string;
      /** Null where it was made by key. */
      readonly proof: LegacyProof | null;
    }
  /** Listed as about this artifact, and about another by its own word. */
  | { readonly kind: "astray"; readonly what: string; readonly found: string }
  /** Nothing that is read here, for a reason of its own. */
  | { readonly kind: "unread"; readonly what: string; readonly failure: Failure };

/**
 * What only says that one attached thing is odd: others beside it may still be good. Bytes without their digest and
 * stores that don't answer are no such thing.
 */
const odd: readonly Code[] = [
  ...(["manifest-malformed", "manifest-type", "manifest-too-large", "json-duplicate-key"] as const),
  ...(["digest-malformed", "blob-missing", "blob-size", "blob-too-large"] as const),
];

async function tolerant(
  what: string,
  read: () => Promise<Candidate | null>,
): Promise<Candidate | null> {
  try {
    return await read();
  } catch (failure) {
    if (!(failure instanceof Failure) || !odd.includes(failure.code)) throw failure;
    return { kind: "unread", what, failure };
  }
}

const short = (digest: string): string => digest.slice(0, 19);

async function bundleOf(
  store: Store,
  subject: Digest,
  listed: Descriptor,
): Promise<Candidate | null> {
  const stored = await store.getManifest(listed.digest);
  if (stored === null) return null;
  const what = `the referrer ${short(listed.digest)}`;
  const manifest = parseManifest(stored.bytes, stored.descriptor.mediaType, what);
  if (manifest.kind !== "manifest") return null;
  const [layer] = manifest.layers;
  // Other kinds of referrers (bills of materials, documents) are no matter of signatures.
  if (manifest.layers.length !== 1 || !layer!.mediaType.startsWith(signingTypes.bundlePrefix))
    return null;
  if (manifest.subject?.digest !== subject) {
    return { kind: "astray", what, found: manifest.subject?.digest ?? "nothing" };
  }
  const bytes = await store.getBlob(layer!, signingLimits.bundleBytes);
  return { kind: "bundle", what: `the bundle ${short(listed.digest)}`, bytes };
}

async function legacyOf(store: Store, subject: Digest): Promise<readonly Candidate[]> {
  const tag = fallbackTag(subject, SIGNATURE_TAG_SUFFIX);
  const stored = await store.getManifest(tag);
  if (stored === null) return [];
  const what = `the signatures at ${short(tag)}…${SIGNATURE_TAG_SUFFIX}`;
  const manifest = parseManifest(stored.bytes, stored.descriptor.mediaType, what);
  if (manifest.kind !== "manifest") return [];
  if (manifest.layers.length > signingLimits.candidates) {
    fail("signature-too-many", { what: store.name, limit: signingLimits.candidates });
  }
  const found = manifest.layers.map(async (layer): Promise<readonly Candidate[]> => {
    const signature = layer.annotations?.[signingAnnotations.signature];
    if (layer.mediaType !== signingTypes.simpleSigning || signature === undefined) return [];
    const payload = await store.getBlob(layer, signingLimits.payloadBytes);
    const proof = legacyProof(layer.annotations ?? {});
    const what = `the signature ${short(layer.digest)}`;
    return [{ kind: "legacy", what, payload, signature, proof }];
  });
  return (await Promise.all(found)).flat();
}

async function bundlesOf(store: Store, subject: Digest): Promise<readonly Candidate[]> {
  // Not filtered by artifact type: some registries report it wrongly.
  const listed = await store.listReferrers(subject);
  if (listed.length > signingLimits.candidates) {
    fail("signature-too-many", { what: store.name, limit: signingLimits.candidates });
  }
  const bundles = await Promise.all(
    listed.map((one) =>
      tolerant(`the referrer ${short(one.digest)}`, () => bundleOf(store, subject, one)),
    ),
  );
  return bundles.filter((one) => one !== null);
}

/**
 * Everything attached that could be a signature or an attestation, bundles first. Throws what the store throws (bytes
 * that don't have their digest, among others) and `signature-too-many`.
 */
export async function candidatesOf(store: Store, subject: Digest): Promise<readonly Candidate[]> {
  const [bundles, legacy] = await Promise.all([
    bundlesOf(store, subject),
    legacyOf(store, subject),
  ]);
  return [...bundles, ...legacy];
}
