// Digests as registries write them: `sha256:` and 64 lower-case hex digits. The only algorithm: what can't be
// checked isn't accepted.
import { fail } from "../errors/failure.ts";
import { sha256 } from "../util/digest.ts";

export type Digest = `sha256:${string}`;

const whole = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): text is Digest => whole.test(text);

/** The digest of bytes. */
export const digestOf = (bytes: Uint8Array): Digest => `sha256:${sha256(bytes)}`;

/** The 64 hex digits. */
export const hexOf = (digest: Digest): string => digest.slice("sha256:".length);

/** Throws `digest-malformed`; `what` says whose digest it is. */
export function asDigest(text: unknown, what: string): Digest {
  if (typeof text === "string" && isDigest(text)) return text;
  return fail("digest-malformed", {
    what,
    found: JSON.stringify(text)?.slice(0, 100) ?? "nothing",
  });
}

/** Throws `digest-mismatch` where the bytes are others than those that the digest names. */
export function checkDigest(bytes: Uint8Array, expected: Digest, what: string): void {
  const found = digestOf(bytes);
  if (found !== expected) fail("digest-mismatch", { what, found, expected });
}
