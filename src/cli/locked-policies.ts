// The policies of `lock` and `update`, and what their references stand for now.
import { Failure, fail } from "../errors/failure.ts";
import type { Remote } from "../oci/remote.ts";
import type { Policy } from "../policy/policy.ts";
import type { Artifact } from "../supply/artifact.ts";
import { lockedPlugin } from "../supply/capabilities.ts";
import type { LockedPlugin } from "../supply/lock.ts";
import { checkSource } from "../supply/source.ts";
import { artifactOf } from "./artifact-ref.ts";
import type { Io } from "./io.ts";
import { policyFrom } from "./policy-source.ts";
import type { RemoteFlags } from "./remote-flags.ts";
import { policyKeys } from "./trust-flags.ts";
import { usage } from "./usage.ts";

export interface NamedPolicy {
  readonly file: string;
  readonly policy: Policy;
  /** The policy's reference, without a digest. */
  readonly url: string;
}

/** Throws `lock-no-source` and `lock-twice`. */
export async function namedPolicies(
  command: "lock" | "update",
  files: readonly string[] = [],
  io: Io,
): Promise<readonly NamedPolicy[]> {
  if (files.length === 0) usage(command, "name the policies: -p FILE");
  const found = new Map<string, NamedPolicy>();
  for (const file of files) {
    const policy = await policyFrom(command, { policy: file, role: undefined }, io);
    const { name, url } = policy;
    const where = { at: "file", file } as const;
    if (url === null) return fail("lock-no-source", { name }, where);
    const other = found.get(name);
    if (other !== undefined) fail("lock-twice", { name, first: other.file, second: file }, where);
    found.set(name, { file, policy, url: url.replace(/@sha256:[0-9a-f]{64}$/, "") });
  }
  return [...found.values()];
}

export interface Now {
  readonly entry: LockedPlugin;
  /** Why the policy's signers don't stand behind it; null where they do, or none are named. */
  readonly unsigned: Failure | null;
  readonly signed: boolean;
}

/** What a policy's reference stands for now. The policy's own pins are not held against it: they may be what changes. */
export async function contentNow(
  { file, policy, url }: NamedPolicy,
  remote: Remote,
  flags: RemoteFlags,
  io: Io,
): Promise<Now & { readonly artifact: Artifact }> {
  const artifact = await artifactOf(url, remote, flags, io);
  const entry = lockedPlugin(url, artifact);
  const signedBy = await policyKeys(policy, file);
  const signed = signedBy.length > 0;
  try {
    await checkSource(artifact, { manifest: null, signedBy });
    return { artifact, entry, unsigned: null, signed };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { artifact, entry, unsigned: error, signed };
  }
}
