// The plugin that a command hardens, with everything that its policy demands of it shown: manifest, signatures, the lock.
// A policy that demands nothing costs nothing here: a file opens no connection and loads no code for signatures.
import { fail } from "../errors/failure.ts";
import { parseReference } from "../net/reference.ts";
import type { Policy } from "../policy/policy.ts";
import type { Artifact } from "../supply/artifact.ts";
import type { Shown } from "../supply/source.ts";
import type { Io } from "./io.ts";
import { readModule } from "./ref.ts";
import type { RemoteFlags } from "./remote-flags.ts";

export interface SourceFlags extends RemoteFlags {
  readonly policy: string | undefined;
  /** Bundles beside the plugin. */
  readonly bundle?: readonly string[] | undefined;
  readonly lock?: string | undefined;
}

export interface Source {
  readonly artifact: Artifact;
  /** What `contain` holds the policy's pins against. */
  readonly shown: Shown;
}

async function lockedPin(policy: Policy, artifact: Artifact, file: string): Promise<void> {
  const { readLock } = await import("./lock-file.ts");
  const entry = (await readLock(file)).plugins[policy.name];
  if (entry === undefined) return fail("lock-unknown", { file, name: policy.name });
  const own = artifact.at?.subject.digest ?? null;
  const [expected, found] =
    entry.manifest !== null && own !== null
      ? [entry.manifest, own]
      : [entry.sha256, artifact.sha256];
  if (expected !== found) fail("lock-pin", { name: policy.name, expected, found });
}

/** Reads the plugin that a reference names and checks what the policy demands of its source. */
export async function sourceOf(
  text: string,
  policy: Policy,
  flags: SourceFlags,
  io: Io,
): Promise<Source> {
  const { artifactOf, reaching } = await import("./artifact-ref.ts");
  const { plainArtifact } = await import("../supply/artifact.ts");
  const { checkSource } = await import("../supply/source.ts");
  const { bundlesOf, policyKeys } = await import("./trust-flags.ts");
  const signedBy = await policyKeys(policy, flags.policy);
  const bundles = await bundlesOf(flags.bundle);
  const checked = async (artifact: Artifact): Promise<Source> => {
    if (flags.lock !== undefined) await lockedPin(policy, artifact, flags.lock);
    const demanded = { manifest: policy.manifest, signedBy };
    return { artifact, shown: await checkSource(artifact, demanded, bundles) };
  };
  if (parseReference(text).kind === "file") {
    const { bytes } = await readModule(text, flags, io);
    return checked(plainArtifact(text, bytes));
  }
  return reaching(flags, io, async (remote) => checked(await artifactOf(text, remote, flags, io)));
}

/** A policy whose demands on its source have been shown to hold; its digest stays. */
export const shownPolicy = (policy: Policy): Policy =>
  Object.freeze({ ...policy, manifest: null, signedBy: Object.freeze([]) });
