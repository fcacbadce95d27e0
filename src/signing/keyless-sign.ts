// Signing without a key of one's own: a key for this one signature, a certificate of minutes for it in exchange for an
// identity token (Fulcio), an entry of the signature in a public log (Rekor 1), and a timestamp where a service is
// given. Nothing of the token is kept or shown.
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { fail } from "../errors/failure.ts";
import { servicePaths, signingLimits } from "../spec/signing.ts";
import { sha256 } from "../util/digest.ts";
import { writeBundle } from "./bundle.ts";
import { envelopeJson, signedBytes } from "./dsse.ts";
import { type Fields, isFields } from "./json.ts";
import { fromBase64, parsePem } from "./pem.ts";
import { signingKey } from "./private-key.ts";
import { writePublicKey } from "./public-key.ts";

/** Posts JSON and answers the body. Throws `service-refused` or `service-unreachable`. */
export type Post = (url: string, body: object, limit: number) => Promise<Uint8Array>;

export interface Services {
  /** Base addresses, without a path. */
  readonly authority: string;
  readonly log: string;
  /** Null where no timestamp is wanted. */
  readonly timestamp: string | null;
  readonly post: Post;
}

const join = (base: string, path: string): string => base.replace(/\/+$/, "") + path;

/** The claim that a certificate will name: an e-mail address that its provider has checked, or the subject. */
export function subjectOfToken(token: string): string {
  const bad = (reason: string): never => fail("token-malformed", { reason });
  if (token.length > signingLimits.tokenBytes) return bad("it is too large");
  const parts = token.trim().split(".");
  if (parts.length !== 3) return bad("it is not a JSON web token");
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(parts[1]!, "base64url").toString("utf8"));
  } catch {
    return bad("its claims are not JSON");
  }
  if (!isFields(claims)) return bad("its claims are no object");
  const { email, email_verified: verified, sub } = claims;
  if (typeof email === "string" && email !== "") {
    return verified === true || verified === "true"
      ? email
      : bad("its e-mail address is not verified");
  }
  return typeof sub === "string" && sub !== "" ? sub : bad("it names no subject");
}

function answerOf(bytes: Uint8Array, url: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return fail("service-answer", { url, reason: "it is not JSON" });
  }
  return isFields(value) ? value : fail("service-answer", { url, reason: "it is no object" });
}

/** The certificate in DER. The proof of possession is a signature of the token's subject. */
async function certificateFor(
  key: KeyObject,
  token: string,
  services: Services,
): Promise<Uint8Array> {
  const url = join(services.authority, servicePaths.certificate);
  const proof = signingKey(key, "the signature's own key").sign(Buffer.from(subjectOfToken(token)));
  const body = {
    credentials: { oidcIdentityToken: token.trim() },
    publicKeyRequest: {
      publicKey: { algorithm: "ECDSA", content: writePublicKey(createPublicKey(key)) },
      proofOfPossession: Buffer.from(proof).toString("base64"),
    },
  };
  const answer = answerOf(await services.post(url, body, signingLimits.answerBytes), url);
  const certificate = answer.signedCertificateEmbeddedSct ?? answer.signedCertificateDetachedSct;
  const chain = isFields(certificate) ? certificate.chain : undefined;
  const first: unknown =
    isFields(chain) && Array.isArray(chain.certificates) ? chain.certificates[0] : null;
  const block = typeof first === "string" ? parsePem(first.trim()) : null;
  return block?.[0]?.bytes ?? fail("service-answer", { url, reason: "it holds no certificate" });
}

const base64 = (bytes: Uint8Array | string): string =>
  Buffer.from(bytes as string).toString("base64");

/** A log's entry, as a bundle has it. */
function entryOf(answer: Fields, url: string): object {
  const bad = (reason: string): never => fail("service-answer", { url, reason });
  const [entry, ...others] = Object.values(answer);
  if (!isFields(entry) || others.length > 0) return bad("it is not one entry");
  const { body, integratedTime, logIndex, logID, verification } = entry;
  if (typeof body !== "string" || typeof logID !== "string") return bad("the entry is incomplete");
  const kind = answerOf(fromBase64(body) ?? new Uint8Array(), url);
  const proofs = isFields(verification) ? verification : {};
  const inclusion = isFields(proofs.inclusionProof) ? proofs.inclusionProof : null;
  const hashes = Array.isArray(inclusion?.hashes) ? (inclusion.hashes as string[]) : [];
  const fromHex = (text: unknown): string => base64(Buffer.from(String(text), "hex"));
  return {
    logIndex: String(logIndex),
    logId: { keyId: fromHex(logID) },
    kindVersion: { kind: kind.kind, version: kind.apiVersion },
    integratedTime: String(integratedTime),
    ...(typeof proofs.signedEntryTimestamp === "string" && {
      inclusionPromise: { signedEntryTimestamp: proofs.signedEntryTimestamp },
    }),
    ...(inclusion !== null && {
      inclusionProof: {
        logIndex: String(inclusion.logIndex),
        rootHash: fromHex(inclusion.rootHash),
        treeSize: String(inclusion.treeSize),
        hashes: hashes.map(fromHex),
        checkpoint: { envelope: String(inclusion.checkpoint) },
      },
    }),
    canonicalizedBody: body,
  };
}

/** Signs a payload in an envelope by a certificate of the token's identity. Answers a bundle's bytes. */
export async function signWithToken(
  payloadType: string,
  payload: Uint8Array,
  token: string,
  services: Services,
): Promise<Uint8Array> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = await certificateFor(privateKey, token, services);
  const signature = signingKey(privateKey, "the signature's own key").sign(
    signedBytes(payloadType, payload),
  );
  const envelope = { payloadType, payload, signature };
  const pem = `-----BEGIN CERTIFICATE-----\n${base64(certificate)}\n-----END CERTIFICATE-----\n`;
  const logUrl = join(services.log, servicePaths.logEntries);
  const proposed = {
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: {
      proposedContent: {
        envelope: JSON.stringify(envelopeJson(envelope)),
        verifiers: [base64(pem)],
      },
    },
  };
  const logged = answerOf(await services.post(logUrl, proposed, signingLimits.answerBytes), logUrl);
  const material = {
    certificate: { rawBytes: base64(certificate) },
    tlogEntries: [entryOf(logged, logUrl)],
    timestampVerificationData: await timestampOf(signature, services),
  };
  return writeBundle(material, envelope);
}

async function timestampOf(signature: Uint8Array, { timestamp, post }: Services): Promise<object> {
  if (timestamp === null) return {};
  const url = join(timestamp, servicePaths.timestamp);
  const body = {
    artifactHash: base64(Buffer.from(sha256(signature), "hex")),
    hashAlgorithm: "sha256",
    certificates: true,
  };
  const answer = await post(url, body, signingLimits.answerBytes);
  return { rfc3161Timestamps: [{ signedTimestamp: base64(answer) }] };
}
