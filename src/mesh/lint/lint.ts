// Documents → findings: every rule over every document, then what comments suppress. Pure: the same documents and
// context give the same findings, in the order of the files.
import type { MeshDocument } from "../model.ts";
import type { FileRead } from "../read/read-file.ts";
import { inOrder, type LintFinding, lintFinding } from "./findings.ts";
import type { Context, Rule } from "./rule.ts";
import { rules as allRules } from "./rules.ts";
import { suppress } from "./suppress.ts";

export interface LintResult {
  readonly findings: readonly LintFinding[];
  /** Findings that comments took out. */
  readonly suppressed: number;
}

function runRule(
  rule: Rule,
  documents: readonly MeshDocument[],
  context: Context,
): readonly LintFinding[] {
  const found: LintFinding[] = [];
  for (const document of documents) {
    const say: Parameters<NonNullable<Rule["use"]>>[2] = (at, args = {}, more = {}) => {
      const level = more.level ?? rule.level;
      found.push(lintFinding(document.file, rule.id, level, at, args, more.fix));
    };
    rule.document?.(document, context, say);
    if (rule.use !== undefined) for (const use of document.uses) rule.use(use, context, say);
  }
  rule.project?.(documents, context, ({ file }, at, args = {}, more = {}) => {
    found.push(lintFinding(file, rule.id, more.level ?? rule.level, at, args, more.fix));
  });
  return found;
}

/** What one alias or one shared block earns several times is said once. */
function once(findings: readonly LintFinding[]): LintFinding[] {
  const seen = new Set<string>();
  return findings.filter((one) => {
    const key = `${one.file.name}\0${one.at}\0${one.code}\0${one.message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

/** Lints what was read. */
export function lint(
  reads: readonly FileRead[],
  context: Context,
  rules: readonly Rule[] = allRules,
): LintResult {
  const problems = reads.flatMap(({ file, problems: notes }) =>
    notes.map((note) => lintFinding(file, note.code, note.level, note.at, note.args, undefined)),
  );
  const documents = reads.flatMap((read) => read.documents);
  const found = once([...problems, ...rules.flatMap((rule) => runRule(rule, documents, context))]);
  const { findings, suppressed } = suppress(reads, found, rules);
  return { findings: inOrder(findings), suppressed };
}
