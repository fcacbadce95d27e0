// An artifact, read once: its manifest by tag or digest, and its module by the digests in it. What is checked later is
// checked of these bytes, so a tag that moves meanwhile changes nothing.
import { fail } from "../errors/failure.ts";
import { type Digest, hexOf } from "../net/digest.ts";
import type { Descriptor } from "../net/manifest.ts";
import type { Store } from "../net/store.ts";
import { type PulledModule, readStored } from "../oci/read-artifact.ts";
import { type Candidate, candidatesOf } from "../signing/candidates.ts";
import { sha256 } from "../util/digest.ts";

export interface Artifact {
  /** As the user named it. */
  readonly ref: string;
  readonly module: Uint8Array;
  /** Of the module, in hex. */
  readonly sha256: string;
  /** Where it lies; null for a file or a download. */
  readonly at: {
    readonly store: Store;
    readonly subject: Descriptor;
    /** What is attached to it, where that was asked for along with it. */
    readonly attached?: Promise<readonly Candidate[]>;
  } | null;
  /** What the reference itself pins: a manifest in a store, a module elsewhere. */
  readonly pinned: Digest | null;
  /** How the module lies in its manifest; null where there is none. */
  readonly pulled: PulledModule | null;
}

/** Bytes that came without a manifest. */
export function plainArtifact(
  ref: string,
  module: Uint8Array,
  pinned: Digest | null = null,
  hex = sha256(module),
): Artifact {
  return { ref, module, sha256: hex, at: null, pinned, pulled: null };
}

/**
 * Reads what a target (tag or digest) of a store stands for; with `signatures`, also asks for what is attached to it while
 * the module is on its way. Throws what reading throws.
 */
export async function openArtifact(
  store: Store,
  target: string,
  ref: string,
  pinned: Digest | null,
  { signatures = false }: { readonly signatures?: boolean } = {},
): Promise<Artifact> {
  const stored = await store.getManifest(target);
  if (stored === null) return fail("manifest-missing", { target, store: store.name });
  const subject = stored.descriptor;
  const attached = signatures ? candidatesOf(store, subject.digest) : undefined;
  // Whoever judges it meets the reason; who finds the module unreadable first has a better one.
  attached?.catch(() => {});
  const pulled: PulledModule = await readStored(store, stored, ref);
  return {
    ref,
    module: pulled.module,
    sha256: hexOf(pulled.digest),
    at: { store, subject, ...(attached && { attached }) },
    pinned,
    pulled,
  };
}

/** What is attached to it in its store, and the bundles that were given beside it. */
export async function attachedTo(
  artifact: Artifact,
  given: readonly Candidate[],
): Promise<readonly Candidate[]> {
  if (artifact.at === null) return given;
  const { store, subject, attached } = artifact.at;
  return [...given, ...(await (attached ?? candidatesOf(store, subject.digest)))];
}
