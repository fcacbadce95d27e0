// What a policy demands of the plugin before it is hardened: its manifest's digest, and who must have signed it. The
// answer is what `contain` wants to see; nobody else decides it.
import { fail } from "../errors/failure.ts";
import type { Candidate } from "../signing/candidates.ts";
import type { Signer } from "../signing/check.ts";
import type { PublicKey } from "../signing/public-key.ts";
import { everyKey, type Trust } from "../signing/trust.ts";
import { judgeAll, shortfall } from "../signing/verdict.ts";
import { type Artifact, attachedTo } from "./artifact.ts";

export interface Demanded {
  /** `sha256:…`; null where the policy pins no manifest. */
  readonly manifest: string | null;
  /** All of these must have signed. */
  readonly signedBy: readonly PublicKey[];
}

/** What was shown about a plugin. */
export interface Shown {
  readonly manifest: string | null;
  /** Everyone demanded has signed; also where nobody is. */
  readonly signed: boolean;
  /** The ids of those who signed it. */
  readonly signers: readonly string[];
}

/**
 * Checks what a policy demands of its source. Throws `source-manifest`, `source-unsigned`, or the code by which the
 * signatures were refused.
 */
export async function checkSource(
  artifact: Artifact,
  { manifest, signedBy }: Demanded,
  bundles: readonly Candidate[] = [],
): Promise<Shown> {
  const { at, ref } = artifact;
  const own = at?.subject.digest ?? null;
  if (manifest !== null && manifest !== own) {
    const found = own ?? "a plain file";
    fail("source-manifest", { expected: manifest, found }, { at: "ref", ref });
  }
  if (signedBy.length === 0) return { manifest: own, signed: true, signers: [] };
  if (at === null && bundles.length === 0) {
    const signers = signedBy.map(({ name }) => name).join(", ");
    fail("source-unsigned", { signers }, { at: "ref", ref });
  }
  const signers = await checkSignatures(artifact, everyKey(signedBy), bundles);
  return { manifest: own, signed: true, signers: signers.map(({ id }) => id) };
}

/** Who signed an artifact, where that suffices. Throws the code by which the signatures were refused. */
export async function checkSignatures(
  artifact: Artifact,
  trust: Trust,
  bundles: readonly Candidate[] = [],
): Promise<readonly Signer[]> {
  const { at, ref, module, sha256 } = artifact;
  const candidates = await attachedTo(artifact, bundles);
  const digests = { manifest: at?.subject.digest ?? null, module: sha256 };
  const verdict = await judgeAll(candidates, digests, trust, at === null ? module : undefined);
  const short = shortfall(verdict, trust, ref);
  if (short !== null) fail(short.code, short.args, { at: "ref", ref });
  return verdict.signers;
}
