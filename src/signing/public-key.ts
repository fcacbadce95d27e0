// A public key as `cosign.pub` holds it, and what a signature of it is. One digest goes with each kind of key, so that
// nobody who writes a signature chooses how it is checked.
import { createPublicKey, type KeyObject, verify as verifyWith } from "node:crypto";
import { fail } from "../errors/failure.ts";
import { curveDigests, PUBLIC_KEY_LABEL, RSA_MIN_BITS, signingLimits } from "../spec/signing.ts";
import { sha256 } from "../util/digest.ts";
import { parsePem, toPem } from "./pem.ts";

export interface PublicKey {
  /** For messages: the file's name, or who the certificate names. */
  readonly name: string;
  /** SHA-256 of the key's SubjectPublicKeyInfo, in hex: equal keys have equal ids. */
  readonly id: string;
  readonly key: KeyObject;
  /** OpenSSL's name of the digest; null where the algorithm has its own (Ed25519). */
  readonly digest: string | null;
}

const bad = (file: string, reason: string): never =>
  fail("key-malformed", { file, reason }, { at: "file", file });

/** The digest of a key's signatures, or why the key isn't read. */
function digestFor(
  key: KeyObject,
): { readonly digest: string | null } | { readonly reason: string } {
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ec": {
      const digest = curveDigests[namedCurve];
      return digest === undefined ? { reason: `the curve ${namedCurve} is not read` } : { digest };
    }
    case "ed25519":
      return { digest: null };
    case "rsa":
      if (modulusLength >= RSA_MIN_BITS) return { digest: "sha256" };
      return { reason: `an RSA key of ${modulusLength} bits is too weak` };
    default:
      return { reason: `keys of the kind ${key.asymmetricKeyType} are not read` };
  }
}

/** SubjectPublicKeyInfo in DER. */
export const spkiOf = (key: KeyObject): Buffer => key.export({ format: "der", type: "spki" });

/** What sigstore calls a key's hint: the base64 of the digest of its SubjectPublicKeyInfo. */
export const hintOf = (key: PublicKey): string => Buffer.from(key.id, "hex").toString("base64");

/** A key with its rules. `name` is for messages; throws `key-malformed` for keys that aren't read. */
export function publicKey(key: KeyObject, name: string): PublicKey {
  const rule = digestFor(key);
  if ("reason" in rule) return bad(name, rule.reason);
  return { name, id: sha256(spkiOf(key)), key, digest: rule.digest };
}

/** Reads PEM with exactly one public key. Throws `key-malformed`; `key-is-private` where it holds a private one. */
export function parsePublicKey(text: string, file: string): PublicKey {
  if (Buffer.byteLength(text) > signingLimits.keyFileBytes) return bad(file, "it is too large");
  const blocks = parsePem(text);
  if (blocks === null) return bad(file, "it is not PEM");
  const [block] = blocks;
  if (/PRIVATE KEY/.test(block!.label)) fail("key-is-private", { file }, { at: "file", file });
  if (blocks.length !== 1) return bad(file, `it holds ${blocks.length} blocks, one is read`);
  if (block!.label !== PUBLIC_KEY_LABEL) return bad(file, `it holds a ${block!.label}`);
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(block!.bytes), format: "der", type: "spki" });
  } catch {
    return bad(file, "its bytes are no public key");
  }
  return publicKey(key, file);
}

export const writePublicKey = (key: KeyObject): string => toPem(PUBLIC_KEY_LABEL, spkiOf(key));

/** Whether this key made this signature of these bytes. Never throws. */
export function isSignedBy(key: PublicKey, signed: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verifyWith(key.digest, signed, key.key, signature);
  } catch {
    return false;
  }
}
