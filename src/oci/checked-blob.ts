// The checks that every blob passes before anybody sees it, whatever it comes from: its size before it is read, then
// its length and its digest.
import { fail } from "../errors/failure.ts";
import { checkDigest, hexOf } from "../net/digest.ts";
import type { Descriptor } from "../net/manifest.ts";

type Wanted = Pick<Descriptor, "digest" | "size">;

/** Throws `blob-too-large`. */
export function checkBlobLimit({ digest, size }: Wanted, limit: number): void {
  if (size > limit) fail("blob-too-large", { digest, size, limit });
}

/** Throws `blob-size` and `digest-mismatch`; `sha256` where it was computed as these bytes came in. */
export function checkBlob(
  bytes: Uint8Array,
  { digest, size }: Wanted,
  store: string,
  sha256?: string,
): void {
  if (bytes.length !== size) fail("blob-size", { digest, found: bytes.length, expected: size });
  if (sha256 !== undefined && hexOf(digest) === sha256) return;
  checkDigest(bytes, digest, `the blob ${digest} of ${store}`);
}
