// A file's text → the text with its repairs, which are spliced in and tried: what comes out is read and linted again
// until nothing is left to repair. Where that doesn't end well, nothing of the file is changed.
import { type FileRead, type ReadOptions, readFileText } from "../read/read-file.ts";
import { applyEdits } from "./edits.ts";
import type { LintFinding } from "./findings.ts";
import { lint } from "./lint.ts";
import type { Context, Edit, Rule, Safety } from "./rule.ts";
import { rules as allRules } from "./rules.ts";

/** Rounds of repairs: one may make another possible. */
const ROUNDS = 12;

export interface Repaired {
  readonly text: string;
  /** Findings that were repaired. */
  readonly count: number;
  /** Why nothing was changed; null where all went well. */
  readonly problem: string | null;
}

export interface RepairOptions {
  readonly safety: Safety;
  readonly read: ReadOptions;
  /** Which findings are to be repaired: not those of a baseline, for one. */
  readonly wanted: (findings: readonly LintFinding[]) => readonly LintFinding[];
  /** All of them unless it says otherwise. */
  readonly rules?: readonly Rule[];
}

function fixable(findings: readonly LintFinding[], safety: Safety): readonly LintFinding[] {
  return findings.filter(
    ({ fix }) => fix !== null && (fix.safety === "safe" || safety === "unsafe"),
  );
}

const overlaps = (a: Edit, b: Edit): boolean =>
  a.from < b.to && b.from < a.to ? true : a.from === b.from;

/** As many repairs as don't touch each other, from the top; the others wait for the next round. */
function choose(findings: readonly LintFinding[]): { edits: Edit[]; count: number } {
  const edits: Edit[] = [];
  let count = 0;
  for (const { fix } of findings) {
    const own = fix!.edits;
    const same = own.every((edit) =>
      edits.some((one) => JSON.stringify(one) === JSON.stringify(edit)),
    );
    if (!same) {
      if (own.some((edit) => edits.some((other) => overlaps(edit, other)))) continue;
      edits.push(...own);
    }
    count++;
  }
  return { edits, count };
}

/** Repairs one file. */
export function repair(file: FileRead, context: Context, options: RepairOptions): Repaired {
  const original = file.file.text;
  const unchanged = (problem: string): Repaired => ({ text: original, count: 0, problem });
  // A repair may take the last sign of a plugin out of a document, which then has to be there all the same.
  const everything = { ...options.read, everything: true };
  let read = readFileText(file.file.name, original, everything);
  let count = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { findings } = lint([read], context, options.rules ?? allRules);
    const wanted = fixable(options.wanted(findings), options.safety);
    if (wanted.length === 0) return { text: read.file.text, count, problem: null };
    const chosen = choose(wanted);
    const text = applyEdits(read.file.text, chosen.edits);
    if (text === undefined || text === read.file.text) return unchanged("two of them touch");
    const next = readFileText(file.file.name, text, everything);
    if (next.problems.length > read.problems.length) {
      return unchanged(`the text would no longer be read: ${wanted[0]!.code}`);
    }
    if (next.documents.length !== read.documents.length)
      return unchanged("a document would be gone");
    read = next;
    count += chosen.count;
  }
  return unchanged("they don't come to an end");
}
