// Where a command's policy comes from: --policy FILE, or --role NAME as the shortest document of that role.
// Exactly one of the two.
import type { Policy } from "../policy/policy.ts";
import type { CommandName } from "./commands.ts";
import { readText } from "./ref.ts";
import { usage } from "./usage.ts";

interface PolicyFlags {
  readonly policy: string | undefined;
  readonly role: string | undefined;
}

/** The resolved policy. Throws what reading, parsing and resolving throw. */
export async function policyFrom(command: CommandName, flags: PolicyFlags): Promise<Policy> {
  const { policy: file, role } = flags;
  if (file !== undefined && role !== undefined) usage(command, "give --policy or --role, not both");
  const { loadPolicy } = await import("../policy/load.ts");
  if (file !== undefined) return loadPolicy(await readText(file), file);
  if (role === undefined) usage(command, "a policy is missing: give --policy FILE or --role NAME");
  const document = {
    apiVersion: "glovebox.dev/v1alpha1",
    kind: "PluginPolicy",
    metadata: { name: "role" },
    spec: { role },
  };
  return loadPolicy(JSON.stringify(document), `--role ${role}`);
}
