// Where the artifacts of one repository are: a registry or a folder in OCI image layout. Whoever signs, verifies or
// locks knows this interface and nothing of what is behind it. Both implementations check the digest of everything
// that they give out, so that a caller never holds bytes of another name.
import { type Digest, hexOf } from "./digest.ts";
import type { Descriptor } from "./manifest.ts";

/** A manifest or an index as it is stored. */
export interface StoredManifest {
  /** Of `bytes`; its media type is the one that it was served with. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface Store {
  /** For messages: `oci://registry.example.com/team/auth`, `oci-layout:DIR`. */
  readonly name: string;
  /** The repository as signatures name it: `registry.example.com/team/auth`; of a folder its own name. */
  readonly repository: string;

  /** By tag or by digest; null where there is none. By digest, other bytes are `digest-mismatch`. */
  getManifest(target: string): Promise<StoredManifest | null>;
  /**
   * Writes a manifest whose blobs are there, and tags it if a tag is given. One with a `subject` is a referrer of it
   * from then on, also where the registry knows no referrers (a fallback tag is merged).
   */
  putManifest(bytes: Uint8Array, mediaType: string, tag?: string): Promise<Descriptor>;

  /** All bytes of a blob. Throws `blob-missing`, `blob-size`, `blob-too-large`, `digest-mismatch`. */
  getBlob(descriptor: Pick<Descriptor, "digest" | "size">, limit: number): Promise<Uint8Array>;
  hasBlob(digest: Digest): Promise<boolean>;
  /** Writes a blob if it isn't there. */
  putBlob(bytes: Uint8Array, mediaType: string): Promise<Descriptor>;

  /**
   * The manifests whose subject is this digest, in a fixed order; of one artifact type where it is given. What a
   * registry says about them is a hint: read each and look at its own `subject`.
   */
  listReferrers(digest: Digest, artifactType?: string): Promise<readonly Descriptor[]>;
  /** Sorted. */
  listTags(): Promise<readonly string[]>;
}

/** The tag that stands in for the referrers API, and (with a suffix) for cosign's older signatures: `sha256-HEX`. */
export const fallbackTag = (digest: Digest, suffix = ""): string =>
  `sha256-${hexOf(digest)}${suffix}`;
