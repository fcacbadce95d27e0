// A reference on the command line → an artifact, with its store where it has one: for the commands that look at what is
// attached to it.
import { fail } from "../errors/failure.ts";
import { hexOf } from "../net/digest.ts";
import { parseReference, shownRef } from "../net/reference.ts";
import type { Store, StoredManifest } from "../net/store.ts";
import {
  artifactReference,
  effectiveTarget,
  fetchUrl,
  openStore,
  type Remote,
} from "../oci/remote.ts";
import { type Artifact, openArtifact, plainArtifact } from "../supply/artifact.ts";
import type { Io } from "./io.ts";
import { readModule } from "./ref.ts";
import { letGo, type RemoteFlags, remoteOf } from "./remote-flags.ts";

/** Runs something that reaches others, and lets go of the connections. */
export async function reaching<T>(
  flags: RemoteFlags,
  io: Io,
  work: (remote: Remote) => Promise<T>,
): Promise<T> {
  const remote = await remoteOf(flags, io);
  try {
    return await work(remote);
  } finally {
    await letGo(remote);
  }
}

/** What any reference names; with `signatures`, what is attached to it is wanted too. Throws what reading it throws. */
export async function artifactOf(
  text: string,
  remote: Remote,
  flags: RemoteFlags,
  io: Io,
  options: { readonly signatures?: boolean } = {},
): Promise<Artifact> {
  const reference = parseReference(text);
  const ref = shownRef(text);
  io.progress(`reading ${ref}`);
  if (reference.kind === "file")
    return plainArtifact(ref, (await readModule(text, flags, io)).bytes);
  if (reference.kind === "url") {
    const { bytes, digest } = await fetchUrl(reference, remote);
    return plainArtifact(ref, bytes, reference.digest, hexOf(digest));
  }
  const target = await effectiveTarget(reference);
  return openArtifact(openStore(reference, remote), target, ref, reference.digest, options);
}

/** The manifest of an artifact that is to be signed, whatever it holds. */
export async function manifestOf(
  text: string,
  remote: Remote,
): Promise<{ readonly store: Store; readonly stored: StoredManifest; readonly ref: string }> {
  const reference = artifactReference(parseReference(text));
  const store = openStore(reference, remote);
  const target = await effectiveTarget(reference);
  const stored = await store.getManifest(target);
  if (stored === null) return fail("manifest-missing", { target, store: store.name });
  return { store, stored, ref: shownRef(text) };
}
