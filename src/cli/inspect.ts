// `glovebox inspect REF [--write-policy FILE]`: the report for people or as JSON, and the least policy as a file.
// Exit 1 only where a stock Envoy would refuse the module or crash by it.
import { Failure, fail } from "../errors/failure.ts";
import { inspect } from "../inspect/inspect.ts";
import { leastPolicy } from "../inspect/least-policy.ts";
import { parseReference, pluginName } from "../net/reference.ts";
import { type RoleName, role, roles } from "../policy/roles.ts";
import { closest } from "../util/closest.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import { inspectText } from "./inspect-text.ts";
import type { Io } from "./io.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";
import { readModule } from "./ref.ts";

function roleOf(name: string | undefined): RoleName | undefined {
  if (name === undefined || role(name) !== undefined) return name as RoleName | undefined;
  const names = Object.keys(roles);
  const args = {
    path: "--role",
    choices: names.join(", "),
    found: JSON.stringify(name.slice(0, 60)),
    closest: closest(name, names) ?? names.join(" or "),
  };
  return fail("policy-bad-choice", args, { at: "flag", flag: "--role" });
}

/** Writes the policy; an existing file stays unless `force` is given, and the module always does. */
async function writePolicy(
  ref: string,
  file: string,
  text: string,
  force: boolean | undefined,
): Promise<void> {
  const flag = "--write-policy";
  await refuseInputAsOutput([ref], file, flag);
  try {
    await writeOutput(file, text, { create: force !== true });
  } catch (error) {
    const exists =
      error instanceof Failure && (error.cause as { code?: string })?.code === "EEXIST";
    if (exists) fail("inspect-policy-exists", { file }, { at: "flag", flag }, error);
    throw error;
  }
}

export async function run({ args, flags }: InputOf<"inspect">, io: Io): Promise<Outcome> {
  const chosen = roleOf(flags.role);
  const { ref, bytes } = await readModule(args.ref, flags, io);
  io.progress(`inspecting ${ref}`);
  const report = inspect(bytes, chosen === undefined ? {} : { role: chosen });
  const policyFile = flags["write-policy"];
  if (policyFile !== undefined) {
    const text = leastPolicy(report, { name: pluginName(parseReference(ref)), url: ref });
    await writePolicy(ref, policyFile, text, flags.force);
  }
  const written = policyFile === undefined ? "" : `\npolicy written to ${policyFile}\n`;
  return {
    exit: report.findings.some((one) => one.level === "error") ? 1 : 0,
    result: { ref, policyFile: policyFile ?? null, report },
    text: () => `${inspectText(ref, report, io.styles)}${written}`,
  };
}
