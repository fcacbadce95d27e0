// `glovebox policy learn REF --traffic FILE`: what the plugin did as a policy that grants that and nothing else, played
// again under it as a proof. The policy goes to standard output or, with -o, into a file.
import { Failure, type Finding, fail } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { policyName } from "../inspect/least-policy.ts";
import {
  leastPolicyText,
  type Proof,
  policyOf,
  proofFindings,
  prove,
  recordFindings,
  underRules,
  watchWide,
} from "../learn/learn.ts";
import { role, roles } from "../policy/roles.ts";
import { mergeRecords } from "../record/merge.ts";
import { closest } from "../util/closest.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import { fitOptions, type GivenEvidence, playOptions, readEvidence } from "./evidence.ts";
import type { Io } from "./io.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";
import { readModule } from "./ref.ts";
import { usage } from "./usage.ts";

type Flags = InputOf<"policy learn">["flags"];

function roleOf(name: string | undefined): string | null {
  if (name === undefined) return null;
  if (role(name) !== undefined) return name;
  const near = closest(name, Object.keys(roles));
  const meant = near === undefined ? Object.keys(roles).join(", ") : `did you mean ${near}?`;
  return usage("policy learn", `there is no role ${name} (${meant})`);
}

async function write(file: string, text: string, inputs: readonly string[], flags: Flags) {
  await refuseInputAsOutput(inputs, file);
  try {
    await writeOutput(file, text, { create: flags.force !== true });
  } catch (error) {
    const exists =
      error instanceof Failure && (error.cause as { code?: string })?.code === "EEXIST";
    if (exists) fail("inspect-policy-exists", { file }, { at: "flag", flag: "--output" }, error);
    throw error;
  }
}

function summary(given: GivenEvidence, proof: Proof | null, findings: readonly Finding[]): string {
  const skipped =
    given.skipped === 0 ? "" : `${given.skipped} entries that are no requests were left out\n`;
  const again =
    proof === null
      ? "not played again: a record holds no requests\n"
      : `played again, hardened under this policy: ${proof.same} of ${proof.total} requests are the same, ${
          proof.denied.length === 0 ? "nothing" : proof.denied.join(", ")
        } was denied\n`;
  return `${skipped}${again}${findings.map((one) => `${renderFinding(one)}\n`).join("")}`;
}

export async function run({ args, flags }: InputOf<"policy learn">, io: Io): Promise<Outcome> {
  const roleName = roleOf(flags.role);
  const fit = fitOptions("policy learn", flags);
  const module = await readModule(args.ref, flags, io);
  const { bytes, ref } = module;
  const given = await readEvidence("policy learn", flags, module);
  const options = playOptions(ref, flags);
  io.progress(`watching ${ref}`);
  const name = policyName(options.name);
  const watched =
    given.requests.length === 0 ? null : watchWide(bytes, name, given.requests, options);
  const deep = watched?.deep ?? false;
  const words = { ...fit, deep, role: roleName, name, url: ref, origin: given.origin };
  const own = watched === null ? [] : [underRules(bytes, watched, words, given.requests, options)];
  const record = mergeRecords([...own, ...given.records]);
  if (record.requests === 0) fail("traffic-empty");
  const policy = leastPolicyText(record, words);
  const file = flags.output ?? null;
  // Also where there is no traffic to prove it: what is written can be read.
  const resolved = policyOf(policy, file ?? "policy");
  io.progress("playing again");
  const proof =
    watched === null ? null : prove(bytes, resolved, given.requests, watched.played, options);
  const findings = [
    ...resolved.warnings,
    ...recordFindings(record, watched?.played ?? null),
    ...(proof === null ? [] : proofFindings(proof)),
  ];
  const inputs = [ref, ...(flags.traffic ?? []), ...(flags.record ?? [])];
  if (file !== null) await write(file, policy, inputs, flags);
  const said = summary(given, proof, findings);
  if (file === null) io.note(said);
  return {
    exit: findings.some((one) => one.level === "error") ? 1 : 0,
    result: { ref, file, policy, proof, findings, record },
    text: () => (file === null ? policy : `policy written to ${file}\n${said}`),
  };
}
