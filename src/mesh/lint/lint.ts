// Documents → findings: every rule over every document, then what comments suppress. The same documents and context
// give the same findings, in the order of the files. A file is done with when the next one comes: of its documents
// only what rules about the whole project ask for is kept, so that a fleet's trees are never all there at once.
import type { MapTree } from "../envoy/read/tree.ts";
import type { MeshDocument, PluginUse, TextFile } from "../model.ts";
import type { FileRead } from "../read/read-file.ts";
import { inOrder, type LintFinding, lintFinding } from "./findings.ts";
import type { Context, Rule, Say } from "./rule.ts";
import { rules as allRules } from "./rules.ts";
import { suppress } from "./suppress.ts";

export interface LintResult {
  readonly findings: readonly LintFinding[];
  /** Findings that comments took out. */
  readonly suppressed: number;
}

export interface Linter {
  readonly add: (read: FileRead) => void;
  readonly finish: () => LintResult;
}

/** What one alias or one shared block earns several times is said once. */
function once(findings: readonly LintFinding[]): LintFinding[] {
  const seen = new Set<string>();
  return findings.filter((one) => {
    const key = `${one.file.name}\0${one.at}\0${one.code}\0${one.message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

const NOTHING: MapTree = { kind: "map", at: 0, entries: [] };

/** A document without its trees. Policies are kept whole: they are few, and nothing else says what they ask. */
function slim(document: MeshDocument): MeshDocument {
  if (document.dialect === null) return document;
  const uses: PluginUse[] = [];
  const kept = { ...document, root: NOTHING, uses, runtimeKeys: [], patches: [], notes: [] };
  for (const use of document.uses) {
    const capabilities = use.capabilities === null ? null : { ...use.capabilities, list: null };
    uses.push({ ...use, document: kept, tree: NOTHING, capabilities });
  }
  return kept;
}

/** A rule that looks at documents one by one, made ready to say what it finds. */
function looking(rule: Rule, context: Context, found: LintFinding[]) {
  // One closure for all documents: most rules have nothing to say of most of them.
  let current: TextFile | undefined;
  const say: Say = (at, args = {}, more = {}) => {
    found.push(lintFinding(current!, rule.id, more.level ?? rule.level, at, args, more.fix));
  };
  return (document: MeshDocument): void => {
    current = document.file;
    rule.document?.(document, context, say);
    if (rule.use !== undefined) for (const use of document.uses) rule.use(use, context, say);
  };
}

/** A linter that files are given to one by one. */
export function newLinter(context: Context, rules: readonly Rule[] = allRules): Linter {
  const found: LintFinding[] = [];
  const files: TextFile[] = [];
  const documents: MeshDocument[] = [];
  const single = rules.filter((rule) => rule.use !== undefined || rule.document !== undefined);
  const looks = single.map((rule) => looking(rule, context, found));
  const whole = rules.filter((rule) => rule.project !== undefined);
  return {
    add: ({ file, problems, documents: own }) => {
      if (own.length + problems.length > 0) files.push(file);
      for (const { code, level, at, args } of problems) {
        found.push(lintFinding(file, code, level, at, args, undefined));
      }
      for (const document of own) {
        for (const look of looks) look(document);
        if (whole.length > 0) documents.push(slim(document));
      }
    },
    finish: () => {
      for (const rule of whole) {
        rule.project!(documents, context, ({ file }, at, args = {}, more = {}) => {
          found.push(lintFinding(file, rule.id, more.level ?? rule.level, at, args, more.fix));
        });
      }
      const { findings, suppressed } = suppress(files, once(found), rules);
      return { findings: inOrder(findings, files), suppressed };
    },
  };
}

/** Lints what was read. */
export function lint(
  reads: readonly FileRead[],
  context: Context,
  rules: readonly Rule[] = allRules,
): LintResult {
  const linter = newLinter(context, rules);
  for (const read of reads) linter.add(read);
  return linter.finish();
}
