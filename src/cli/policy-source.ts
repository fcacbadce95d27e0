// Where a command's policy comes from: --policy FILE, or --role NAME as the shortest document of that role;
// --mode replaces one field of either. Warnings about the document go to the notes, never to the result.
import { renderFinding } from "../errors/render.ts";
import { parsePolicy } from "../policy/document.ts";
import type { Policy } from "../policy/policy.ts";
import { resolvePolicy } from "../policy/resolve.ts";
import { role as findRole, roles } from "../policy/roles.ts";
import { API_VERSION, KIND } from "../policy/schema.ts";
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

async function source(
  command: CommandName,
  { policy, role }: PolicyFlags,
): Promise<{ text: string; file: string }> {
  if (policy !== undefined && role !== undefined) {
    usage(command, "give --policy or --role, not both");
  }
  if (policy !== undefined) return { text: await readText(policy), file: policy };
  if (role === undefined) usage(command, "a policy is missing: give --policy FILE or --role NAME");
  if (findRole(role) === undefined) {
    const near = closest(role, Object.keys(roles));
    const meant = near === undefined ? Object.keys(roles).join(", ") : `did you mean ${near}?`;
    usage(command, `there is no role ${role} (${meant})`);
  }
  const metadata = { name: role };
  const document = { apiVersion: API_VERSION, kind: KIND, metadata, spec: { role } };
  return { text: JSON.stringify(document), file: "--role" };
}

/** The resolved policy. Throws what reading and parsing throw. */
export async function policyFrom(
  command: CommandName,
  flags: PolicyFlags,
  io: Io,
): Promise<Policy> {
  const { text, file } = await source(command, flags);
  const document = parsePolicy(text, file);
  const settings = new Map(document.settings);
  if (flags.mode !== undefined) {
    settings.set("spec.limits.fuel.mode", {
      value: flags.mode,
      where: { at: "flag", flag: "--mode" },
    });
  }
  const policy = resolvePolicy({ ...document, settings });
  for (const warning of policy.warnings) io.note(`${renderFinding(warning)}\n`);
  return policy;
}
