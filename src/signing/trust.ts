// Who is trusted to sign: keys, identities of a trusted root's certificates, how many of them must have signed, and what
// annotations they must have signed along.
import { fail } from "../errors/failure.ts";
import type { PublicKey } from "./public-key.ts";
import type { SignedAnnotations } from "./statement.ts";
import type { TrustedRoot } from "./trusted-root.ts";

/** Who a certificate was given to, and who vouched for that. */
export interface Identity {
  /** The certificate's subject, exactly; one that ends in `*` is a prefix. */
  readonly subject: string;
  /** The OpenID provider, exactly. */
  readonly issuer: string;
}

export interface Trust {
  readonly keys: readonly PublicKey[];
  readonly identities: readonly Identity[];
  /** Needed where there are identities. */
  readonly root: TrustedRoot | null;
  /** Different signers that must have signed. At least 1; at most as many as there are. */
  readonly threshold: number;
  readonly annotations: SignedAnnotations;
}

/** All of these keys must have signed: what a policy's `signedBy` asks for. */
export function everyKey(keys: readonly PublicKey[]): Trust {
  const different = new Set(keys.map((key) => key.id)).size;
  return { keys, identities: [], root: null, threshold: different, annotations: {} };
}

/** Number of different signers that a trust knows. */
export function signersOf({ keys, identities }: Trust): number {
  return new Set(keys.map((key) => key.id)).size + identities.length;
}

export const shownIdentity = ({ subject, issuer }: Identity): string => `${subject} (${issuer})`;

export function isIdentity(wanted: Identity, found: Identity): boolean {
  if (wanted.issuer !== found.issuer) return false;
  if (!wanted.subject.endsWith("*")) return wanted.subject === found.subject;
  return found.subject.startsWith(wanted.subject.slice(0, -1));
}

/** Throws `signature-annotations` where an annotation that must be signed isn't, or says something else. */
export function checkAnnotations(found: SignedAnnotations, trust: Trust, what: string): void {
  for (const [name, expected] of Object.entries(trust.annotations)) {
    const value = Object.hasOwn(found, name) ? found[name]! : undefined;
    if (value === expected) continue;
    fail("signature-annotations", { what, name, expected, found: value ?? "nothing" });
  }
}
