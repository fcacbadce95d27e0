// The four checks of an artifact under a policy: digest pin, signature, attestation, containment of the bytes
// themselves. The last is the one that trust in the module rests on; the others say whose it is.
import { Failure, type Finding, finding } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import type { Candidate } from "../signing/candidates.ts";
import type { SubjectDigests } from "../signing/check.ts";
import { type Hardening, judgeHardening } from "../signing/provenance.ts";
import type { Trust } from "../signing/trust.ts";
import { judgeAll, shortfall, type Verdict } from "../signing/verdict.ts";
import { predicateTypes } from "../spec/signing.ts";
import { verify } from "../verify/verify.ts";
import { type Artifact, attachedTo } from "./artifact.ts";
import { type Check, failed, findingOf, held, without } from "./steps.ts";

/** The policy's pins of what the module was made from. */
export interface OriginalPins {
  readonly sha256: string | null;
  readonly manifest: string | null;
}

export interface Wanted {
  readonly policy: Policy;
  readonly original: OriginalPins;
  /** Null where nobody says who must have signed. */
  readonly trust: Trust | null;
  /** A manifest's digest (`sha256:…`) or a module's that somebody else than the reference demands, such as a lock. */
  readonly pin: { readonly digest: string; readonly name: string } | null;
  readonly requireAttestation: boolean;
  /** Bundles beside the artifact. */
  readonly bundles: readonly Candidate[];
}

export interface ArtifactReport {
  readonly checks: readonly Check[];
  /** No check failed. */
  readonly accepted: boolean;
  readonly contained: boolean;
  /** What a trusted attestation says; null where there is none. */
  readonly hardening: Hardening | null;
}

const digestsOf = ({ at, sha256 }: Artifact): SubjectDigests => ({
  manifest: at?.subject.digest ?? null,
  module: sha256,
});

const isOriginal = ({ at, sha256 }: Artifact, { original }: Wanted): boolean =>
  original.sha256 === sha256 || (at !== null && original.manifest === at.subject.digest);

function pinCheck(artifact: Artifact, wanted: Wanted, hardening: Hardening | null): Check {
  const { ref, at, pinned } = artifact;
  const { pin, original } = wanted;
  const own = at?.subject.digest ?? `sha256:${artifact.sha256}`;
  if (pin !== null && pin.digest !== own) {
    const args = { name: pin.name, expected: pin.digest, found: own };
    return failed("pin", [finding("lock-pin", "error", args, { at: "ref", ref })]);
  }
  const findings: Finding[] = [];
  const demanded = original.sha256 !== null || original.manifest !== null;
  // A trusted attestation has been held against the pins by then.
  if (demanded && hardening === null && !isOriginal(artifact, wanted)) {
    findings.push(finding("pin-original", "info", { what: ref }));
  }
  if (pinned !== null || pin !== null) return held("pin", [own], findings);
  if (isOriginal(artifact, wanted)) return held("pin", [own], findings);
  if (at === null) return without("pin", "not-asked", findings);
  return without("pin", "absent", [
    ...findings,
    finding("pin-none", "warning", { what: ref, digest: own }, { at: "ref", ref }),
  ]);
}

function signatureCheck({ ref }: Artifact, { trust }: Wanted, verdict: Verdict | null): Check {
  if (trust === null || verdict === null) return without("signature", "not-asked");
  const short = shortfall(verdict, trust, ref);
  if (short === null)
    return held(
      "signature",
      verdict.signers.map(({ name }) => name),
    );
  const others = verdict.refused.filter((one) => one !== short && one.code !== short.code);
  return failed("signature", [
    findingOf(short, "error", { at: "ref", ref }),
    ...others.map((one) => findingOf(one, "warning")),
  ]);
}

interface Attested {
  readonly check: Check;
  readonly hardening: Hardening | null;
}

function attestationCheck(artifact: Artifact, wanted: Wanted, verdict: Verdict | null): Attested {
  const { ref } = artifact;
  const { policy, requireAttestation: required, original } = wanted;
  const where = { at: "ref", ref } as const;
  if (verdict === null) {
    if (!required) return { check: without("attestation", "not-asked"), hardening: null };
    const unsigned = finding("attestation-unsigned", "error", { what: ref }, where);
    return { check: failed("attestation", [unsigned]), hardening: null };
  }
  const expected = {
    module: artifact.sha256,
    policyDigest: policy.digest,
    original: original.sha256,
    originalManifest: original.manifest,
  };
  const refused: Failure[] = [];
  for (const { statement, what, signer } of verdict.attestations) {
    if (statement?.predicateType !== predicateTypes.hardened) continue;
    const answer = judgeHardening(statement, expected, what);
    if (!(answer instanceof Failure)) {
      return { check: held("attestation", [signer.name]), hardening: answer };
    }
    refused.push(answer);
  }
  if (refused.length > 0) {
    const findings = refused.map((one) => findingOf(one, "error", where));
    return { check: failed("attestation", findings), hardening: null };
  }
  const missing = finding("attestation-missing", required ? "error" : "info", { what: ref }, where);
  if (!required) return { check: without("attestation", "absent", [missing]), hardening: null };
  // One of these may have been it.
  const others = verdict.refused.map((one) => findingOf(one, "warning"));
  return { check: failed("attestation", [missing, ...others]), hardening: null };
}

function containmentCheck({ module }: Artifact, { policy }: Wanted): Check {
  const findings = verify(module, policy);
  if (findings.some((one) => one.level === "error")) return failed("containment", findings);
  return held("containment", [policy.name], findings);
}

/**
 * Checks an artifact. Everything that hostile bytes can cause is in the report, but what makes the artifact unreadable
 * or its store a liar is thrown as a Failure (`digest-mismatch` and others).
 */
export async function checkArtifact(artifact: Artifact, wanted: Wanted): Promise<ArtifactReport> {
  const { trust } = wanted;
  const candidates = trust === null ? [] : await attachedTo(artifact, wanted.bundles);
  const { at, module } = artifact;
  const verdict =
    trust === null
      ? null
      : await judgeAll(candidates, digestsOf(artifact), trust, at ? undefined : module);
  const attested = attestationCheck(artifact, wanted, verdict);
  const containment = containmentCheck(artifact, wanted);
  const checks = [
    pinCheck(artifact, wanted, attested.hardening),
    signatureCheck(artifact, wanted, verdict),
    attested.check,
    containment,
  ];
  return {
    checks,
    accepted: checks.every(({ status }) => status !== "failed"),
    contained: containment.status === "held",
    hardening: attested.hardening,
  };
}
