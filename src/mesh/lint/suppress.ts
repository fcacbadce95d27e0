// `# glovebox-ignore RULE: REASON` on a finding's line or the line above it, and `# glovebox-ignore-file RULE: REASON`
// anywhere in the file. Without a reason it counts for nothing, and one that suppresses nothing is said.
import { closest } from "../../util/closest.ts";
import { position } from "../envoy/read/tree.ts";
import type { TextFile } from "../model.ts";
import { type LintFinding, lintFinding } from "./findings.ts";
import type { Rule } from "./rule.ts";

const comment =
  /(?:^|[ \t])#[ \t]*glovebox-ignore(-file)?[ \t]+([a-z0-9-]+)[ \t]*(?::[ \t]*([^\r\n]*))?/gm;

interface Suppression {
  readonly file: TextFile;
  readonly at: number;
  readonly line: number;
  readonly rule: string;
  readonly reason: string;
  readonly wholeFile: boolean;
  /** Nothing but the comment stands in its line. */
  readonly alone: boolean;
  used: boolean;
}

function suppressionsIn(file: TextFile): Suppression[] {
  if (!file.text.includes("glovebox-ignore")) return [];
  return [...file.text.matchAll(comment)].map((match) => {
    const at = match.index + match[0].indexOf("#");
    const { line } = position(file.source, at);
    const start = file.source.lineStarts[line - 1]!;
    return {
      file,
      at,
      line,
      rule: match[2]!,
      reason: (match[3] ?? "").trim(),
      wholeFile: match[1] !== undefined,
      alone: file.text.slice(start, at).trim() === "",
      used: false,
    };
  });
}

/** The line that a comment of its own line speaks for: the next that is no comment. */
function lineAfter({ file, line }: Suppression): number {
  const lines = file.source.lineStarts;
  let next = line;
  while (next < lines.length) {
    const text = file.text.slice(lines[next]!, lines[next + 1] ?? file.text.length);
    if (!/^\s*#/.test(text)) break;
    next++;
  }
  return next + 1;
}

function covers(one: Suppression, found: LintFinding): boolean {
  if (one.rule !== found.code || one.file !== found.file || one.reason === "") return false;
  if (one.wholeFile) return true;
  return found.line === (one.alone ? lineAfter(one) : one.line);
}

/** What a comment itself earns. */
function judged(one: Suppression, rules: readonly Rule[]): LintFinding | undefined {
  const { file, at, rule } = one;
  if (!rules.some(({ id }) => id === rule)) {
    const near = closest(
      rule,
      rules.map(({ id }) => id),
    );
    const suggestion = near === undefined ? "docs/rules lists them" : `Did you mean ${near}?`;
    return lintFinding(file, "suppression-unknown", "error", at, { rule, suggestion }, undefined);
  }
  if (one.reason === "") {
    return lintFinding(file, "suppression-without-reason", "error", at, { rule }, undefined);
  }
  if (one.used) return undefined;
  return lintFinding(file, "suppression-unused", "warning", at, { rule }, undefined);
}

/** Takes out what comments suppress, and adds what is wrong with the comments. */
export function suppress(
  files: readonly TextFile[],
  findings: readonly LintFinding[],
  rules: readonly Rule[],
): { readonly findings: readonly LintFinding[]; readonly suppressed: number } {
  const all = files.flatMap(suppressionsIn);
  if (all.length === 0) return { findings, suppressed: 0 };
  const kept = findings.filter((found) => {
    const covering = all.filter((one) => covers(one, found));
    for (const one of covering) one.used = true;
    return covering.length === 0;
  });
  const own = all.flatMap((one) => judged(one, rules) ?? []);
  return { findings: [...kept, ...own], suppressed: findings.length - kept.length };
}
