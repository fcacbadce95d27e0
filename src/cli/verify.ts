// `glovebox verify REF -p POLICY`: prints what verify finds; exit 1 when it finds anything.
import type { Finding } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import type { Policy } from "../policy/policy.ts";
import { PAGE } from "../spec/binary.ts";
import { RESERVED } from "../spec/layout.ts";
import { verify } from "../verify/verify.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { policyFrom } from "./policy-source.ts";
import { readModule } from "./ref.ts";
import { count, sizeOf } from "./units.ts";

/** What was checked against, in one block: the policy is a part of what has to be trusted. */
function promises(policy: Policy): readonly string[] {
  const { limits } = policy;
  const callbacks =
    policy.callbacks === "all" ? "all that it exports" : [...policy.callbacks].join(", ");
  return [
    `  memory     at most ${sizeOf(limits.memoryPages * PAGE)}`,
    `  fuel       ${count(limits.fuel.callback)} a callback, ${count(limits.fuel.start)} at start (${limits.fuel.mode}, costs ${limits.fuel.costs})`,
    `  stack      at most ${sizeOf(limits.stackBytes)}, ${count(limits.callDepth)} nested calls`,
    `  may call   ${[...policy.allow].join(", ") || "nothing"}`,
    `  callbacks  ${callbacks}`,
    ...(policy.sha256 === null
      ? []
      : ["  pin        source.sha256 names the original's bytes: harden checks it, verify cannot"]),
  ];
}

/** A module without our stamp was most likely never hardened; only a hint, since the stamp proves nothing. */
function unhardenedHint(bytes: Uint8Array, first: Finding | undefined): string {
  return first?.code === "verify-malformed" || Buffer.from(bytes).includes(`\x08${RESERVED}`)
    ? ""
    : "It carries no stamp of Glovebox: harden it first (`glovebox harden`).\n";
}

export async function run({ args, flags }: InputOf<"verify">, io: Io): Promise<Outcome> {
  const policy = await policyFrom("verify", flags, io);
  const { bytes } = await readModule(args.ref, flags, io);
  io.progress(`verifying ${args.ref}`);
  const findings: readonly Finding[] = verify(bytes, policy);
  const contained = !findings.some((finding) => finding.level === "error");
  const { styles } = io;
  return {
    exit: contained ? 0 : 1,
    result: {
      ref: args.ref,
      contained,
      bytes: bytes.length,
      policy: { name: policy.name, role: policy.role, digest: policy.digest },
      findings,
    },
    text: () =>
      contained
        ? `${styles.good("contained")}: ${args.ref} keeps what policy ${policy.name} promises\n${promises(policy).join("\n")}\n`
        : `${findings.map(renderFinding).join("\n")}\n${styles.bad("not contained")}: ${args.ref}, ${count(findings.length)} ${findings.length === 1 ? "finding" : "findings"}\n${unhardenedHint(bytes, findings[0])}`,
  };
}
