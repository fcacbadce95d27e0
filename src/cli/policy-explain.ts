// `glovebox policy explain [PATH]`: rows of the policy schema, for people and for programs.
import {
  describeDefault,
  describeKind,
  explainPolicy,
  renderExplanation,
} from "../policy/explain.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";

export async function run({ args }: InputOf<"policy explain">): Promise<Outcome> {
  const rows = explainPolicy(args.path);
  const fields = rows.map((row) => ({
    path: row.path,
    doc: row.doc,
    value: describeKind(row),
    default: describeDefault(row) ?? null,
    required: row.required === true,
  }));
  return { exit: 0, result: { fields }, text: () => renderExplanation(rows) };
}
