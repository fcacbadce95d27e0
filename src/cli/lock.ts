// `glovebox lock -p POLICY…`: what every policy's reference stands for, after the policy's own pins and signers were
// held against it.
import { fail } from "../errors/failure.ts";
import { type LockedPlugin, writeLock } from "../supply/lock.ts";
import { reaching } from "./artifact-ref.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { LOCK_FILE } from "./lock-file.ts";
import { contentNow, type NamedPolicy, namedPolicies } from "./locked-policies.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";

function checkPins({ policy, url }: NamedPolicy, { manifest, sha256 }: LockedPlugin): void {
  const where = { at: "ref", ref: url } as const;
  if (policy.manifest !== null && policy.manifest !== manifest) {
    fail("source-manifest", { expected: policy.manifest, found: manifest ?? "none" }, where);
  }
  if (policy.sha256 !== null && policy.sha256 !== sha256) {
    fail("contain-pin", { expected: policy.sha256, found: sha256 }, where);
  }
}

export async function run({ flags }: InputOf<"lock">, io: Io): Promise<Outcome> {
  const named = await namedPolicies("lock", flags.policy, io);
  const output = flags.output ?? LOCK_FILE;
  for (const { file } of named) await refuseInputAsOutput([file], output);
  const plugins = await reaching(flags, io, async (remote) => {
    const found: Record<string, LockedPlugin> = {};
    for (const one of named) {
      const { entry, unsigned } = await contentNow(one, remote, flags, io);
      if (unsigned !== null) throw unsigned;
      checkPins(one, entry);
      found[one.policy.name] = entry;
    }
    return found;
  });
  const text = writeLock({ plugins });
  await writeOutput(output, text);
  const lines = Object.entries(plugins).map(
    ([name, { url, manifest, sha256 }]) =>
      `  ${name}: ${url}\n    manifest ${manifest ?? "none"}\n    module   ${sha256}\n`,
  );
  return {
    exit: 0,
    result: { output, plugins },
    text: () => `locked ${io.styles.bold(output)}\n${lines.join("")}`,
  };
}
