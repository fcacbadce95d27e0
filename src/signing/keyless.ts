// A signature by a certificate of minutes: chain to an authority of the trusted root, proof of the certificate's logging,
// the signature's log entry and its time, all by sigstore's library; then who it was, compared exactly here (the
// library takes an identity for a regular expression). Each step has its own code.
import { X509Certificate } from "node:crypto";
import type { SignedEntity, Verifier as SigstoreVerifier } from "@sigstore/verify";
import { Failure, fail } from "../errors/failure.ts";
import type { Bundle } from "./bundle.ts";
import { type Identity, isIdentity, shownIdentity, type Trust } from "./trust.ts";
import type { TrustedRoot } from "./trusted-root.ts";

type Code = "signature-timestamp" | "signature-certificate" | "signature-log";

const codes: Readonly<Record<string, Code>> = {
  TIMESTAMP_ERROR: "signature-timestamp",
  CERTIFICATE_ERROR: "signature-certificate",
  PUBLIC_KEY_ERROR: "signature-certificate",
};

const verifiers = new WeakMap<TrustedRoot, SigstoreVerifier>();

async function verifierFor(root: TrustedRoot): Promise<SigstoreVerifier> {
  const known = verifiers.get(root);
  if (known !== undefined) return known;
  const { toTrustMaterial, Verifier } = await import("@sigstore/verify");
  const { tlogs, ctlogs } = root.message;
  const verifier = new Verifier(toTrustMaterial(root.message), {
    // A root without logs is of an instance that has none; where it has them, they must have been used.
    tlogThreshold: tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
  verifiers.set(root, verifier);
  return verifier;
}

/** A library's message, as a reason in one line. */
const reasonOf = (error: unknown): string =>
  String(error instanceof Error ? error.message : error)
    .split("\n")[0]!
    .slice(0, 200);

/** When the bundle says that it was made, where that is outside of its certificate's time. */
function staleTime(entity: SignedEntity, certificate: X509Certificate): Date | undefined {
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  const times = entity.timestamps.map((one) =>
    one.$case === "timestamp-authority"
      ? one.timestamp.signingTime.getTime()
      : Number(one.tlogEntry.integratedTime) * 1000,
  );
  const outside = times.find((time) => time < from || time > to);
  return outside === undefined ? undefined : new Date(outside);
}

function refuse(error: unknown, entity: SignedEntity, leaf: X509Certificate, what: string): never {
  const code = String((error as { code?: unknown } | null)?.code ?? "");
  if (code === "SIGNATURE_ERROR") {
    fail("signature-invalid", { what, signer: "of its certificate" }, undefined, error);
  }
  const stale = code === "CERTIFICATE_ERROR" ? staleTime(entity, leaf) : undefined;
  if (stale !== undefined) {
    const time = Number.isNaN(stale.getTime()) ? "no time" : stale.toISOString();
    const [from, to] = [leaf.validFrom, leaf.validTo];
    fail("signature-stale", { what, time, from, to }, undefined, error);
  }
  const known =
    codes[code] ?? (code.startsWith("TLOG_") ? "signature-log" : "signature-certificate");
  return fail(known, { what, reason: reasonOf(error) }, undefined, error);
}

/**
 * The log's proof says its root and size twice, and only what the log signed is believed; a bundle in which the two
 * differ was changed, or written by a tool that is not understood.
 */
function checkProofs(entity: SignedEntity, what: string): void {
  for (const { inclusionProof } of entity.tlogEntries) {
    if (inclusionProof === undefined) continue;
    const [, size, root] = inclusionProof.checkpoint?.envelope.split("\n") ?? [];
    const same =
      root === inclusionProof.rootHash.toString("base64") && size === inclusionProof.treeSize;
    if (!same) fail("signature-log", { what, reason: "its proof and its checkpoint differ" });
  }
}

/**
 * Who signed the bundle, by the trusted root. `artifact` is what a message signature covers; an envelope covers its
 * own payload. Throws `signature-*` codes; it is not decided here whether the signer is one that is wanted.
 */
export async function certificateSigner(
  bundle: Bundle,
  root: TrustedRoot,
  what: string,
  artifact?: Uint8Array,
): Promise<Identity> {
  const { bundleFromJSON } = await import("@sigstore/bundle");
  const { toSignedEntity } = await import("@sigstore/verify");
  let entity: SignedEntity;
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(bundle.material.kind === "certificate" ? bundle.material.der : "");
    const parsed = bundleFromJSON(bundle.json);
    entity = toSignedEntity(parsed, artifact === undefined ? undefined : Buffer.from(artifact));
  } catch (error) {
    return fail("bundle-malformed", { what, reason: reasonOf(error) }, undefined, error);
  }
  const verifier = await verifierFor(root);
  try {
    const { identity } = verifier.verify(entity);
    checkProofs(entity, what);
    const { subjectAlternativeName: subject, extensions } = identity ?? {};
    if (subject === undefined || extensions?.issuer === undefined) {
      return fail("signature-certificate", { what, reason: "it names no subject and issuer" });
    }
    return { subject, issuer: extensions.issuer };
  } catch (error) {
    if (error instanceof Failure) throw error;
    return refuse(error, entity, leaf, what);
  }
}

/** The identity of the trust that this signer is. Throws `signature-identity`. */
export function wantedIdentity(found: Identity, trust: Trust, what: string): Identity {
  const wanted = trust.identities.find((one) => isIdentity(one, found));
  if (wanted !== undefined) return wanted;
  const expected = trust.identities.map(shownIdentity).join(" or ");
  return fail("signature-identity", { what, found: shownIdentity(found), expected });
}
