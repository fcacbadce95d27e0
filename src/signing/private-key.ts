// `cosign.key`: a PKCS #8 private key, encrypted with a password, in JSON, in PEM. Written as cosign writes it and read
// with exactly these parameters: a file that names weaker or costlier ones is refused before anything is computed.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  scryptSync,
  sign,
} from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa";
import { fail } from "../errors/failure.ts";
import { keyEncryption, privateKeyLabels, signingLimits } from "../spec/signing.ts";
import { parseStrictJson, StrictJsonError } from "../util/strict-json.ts";
import { fromBase64, parsePem, toPem } from "./pem.ts";
import { type PublicKey, publicKey, writePublicKey } from "./public-key.ts";

/** Signs with the digest that goes with its public key. */
export interface SigningKey {
  readonly public: PublicKey;
  sign(bytes: Uint8Array): Uint8Array;
}

/** `length` random bytes; given as an argument, so that tests are deterministic. */
export type RandomBytes = (length: number) => Uint8Array;

interface Sealed {
  readonly cost: number;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

type Fields = Readonly<Record<string, unknown>>;

function derive(password: string, salt: Uint8Array, cost: number): Uint8Array {
  const { blockSize: r, parallel: p, keyBytes } = keyEncryption;
  // scrypt needs 128·N·r bytes; Node's own limit is below that.
  return scryptSync(password, salt, keyBytes, { N: cost, r, p, maxmem: 256 * cost * r });
}

function sealedOf(value: unknown): Sealed | null {
  const file = value as { kdf?: Fields; cipher?: Fields; ciphertext?: unknown } | null;
  const params = file?.kdf?.params as Fields | undefined;
  const text = (one: unknown): Uint8Array | null =>
    typeof one === "string" ? fromBase64(one) : null;
  const cost = (keyEncryption.costs as readonly unknown[]).includes(params?.N)
    ? Number(params?.N)
    : 0;
  const salt = text(file?.kdf?.salt);
  const nonce = text(file?.cipher?.nonce);
  const ciphertext = text(file?.ciphertext);
  const known =
    file?.kdf?.name === keyEncryption.kdf &&
    file.cipher?.name === keyEncryption.cipher &&
    params?.r === keyEncryption.blockSize &&
    params.p === keyEncryption.parallel;
  if (!known || cost === 0 || salt === null || nonce === null || ciphertext === null) return null;
  if (salt.length !== keyEncryption.saltBytes || nonce.length !== keyEncryption.nonceBytes)
    return null;
  return { cost, salt, nonce, ciphertext };
}

/** A key that signs, from Node's own. Throws `key-malformed` for kinds that aren't read. */
export function signingKey(key: KeyObject, name: string): SigningKey {
  const known = publicKey(createPublicKey(key), name);
  return { public: known, sign: (bytes) => sign(known.digest, bytes, key) };
}

/** Throws `key-malformed`, `key-not-encrypted`, `key-password-wrong`. */
export function readPrivateKey(text: string, password: string, file: string): SigningKey {
  const where = { at: "file", file } as const;
  const bad = (reason: string): never => fail("key-malformed", { file, reason }, where);
  if (Buffer.byteLength(text) > signingLimits.keyFileBytes) return bad("it is too large");
  const blocks = parsePem(text);
  if (blocks?.length !== 1) return bad("it is not one block of PEM");
  const { label, bytes } = blocks[0]!;
  if (!(privateKeyLabels as readonly string[]).includes(label)) {
    if (/^(?:RSA |EC )?PRIVATE KEY$/.test(label)) fail("key-not-encrypted", { file }, where);
    return bad(`it holds a ${label}`);
  }
  let value: unknown;
  try {
    value = parseStrictJson(bytes, signingLimits.jsonDepth);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return bad("what is in its PEM is not JSON");
  }
  const sealed = sealedOf(value);
  if (sealed === null) return bad("it is encrypted in a way that isn't read");
  let opened: Uint8Array;
  try {
    const key = derive(password, sealed.salt, sealed.cost);
    opened = xsalsa20poly1305(key, sealed.nonce).decrypt(sealed.ciphertext);
  } catch (error) {
    return fail("key-password-wrong", { file }, where, error);
  }
  try {
    const key = createPrivateKey({ key: Buffer.from(opened), format: "der", type: "pkcs8" });
    return signingKey(key, file);
  } catch (error) {
    if (error instanceof Error && error.name === "Failure") throw error;
    return bad("what it decrypts to is no private key");
  }
}

/** The text of `cosign.key` for a private key; at a cost that is read. */
export function writePrivateKey(
  key: KeyObject,
  password: string,
  random: RandomBytes,
  N: (typeof keyEncryption.costs)[number] = keyEncryption.costs[0],
): string {
  const { kdf, cipher, blockSize: r, parallel: p, saltBytes, nonceBytes } = keyEncryption;
  const salt = random(saltBytes);
  const nonce = random(nonceBytes);
  const der = key.export({ format: "der", type: "pkcs8" });
  const sealed = xsalsa20poly1305(derive(password, salt, N), nonce).encrypt(der);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const file = {
    kdf: { name: kdf, params: { N, r, p }, salt: base64(salt) },
    cipher: { name: cipher, nonce: base64(nonce) },
    ciphertext: base64(sealed),
  };
  return toPem(privateKeyLabels[0], new TextEncoder().encode(JSON.stringify(file)));
}

export interface KeyPairFiles {
  /** Text of cosign.key. */
  readonly private: string;
  /** Text of cosign.pub. */
  readonly public: string;
}

/** A new pair on the curve P-256, as cosign makes it. */
export function generateKeyPair(password: string, random: RandomBytes): KeyPairFiles {
  const { privateKey, publicKey: made } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { private: writePrivateKey(privateKey, password, random), public: writePublicKey(made) };
}
