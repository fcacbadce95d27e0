// The older signature by certificate, as cosign 1 and 2 leave it: the certificate, the log's promise and a timestamp lie in
// annotations beside the payload. They become a bundle, so that one reader judges every certificate. The chain that may
// lie there too is not looked at: the trusted root has its own.
import { fail } from "../errors/failure.ts";
import {
  bundleTypes,
  CERTIFICATE_LABEL,
  signingAnnotations,
  signingLimits,
} from "../spec/signing.ts";
import { sha256 } from "../util/digest.ts";
import type { Bundle } from "./bundle.ts";
import { type Fields, isFields, parseSigned } from "./json.ts";
import { fromBase64, parsePem } from "./pem.ts";

/** The annotations as they lie there; nothing is believed. */
export interface LegacyProof {
  readonly certificate: string;
  /** JSON: the log's entry and its promise. */
  readonly log: string | null;
  /** JSON: an RFC 3161 timestamp of the signature. */
  readonly timestamp: string | null;
}

/** What the annotations of a layer say of a certificate; null where it was signed by key. */
export function legacyProof(annotations: Readonly<Record<string, string>>): LegacyProof | null {
  const certificate = annotations[signingAnnotations.certificate];
  if (certificate === undefined || certificate === "") return null;
  return {
    certificate,
    log: annotations[signingAnnotations.log] ?? null,
    timestamp: annotations[signingAnnotations.timestamp] ?? null,
  };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const isIndex = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function leafOf(pem: string, what: string): Uint8Array {
  const blocks = parsePem(pem) ?? [];
  const [leaf] = blocks;
  if (leaf === undefined || blocks.some(({ label }) => label !== CERTIFICATE_LABEL)) {
    return fail("bundle-malformed", { what, reason: "its certificate is not PEM" });
  }
  return leaf.bytes;
}

/** A log's entry, as a bundle has it. */
function entryOf(text: string, what: string): object {
  const bad = (): never =>
    fail("bundle-malformed", { what, reason: "its log entry is incomplete" });
  const { SignedEntryTimestamp: promise, Payload: payload } = parseSigned(
    encode(text),
    signingLimits.bundleBytes,
    what,
  );
  if (typeof promise !== "string" || !isFields(payload)) return bad();
  const { body, integratedTime, logIndex, logID } = payload;
  const bytes = typeof body === "string" ? fromBase64(body) : null;
  if (bytes === null || !isIndex(integratedTime) || !isIndex(logIndex)) return bad();
  if (typeof logID !== "string" || !/^[0-9a-f]{64}$/.test(logID)) return bad();
  const { kind, apiVersion } = parseSigned(bytes, signingLimits.bundleBytes, what);
  return {
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(logID, "hex").toString("base64") },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: promise },
    canonicalizedBody: body,
  };
}

function timestampsOf(text: string, what: string): readonly object[] {
  const { SignedRFC3161Timestamp: stamp }: Fields = parseSigned(
    encode(text),
    signingLimits.bundleBytes,
    what,
  );
  if (typeof stamp === "string" && fromBase64(stamp) !== null) return [{ signedTimestamp: stamp }];
  return fail("bundle-malformed", { what, reason: "its timestamp is not base64" });
}

/**
 * The bundle that says the same as the annotations: a signature of the payload's bytes. Throws `bundle-malformed` and
 * what parseSigned throws.
 */
export function bundleOfLegacy(
  payload: Uint8Array,
  signature: Uint8Array,
  { certificate, log, timestamp }: LegacyProof,
  what: string,
): Bundle {
  const der = leafOf(certificate, what);
  const hex = sha256(payload);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const json = {
    mediaType: bundleTypes.at(-1),
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: base64(der) }] },
      tlogEntries: log === null ? [] : [entryOf(log, what)],
      ...(timestamp !== null && {
        timestampVerificationData: { rfc3161Timestamps: timestampsOf(timestamp, what) },
      }),
    },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: base64(Buffer.from(hex, "hex")) },
      signature: base64(signature),
    },
  };
  return {
    content: { kind: "message", sha256: hex, signature },
    material: { kind: "certificate", der },
    json,
  };
}
