// Where a command's policy comes from: --policy FILE, or --role NAME with the role's template; --mode replaces
// one field of either. Warnings about the document go to the notes, never to the result. The reader of YAML is
// loaded only where there is a file to read.
import { renderFinding } from "../errors/render.ts";
import type { Policy } from "../policy/policy.ts";
import { resolvePolicy } from "../policy/resolve.ts";
import { roles } from "../policy/roles.ts";
import { API_VERSION, KIND } from "../policy/schema.ts";
import type { PolicyDocument, Setting } from "../policy/settings.ts";
import { closest } from "../util/closest.ts";
import type { CommandName } from "./commands.ts";
import type { Io } from "./io.ts";
import { readText } from "./ref.ts";
import { usage } from "./usage.ts";

interface PolicyFlags {
  readonly policy: string | undefined;
  readonly role: string | undefined;
  readonly mode?: string | undefined;
}

const flagged = (flag: string, value: string): Setting => ({ value, where: { at: "flag", flag } });

async function documentOf(
  command: CommandName,
  { policy, role }: PolicyFlags,
): Promise<PolicyDocument> {
  if (policy !== undefined && role !== undefined) {
    usage(command, "give --policy or --role, not both");
  }
  if (policy !== undefined) {
    const { parsePolicy } = await import("../policy/document.ts");
    return parsePolicy(await readText(policy), policy);
  }
  if (role === undefined) usage(command, "a policy is missing: give --policy FILE or --role NAME");
  if (!Object.hasOwn(roles, role)) {
    const near = closest(role, Object.keys(roles));
    const meant = near === undefined ? Object.keys(roles).join(", ") : `did you mean ${near}?`;
    usage(command, `there is no role ${role} (${meant})`);
  }
  const fields = { apiVersion: API_VERSION, kind: KIND, "metadata.name": role, "spec.role": role };
  const settings = Object.entries(fields).map(([path, value]) => {
    return [path as keyof typeof fields, flagged("--role", value)] as const;
  });
  return { file: "--role", settings: new Map(settings), warnings: [] };
}

/** The resolved policy and the document that it comes from. Throws what reading and parsing throw. */
export async function policyAndDocument(
  command: CommandName,
  flags: PolicyFlags,
  io: Io,
): Promise<{ readonly policy: Policy; readonly document: PolicyDocument }> {
  const document = await documentOf(command, flags);
  const settings = new Map(document.settings);
  if (flags.mode !== undefined)
    settings.set("spec.limits.fuel.mode", flagged("--mode", flags.mode));
  const policy = resolvePolicy({ ...document, settings });
  for (const warning of policy.warnings) io.note(`${renderFinding(warning)}\n`);
  return { policy, document };
}

/** The resolved policy. Throws what reading and parsing throw. */
export async function policyFrom(
  command: CommandName,
  flags: PolicyFlags,
  io: Io,
): Promise<Policy> {
  return (await policyAndDocument(command, flags, io)).policy;
}
