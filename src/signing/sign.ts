// Signing an artifact, in both of cosign's formats. What is signed is the manifest's digest, never a tag.

import { type Digest, hexOf } from "../net/digest.ts";
import type { Descriptor } from "../net/manifest.ts";
import type { Store } from "../net/store.ts";
import { predicateTypes, signingTypes } from "../spec/signing.ts";
import { attachBundle, attachLegacy } from "./attach.ts";
import type { SigningKey } from "./private-key.ts";
import { writeSimplePayload } from "./simple-signing.ts";
import { type SignedAnnotations, writeStatement } from "./statement.ts";

/** Makes a bundle of a payload: by key (signWithKey) or by a certificate (keyless-sign.ts). */
export type BundleSigner = (payloadType: string, payload: Uint8Array) => Promise<Uint8Array>;

/** The statement that cosign 3 signs: its subject, and nothing about it. */
export function signatureStatement(subject: Digest, annotations: SignedAnnotations): Uint8Array {
  return writeStatement({
    subjects: [{ sha256: hexOf(subject), annotations }],
    predicateType: predicateTypes.signature,
    predicate: {},
  });
}

/** Signs a manifest with a bundle and attaches it. Answers the referrer's descriptor. */
export async function signArtifact(
  store: Store,
  subject: Descriptor,
  annotations: SignedAnnotations,
  signer: BundleSigner,
  created: string,
): Promise<Descriptor> {
  const bundle = await signer(signingTypes.inToto, signatureStatement(subject.digest, annotations));
  return attachBundle(store, subject, bundle, predicateTypes.signature, created);
}

/** Signs a manifest in the older format and adds it to the signature image. By key only. */
export async function signLegacy(
  store: Store,
  subject: Descriptor,
  annotations: SignedAnnotations,
  key: SigningKey,
): Promise<Descriptor> {
  const { repository } = store;
  const payload = writeSimplePayload({ sha256: hexOf(subject.digest), repository, annotations });
  return attachLegacy(store, subject.digest, payload, key.sign(payload));
}
