// sigstore's bundle, version 0.3 as cosign 3 writes it: a signature with what is needed to check it. Reading keeps the
// parsed JSON for the library that checks certificates; both read the same canonical base64, so they can't disagree.
import { fail } from "../errors/failure.ts";
import { bundleTypes, signingLimits, signingTypes } from "../spec/signing.ts";
import { type Envelope, envelopeJson, envelopeOf, signedBytes } from "./dsse.ts";
import { type Fields, isFields, parseSigned } from "./json.ts";
import { fromBase64 } from "./pem.ts";
import type { SigningKey } from "./private-key.ts";
import { hintOf } from "./public-key.ts";

export type Content =
  | { readonly kind: "envelope"; readonly envelope: Envelope }
  /** A signature of a whole file; `sha256` (hex) is what the bundle says of it. */
  | { readonly kind: "message"; readonly sha256: string; readonly signature: Uint8Array };

export type Material =
  | { readonly kind: "key"; readonly hint: string }
  | { readonly kind: "certificate"; readonly der: Uint8Array };

export interface Bundle {
  readonly content: Content;
  readonly material: Material;
  readonly json: Fields;
}

function messageOf(value: unknown, what: string): Content {
  const bad = (reason: string): never => fail("bundle-malformed", { what, reason });
  if (!isFields(value) || !isFields(value.messageDigest)) return bad("its message has no digest");
  const { algorithm, digest } = value.messageDigest;
  if (algorithm !== "SHA2_256") return bad("its message's digest is not SHA2_256");
  const sha256 = typeof digest === "string" ? fromBase64(digest) : null;
  const signature = typeof value.signature === "string" ? fromBase64(value.signature) : null;
  if (sha256?.length !== 32 || signature === null || signature.length === 0) {
    return bad("its message's digest or signature is malformed");
  }
  return { kind: "message", sha256: sha256.toString("hex"), signature };
}

function materialOf(value: unknown, what: string): Material {
  const bad = (reason: string): never => fail("bundle-malformed", { what, reason });
  if (!isFields(value)) return bad("it has no verification material");
  const { publicKey, certificate, x509CertificateChain: chain } = value;
  const given = [publicKey, certificate, chain].filter((one) => one !== undefined);
  if (given.length !== 1) return bad("it doesn't name exactly one key or certificate");
  if (publicKey !== undefined) {
    if (!isFields(publicKey)) return bad("its key is malformed");
    return { kind: "key", hint: typeof publicKey.hint === "string" ? publicKey.hint : "" };
  }
  const first = isFields(chain) && Array.isArray(chain.certificates) ? chain.certificates[0] : null;
  const leaf: unknown = certificate ?? first;
  const raw =
    isFields(leaf) && typeof leaf.rawBytes === "string" ? fromBase64(leaf.rawBytes) : null;
  return raw === null ? bad("its certificate is not base64") : { kind: "certificate", der: raw };
}

/** Throws what parseSigned throws, `bundle-type` and `bundle-malformed`. */
export function parseBundle(bytes: Uint8Array, what: string): Bundle {
  const json = parseSigned(bytes, signingLimits.bundleBytes, what);
  if (!(bundleTypes as readonly unknown[]).includes(json.mediaType)) {
    fail("bundle-type", {
      what,
      found: JSON.stringify(json.mediaType)?.slice(0, 100) ?? "nothing",
    });
  }
  const { dsseEnvelope, messageSignature } = json;
  if ((dsseEnvelope === undefined) === (messageSignature === undefined)) {
    fail("bundle-malformed", { what, reason: "it has not exactly one of envelope and message" });
  }
  const content: Content =
    dsseEnvelope === undefined
      ? messageOf(messageSignature, what)
      : { kind: "envelope", envelope: envelopeOf(dsseEnvelope, what) };
  return { content, material: materialOf(json.verificationMaterial, what), json };
}

/** Signs a payload and wraps it as a bundle that names the key by its hint. */
export function signWithKey(payloadType: string, payload: Uint8Array, key: SigningKey): Uint8Array {
  const signature = key.sign(signedBytes(payloadType, payload));
  const material = { publicKey: { hint: hintOf(key.public) }, timestampVerificationData: {} };
  return writeBundle(material, { payloadType, payload, signature });
}

/** The bytes of a bundle around an envelope. */
export function writeBundle(verificationMaterial: object, envelope: Envelope): Uint8Array {
  const dsseEnvelope = envelopeJson(envelope);
  const bundle = { mediaType: signingTypes.bundle, verificationMaterial, dsseEnvelope };
  return new TextEncoder().encode(JSON.stringify(bundle));
}
