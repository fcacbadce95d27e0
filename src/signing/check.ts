// One candidate against a trust: who signed it, and what it says. The order is fixed: form, signer, payload's type, then
// what is claimed; so nothing of a payload is believed before its signature holds.
import { Failure, fail } from "../errors/failure.ts";
import type { Digest } from "../net/digest.ts";
import { predicateTypes, signingTypes } from "../spec/signing.ts";
import { type Bundle, parseBundle } from "./bundle.ts";
import type { Candidate } from "./candidates.ts";
import { derEnds } from "./der.ts";
import { signedBytes } from "./dsse.ts";
import { certificateSigner, wantedIdentity } from "./keyless.ts";
import { bundleOfLegacy } from "./legacy-certificate.ts";
import { fromBase64 } from "./pem.ts";
import { hintOf, isSignedBy, type PublicKey } from "./public-key.ts";
import { parseSimplePayload } from "./simple-signing.ts";
import { parseStatement, type Statement } from "./statement.ts";
import { checkAnnotations, shownIdentity, type Trust } from "./trust.ts";

/** What the artifact is called by: its manifest's digest, its module's, or both. */
export interface SubjectDigests {
  readonly manifest: Digest | null;
  /** Hex. */
  readonly module: string;
}

export interface Signer {
  /** Equal for the same signer, however it signed. */
  readonly id: string;
  readonly name: string;
}

export interface Signed {
  readonly what: string;
  readonly signer: Signer;
  /** Null for the older payload and for signatures of a whole file, which say no more than their digest. */
  readonly statement: Statement | null;
}

const expectedOf = ({ manifest, module }: SubjectDigests): string => manifest ?? `sha256:${module}`;

/** Throws `signature-truncated`, `signature-invalid` and `signature-foreign`. */
function keySigner(
  keys: readonly PublicKey[],
  hint: string | null,
  signed: Uint8Array,
  signature: Uint8Array,
  what: string,
): Signer {
  const key = keys.find((one) => isSignedBy(one, signed, signature));
  if (key !== undefined) return { id: key.id, name: key.name };
  if (derEnds(signature) === "too soon") fail("signature-truncated", { what });
  const named = keys.find((one) => hintOf(one) === hint);
  if (named !== undefined) fail("signature-invalid", { what, signer: named.name });
  return fail("signature-foreign", { what });
}

async function bundleSigner(
  bundle: Bundle,
  trust: Trust,
  what: string,
  artifact?: Uint8Array,
): Promise<Signer> {
  const { content, material } = bundle;
  if (material.kind === "certificate") {
    if (trust.root === null || trust.identities.length === 0)
      return fail("signature-foreign", { what });
    const found = await certificateSigner(bundle, trust.root, what, artifact);
    const wanted = wantedIdentity(found, trust, what);
    return { id: shownIdentity(wanted), name: shownIdentity(found) };
  }
  const { hint } = material;
  if (content.kind === "envelope") {
    const { payloadType, payload, signature } = content.envelope;
    return keySigner(trust.keys, hint, signedBytes(payloadType, payload), signature, what);
  }
  if (artifact === undefined) return fail("signature-foreign", { what });
  return keySigner(trust.keys, hint, artifact, content.signature, what);
}

function replayed(what: string, signer: Signer, found: string, subject: SubjectDigests): never {
  return fail("signature-replayed", {
    what,
    signer: signer.name,
    found,
    expected: expectedOf(subject),
  });
}

/** The statement's own subject must be this artifact, by its manifest or by its module. */
function checkSubject(statement: Statement, subject: SubjectDigests, signer: Signer, what: string) {
  const names = [subject.manifest?.slice("sha256:".length), subject.module];
  const found = statement.subjects.find((one) => names.includes(one.sha256));
  if (found !== undefined) return found;
  return replayed(what, signer, `sha256:${statement.subjects[0]?.sha256 ?? "nothing"}`, subject);
}

/**
 * Reads one bundle: form, signer, subject. `artifact` are the bytes of a file, for bundles that sign a file itself.
 * Throws a Failure with the code of the step that refused.
 */
export async function checkBundle(
  bytes: Uint8Array,
  subject: SubjectDigests,
  trust: Trust,
  what: string,
  artifact?: Uint8Array,
): Promise<Signed> {
  const bundle = parseBundle(bytes, what);
  const signer = await bundleSigner(bundle, trust, what, artifact);
  const { content } = bundle;
  if (content.kind === "message") {
    if (content.sha256 !== subject.module)
      replayed(what, signer, `sha256:${content.sha256}`, subject);
    return { what, signer, statement: null };
  }
  const { payloadType, payload } = content.envelope;
  if (payloadType !== signingTypes.inToto) {
    const found = payloadType.slice(0, 100);
    fail("signature-payload-type", { what, found, expected: signingTypes.inToto });
  }
  const statement = parseStatement(payload, what);
  checkSubject(statement, subject, signer, what);
  return { what, signer, statement };
}

async function checkLegacy(
  { what, payload, signature, proof }: Extract<Candidate, { kind: "legacy" }>,
  subject: SubjectDigests,
  trust: Trust,
): Promise<Signed> {
  const bytes = fromBase64(signature);
  if (bytes === null) fail("signature-truncated", { what });
  const signer =
    proof === null
      ? keySigner(trust.keys, null, payload, bytes, what)
      : await bundleSigner(bundleOfLegacy(payload, bytes, proof, what), trust, what, payload);
  const claims = parseSimplePayload(payload, what);
  const found = `sha256:${claims.sha256}`;
  if (found !== subject.manifest) {
    const expected = expectedOf(subject);
    fail("signature-retagged", { what, signer: signer.name, found, expected });
  }
  checkAnnotations(claims.annotations, trust, what);
  return { what, signer, statement: null };
}

/** Whether a statement is a signature and not an attestation of something. */
export const isSignature = ({ statement }: Signed): boolean =>
  statement === null || statement.predicateType === predicateTypes.signature;

/** Checks one candidate; the Failure that refused it is an answer, not thrown. */
export async function judge(
  candidate: Candidate,
  subject: SubjectDigests,
  trust: Trust,
  artifact?: Uint8Array,
): Promise<Signed | Failure> {
  const { what } = candidate;
  try {
    if (candidate.kind === "astray") {
      return fail("signature-referrer", {
        what,
        found: candidate.found,
        expected: expectedOf(subject),
      });
    }
    if (candidate.kind === "unread") return candidate.failure;
    if (candidate.kind === "legacy") return await checkLegacy(candidate, subject, trust);
    const signed = await checkBundle(candidate.bytes, subject, trust, what, artifact);
    const { statement } = signed;
    if (statement !== null && isSignature(signed)) {
      const annotations = checkSubject(statement, subject, signed.signer, what).annotations;
      checkAnnotations(annotations, trust, what);
    }
    return signed;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
