// `glovebox policy diff A B`: what a change grants, narrows and alters, each grant with its reason or a finding.
import { type Finding, finding } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { type Change, diffPolicies } from "../policy/diff.ts";
import { parsePolicy } from "../policy/document.ts";
import { reasonFor } from "../policy/reasons.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { readText } from "./ref.ts";

type Reasoned = Change & { readonly reason: string | null };

function block({ what, direction, from, to, why, reason }: Reasoned, { styles }: Io): string {
  const sign = { grants: styles.bad("+"), narrows: styles.good("-"), changes: "~" }[direction];
  const given = reason === null ? "" : `\n    reason: ${reason}`;
  return `${sign} ${what}: ${from} → ${to}\n    ${why}${given}`;
}

export async function run({ args, flags }: InputOf<"policy diff">, io: Io): Promise<Outcome> {
  const texts = await Promise.all([readText(args.before), readText(args.after)]);
  const before = parsePolicy(texts[0]!, args.before);
  const after = parsePolicy(texts[1]!, args.after);
  const changes = diffPolicies(before, after).map((change): Reasoned => {
    const reason = change.direction === "grants" ? reasonFor(change, after, texts[1]!) : null;
    return { ...change, reason };
  });
  const grants = changes.filter((change) => change.direction === "grants");
  const findings: readonly Finding[] =
    flags["require-reason"] === true
      ? grants
          .filter(({ reason }) => reason === null)
          .map(({ what, from, to, path }) =>
            finding(
              "policy-grant-without-reason",
              "error",
              { what, from, to, file: args.after },
              after.settings.get(path)?.where ?? { at: "file", file: args.after },
            ),
          )
      : [];
  const summary = `${grants.length} granted, ${changes.filter((one) => one.direction === "narrows").length} narrowed, ${changes.filter((one) => one.direction === "changes").length} otherwise changed`;
  return {
    exit: findings.length > 0 ? 1 : 0,
    result: { changes, findings },
    text: () => {
      const lines = changes.map((change) => block(change, io));
      return `${[...lines, summary, ...findings.map(renderFinding)].join("\n")}\n`;
    },
  };
}
