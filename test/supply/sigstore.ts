// A sigstore instance in memory: an authority, a log of certificates, a log of signatures and a timestamp service, by
// sigstore's own mock, and the trusted root that names them. Nothing listens; requests are function calls.
import { createHash, generateKeyPairSync } from "node:crypto";
import {
  fulcioHandler,
  type HandlerFn,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  rekorHandler,
  tsaHandler,
} from "@sigstore/mock";
import type { Post, Services } from "../../src/signing/keyless-sign.ts";

export const LOG = "https://rekor.example.com";
export const AUTHORITY = "https://fulcio.example.com";
export const CLOCK = "https://tsa.example.com";

export const IDENTITY = {
  subject: "https://ci.example.com/build.yaml",
  issuer: "https://ci.example.com",
};

export interface Sigstore {
  readonly services: Services;
  /** Text of trusted_root.json. */
  readonly root: string;
}

/** A token as an OpenID provider gives it; the mock doesn't look at its signature. */
export function tokenFor(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.c2ln`;
}

export const TOKEN = tokenFor({ sub: IDENTITY.subject, iss: IDENTITY.issuer });

interface Proposed {
  readonly spec: { readonly proposedContent: { envelope: string; verifiers: readonly string[] } };
}

/** A log keeps digests and signatures of a proposed envelope, not the envelope; the mock keeps what it is given. */
function canonical(proposed: Proposed): object {
  const { envelope, verifiers } = proposed.spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope);
  const digest = (data: string | Buffer) => ({
    algorithm: "sha256",
    value: createHash("sha256").update(data).digest("hex"),
  });
  return {
    ...proposed,
    spec: {
      envelopeHash: digest(envelope),
      payloadHash: digest(Buffer.from(payload, "base64")),
      signatures: [{ signature: signatures[0].sig, verifier: verifiers[0] }],
    },
  };
}

const base64 = (bytes: ArrayBufferView): string =>
  Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/**
 * Certificates say that they were made at `issued`, or now; log and clock say that they were used a minute from now.
 * In whole seconds, since sigstore's reader takes no other timestamps.
 */
export async function sigstore(
  options: { readonly issued?: Date; readonly timestamps?: boolean } = {},
): Promise<Sigstore> {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const issued = options.issued ?? new Date(now);
  const used = new Date(now + 60_000);
  const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ctlog = await initializeCTLog(pair());
  const ca = await initializeCA(pair(), ctlog, issued);
  const tlog = await initializeTLog(LOG, pair(), used);
  const tsa = await initializeTSA(pair(), used);
  const handlers = new Map<string, HandlerFn>(
    [
      [AUTHORITY, fulcioHandler(ca)] as const,
      [LOG, rekorHandler(tlog)] as const,
      [CLOCK, tsaHandler(tsa)] as const,
    ].map(([base, { path, fn }]) => [base + path, fn]),
  );
  const post: Post = async (url, body) => {
    const proposes = url.startsWith(LOG) && (body as { kind?: unknown }).kind === "dsse";
    const sent = proposes ? canonical(body as Proposed) : body;
    const { statusCode, response } = await handlers.get(url)!(JSON.stringify(sent));
    if (statusCode !== 201) throw new Error(`${url}: ${statusCode} ${String(response)}`);
    return typeof response === "string"
      ? Buffer.from(response)
      : new Uint8Array(response as Buffer);
  };
  const validFor = { start: "2020-01-01T00:00:00Z" };
  const log = (publicKey: Buffer, baseUrl: string) => ({
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: publicKey.toString("base64"),
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      validFor,
    },
    logId: { keyId: createHash("sha256").update(publicKey).digest("base64") },
  });
  const authority = (uri: string, certificates: readonly ArrayBufferView[]) => ({
    subject: { organization: "sigstore.mock", commonName: "sigstore" },
    uri,
    certChain: { certificates: certificates.map((one) => ({ rawBytes: base64(one) })) },
    validFor,
  });
  const root = JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [log(tlog.publicKey as Buffer, LOG)],
    certificateAuthorities: [authority(AUTHORITY, [ca.rootCertificate])],
    ctlogs: [log(ctlog.publicKey, "https://ctfe.example.com")],
    timestampAuthorities: [authority(CLOCK, [tsa.intCertificate, tsa.rootCertificate])],
  });
  const timestamp = options.timestamps === false ? null : CLOCK;
  return { services: { authority: AUTHORITY, log: LOG, timestamp, post }, root };
}
