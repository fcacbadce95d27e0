// The policies that `serve` is given → its plugins' sources. A reference is opened as every other command opens it, with
// the policy's pins and signers and the lock held against it each time.
import { fail } from "../errors/failure.ts";
import { parseReference } from "../net/reference.ts";
import type { PluginSource } from "../serve/module-server.ts";
import type { Io } from "./io.ts";
import { policyFrom } from "./policy-source.ts";
import type { RemoteFlags } from "./remote-flags.ts";
import { sourceOf } from "./source.ts";
import { usage } from "./usage.ts";

/** A repository's name of one part. */
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

export interface SourceFlags extends RemoteFlags {
  readonly policy: readonly string[] | undefined;
  readonly lock: string | undefined;
}

/** Throws `serve-no-source`, `serve-twice`, `serve-name`, and what reading policies throws. */
export async function sourcesOf(flags: SourceFlags, io: Io): Promise<readonly PluginSource[]> {
  const files = flags.policy ?? [];
  if (files.length === 0) usage("serve", "name the policies: -p FILE");
  const found = new Map<string, { readonly file: string; readonly source: PluginSource }>();
  for (const file of files) {
    const policy = await policyFrom("serve", { policy: file, role: undefined }, io);
    const { name, url } = policy;
    const where = { at: "file", file } as const;
    if (url === null) return fail("serve-no-source", { name }, where);
    if (!NAME.test(name)) fail("serve-name", { name }, where);
    const first = found.get(name)?.file;
    if (first !== undefined) fail("serve-twice", { name, first, second: file }, where);
    const reference = parseReference(url);
    const pinned =
      (reference.kind !== "file" && reference.digest !== null) ||
      policy.sha256 !== null ||
      policy.manifest !== null ||
      flags.lock !== undefined;
    const { ca, credentials, lock } = flags;
    const asked = { ca, credentials, lock, "plain-http": flags["plain-http"], policy: file };
    const open = () => sourceOf(url, policy, asked, io);
    found.set(name, { file, source: { name, policy, pinned, open } });
  }
  return [...found.values()].map(({ source }) => source);
}
