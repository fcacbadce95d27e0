// All that is attached to an artifact → is it signed by enough of those who are trusted, and who attests what? What was
// refused on the way is kept with its code: one good signature suffices, and none says why.
import type { Code } from "../errors/catalogue.ts";
import { Failure } from "../errors/failure.ts";
import type { Candidate } from "./candidates.ts";
import { isSignature, judge, type Signed, type Signer, type SubjectDigests } from "./check.ts";
import { signersOf, type Trust } from "./trust.ts";

export interface Verdict {
  /** Different signers, each once, in the order found. */
  readonly signers: readonly Signer[];
  /** Good signatures. */
  readonly signatures: readonly Signed[];
  /** Statements by trusted signers that are no signatures. */
  readonly attestations: readonly Signed[];
  readonly refused: readonly Failure[];
}

/** Judges each candidate by itself. Throws nothing that hostile bytes could cause. */
export async function judgeAll(
  candidates: readonly Candidate[],
  subject: SubjectDigests,
  trust: Trust,
  artifact?: Uint8Array,
): Promise<Verdict> {
  const signatures: Signed[] = [];
  const attestations: Signed[] = [];
  const refused: Failure[] = [];
  for (const candidate of candidates) {
    const answer = await judge(candidate, subject, trust, artifact);
    if (answer instanceof Failure) refused.push(answer);
    else if (isSignature(answer)) signatures.push(answer);
    else attestations.push(answer);
  }
  const signers = new Map(signatures.map(({ signer }) => [signer.id, signer]));
  return { signers: [...signers.values()], signatures, attestations, refused };
}

/** From nearly right to somebody else's: the nearest explains most. What isn't named here lies before the last. */
const nearest: readonly Code[] = [
  ...(["signature-annotations", "signature-replayed", "signature-retagged"] as const),
  ...(["signature-payload-type", "statement-malformed", "signature-identity"] as const),
  ...(["signature-stale", "signature-invalid", "signature-truncated", "signature-log"] as const),
  ...(["signature-certificate", "signature-timestamp"] as const),
];

function nearness({ code }: Failure): number {
  if (code === "signature-foreign") return nearest.length + 1;
  const at = nearest.indexOf(code);
  return at < 0 ? nearest.length : at;
}

/** Why the signatures don't suffice; null where they do. `what` is the artifact. */
export function shortfall(verdict: Verdict, trust: Trust, what: string): Failure | null {
  const { signers, refused } = verdict;
  if (signers.length >= trust.threshold) return null;
  if (signers.length > 0) {
    const args = {
      what,
      found: signers.length,
      known: signersOf(trust),
      expected: trust.threshold,
    };
    return new Failure("signature-threshold", args);
  }
  const [telling] = [...refused].sort((a, b) => nearness(a) - nearness(b));
  return telling ?? new Failure("signature-missing", { what });
}
