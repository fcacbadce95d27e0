// The foreign functions sign and verify_signature: signatures over a text by a key that the plugin brings. An
// answer that is no is an answer, with Envoy's words for the reason; only an argument that names no key, two keys
// or is no message is BAD_ARGUMENT.
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from "node:crypto";
import {
  signArguments,
  signatureHashes,
  signResult,
  verifyArguments,
  verifyResult,
} from "../../spec/foreign-functions.ts";
import { STATUS } from "../../spec/status.ts";
import { readMessage, writeMessage } from "./message.ts";

const NO_VERIFY = "Failed to initialize digest verify.";
const NO_MATCH = "Failed to verify digest. Error code: 0";
const NOT_PRIVATE = "Invalid key type: private key required for signing operation.";
const BAD_KEY = "Invalid private key: key data is corrupted or malformed.";
const NOTHING = new Uint8Array(0);

/** What a function of node:crypto gives, null where it throws: whatever the guest brought was no good. */
function attempt<T>(what: () => T): T | null {
  try {
    return what();
  } catch {
    return null;
  }
}

function isSupported(hash: string): boolean {
  return signatureHashes.includes(hash.toLowerCase());
}

/** Edwards keys take no hash function beside their own; the reference proxy refuses the pair. */
function takesHash(key: KeyObject): boolean {
  return key.asymmetricKeyType === "rsa" || key.asymmetricKeyType === "ec";
}

/** Hears what is about to cost the host so much, and throws where it is too much: see Vm.charge. */
export type Charge = (work: number) => void;

/** Reading a key, and a signature of a curve. */
const READ_KEY = 25_000;
const CURVE = 250_000;
/** RSA with a key of 1024 bits; longer ones cost the square for verifying, the cube for signing. */
const RSA_VERIFY = 8_000;
const RSA_SIGN = 60_000;
/** Bytes that a usual private key has for each bit; one with a longer exponent takes longer. */
const BYTES_PER_BIT = 0.7;

function priceOf(key: KeyObject, power: 2 | 3, keyBytes: number): number {
  if (key.asymmetricKeyType !== "rsa") return CURVE;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const longer = Math.max(1, keyBytes / (bits * BYTES_PER_BIT));
  return (power === 2 ? RSA_VERIFY : RSA_SIGN) * (bits / 1024) ** power * longer ** 2;
}

function exactlyOne(der: Uint8Array, pem: string): boolean {
  return der.length > 0 !== pem.length > 0;
}

export function verifySignature(argument: Uint8Array, charge: Charge): Uint8Array | number {
  const message = readMessage(verifyArguments, argument);
  if (message === null) return STATUS.badArgument;
  const { hash_function: hash, public_key: der, public_key_pem: pem, signature, text } = message;
  if (!exactlyOne(der, pem)) return STATUS.badArgument;
  const answer = (error: string): Uint8Array =>
    writeMessage(verifyResult, { result: error === "", error });
  if (!isSupported(hash)) return answer(`${hash} is not supported.`);
  charge(READ_KEY + argument.length);
  const key = attempt(() =>
    der.length > 0
      ? createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" })
      : pem.includes("PRIVATE KEY")
        ? null
        : createPublicKey(pem),
  );
  if (key === null || !takesHash(key)) return answer(NO_VERIFY);
  charge(priceOf(key, 2, 0));
  const fits = attempt(() => verifyBytes(hash.toLowerCase(), text, key, signature));
  return answer(fits === true ? "" : NO_MATCH);
}

export function sign(argument: Uint8Array, charge: Charge): Uint8Array | number {
  const message = readMessage(signArguments, argument);
  if (message === null) return STATUS.badArgument;
  const { hash_function: hash, private_key: der, private_key_pem: pem, text } = message;
  if (!exactlyOne(der, pem)) return STATUS.badArgument;
  const answer = (signature: Uint8Array, error: string): Uint8Array =>
    writeMessage(signResult, { result: error === "", signature, error });
  if (!isSupported(hash)) return answer(NOTHING, `${hash} is not supported.`);
  charge(READ_KEY + argument.length);
  const key = attempt(() =>
    der.length > 0
      ? createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" })
      : createPrivateKey(pem),
  );
  if (key === null) return answer(NOTHING, NOT_PRIVATE);
  charge(priceOf(key, 3, der.length + pem.length * 0.75));
  const signature = takesHash(key) ? attempt(() => signBytes(hash.toLowerCase(), text, key)) : null;
  return signature === null ? answer(NOTHING, BAD_KEY) : answer(signature, "");
}
