// `glovebox verify REF -p POLICY`: the four checks of an artifact, in their order, as a list; exit 1 when one fails. A
// file without signers to look for opens no connection.
import type { Finding } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { parseReference } from "../net/reference.ts";
import type { Policy } from "../policy/policy.ts";
import { PAGE } from "../spec/binary.ts";
import { RESERVED } from "../spec/layout.ts";
import { type Artifact, plainArtifact } from "../supply/artifact.ts";
import { type ArtifactReport, checkArtifact } from "../supply/check-artifact.ts";
import type { Check } from "../supply/steps.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { policyFrom } from "./policy-source.ts";
import { readModule } from "./ref.ts";
import { bundlesOf, trustOf } from "./trust-flags.ts";
import { count, sizeOf } from "./units.ts";

type Flags = InputOf<"verify">["flags"];

/** What was checked against, in one block: the policy is a part of what has to be trusted. */
function promises(policy: Policy): readonly string[] {
  const { limits } = policy;
  const callbacks =
    policy.callbacks === "all" ? "all that it exports" : [...policy.callbacks].join(", ");
  return [
    `  memory       at most ${sizeOf(limits.memoryPages * PAGE)}`,
    `  fuel         ${count(limits.fuel.callback)} a callback, ${count(limits.fuel.start)} at start (${limits.fuel.mode}, costs ${limits.fuel.costs})`,
    `  stack        at most ${sizeOf(limits.stackBytes)}, ${count(limits.callDepth)} nested calls`,
    `  may call     ${[...policy.allow].join(", ") || "nothing"}`,
    `  callbacks    ${callbacks}`,
  ];
}

/** A module without our stamp was most likely never hardened; only a hint, since the stamp proves nothing. */
function unhardenedHint(bytes: Uint8Array, first: Finding | undefined): string {
  return first?.code === "verify-malformed" ||
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(`\x08${RESERVED}`)
    ? ""
    : "It carries no stamp of Glovebox: harden it first (`glovebox harden`).\n";
}

function checkLine({ check, status, by }: Check, report: ArtifactReport): string {
  const said = status.replace("-", " ");
  const who = check === "containment" || by.length === 0 ? "" : ` (${by.join(", ")})`;
  const needless =
    check === "attestation" && status === "held" && report.contained
      ? ": needed for nothing here, since the bytes themselves were checked"
      : "";
  return `  ${check.padEnd(13)}${said}${who}${needless}`;
}

function text(artifact: Artifact, policy: Policy, report: ArtifactReport, io: Io): string {
  const { styles } = io;
  const { checks, accepted, contained } = report;
  const list = checks.map((check) => `${checkLine(check, report)}\n`).join("");
  // What is only worth knowing stands in the list.
  const findings = checks
    .flatMap((check) => check.findings)
    .filter(({ level }) => level !== "info" || !accepted);
  const found = findings.map((one) => `${renderFinding(one)}\n`).join("");
  if (accepted) {
    const head = `${styles.good("contained")}: ${artifact.ref} keeps what policy ${policy.name} promises`;
    return `${found}${head}\n${list}${promises(policy).join("\n")}\n`;
  }
  const total = `${count(findings.length)} ${findings.length === 1 ? "finding" : "findings"}`;
  const verdict = contained ? "refused, though contained" : "not contained";
  const inner = checks.find(({ check }) => check === "containment")?.findings[0];
  const hint = contained ? "" : unhardenedHint(artifact.module, inner);
  return `${found}${styles.bad(verdict)}: ${artifact.ref}, ${total}\n${list}${hint}`;
}

async function check(artifact: Artifact, policy: Policy, flags: Flags): Promise<ArtifactReport> {
  return checkArtifact(artifact, {
    policy,
    original: { sha256: policy.sha256, manifest: policy.manifest },
    trust: await trustOf("verify", flags, policy, flags.policy),
    pin: null,
    requireAttestation: flags["require-attestation"] === true,
    bundles: await bundlesOf(flags.bundle),
  });
}

export async function run({ args, flags }: InputOf<"verify">, io: Io): Promise<Outcome> {
  const policy = await policyFrom("verify", flags, io);
  const verified = async (artifact: Artifact): Promise<readonly [Artifact, ArtifactReport]> => {
    io.progress(`verifying ${artifact.ref}`);
    return [artifact, await check(artifact, policy, flags)];
  };
  const isFile = parseReference(args.ref).kind === "file";
  const [artifact, report] = isFile
    ? await verified(plainArtifact(args.ref, (await readModule(args.ref, flags, io)).bytes))
    : await (async () => {
        const signed = flags.key !== undefined || flags.identity !== undefined;
        const signatures = signed || policy.signedBy.length > 0;
        const { artifactOf, reaching } = await import("./artifact-ref.ts");
        return reaching(flags, io, async (remote) =>
          verified(await artifactOf(args.ref, remote, flags, io, { signatures })),
        );
      })();
  const { checks, accepted, contained, hardening } = report;
  return {
    exit: accepted ? 0 : 1,
    result: {
      ref: artifact.ref,
      accepted,
      contained,
      bytes: artifact.module.length,
      sha256: artifact.sha256,
      manifest: artifact.at?.subject.digest ?? null,
      policy: { name: policy.name, role: policy.role, digest: policy.digest },
      checks: checks.map(({ check: name, status, by }) => ({ check: name, status, by })),
      attestation: hardening,
      findings: checks.flatMap((one) => one.findings),
    },
    text: () => text(artifact, policy, report, io),
  };
}
