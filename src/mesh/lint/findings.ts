// A finding of the linter: the common shape, with what the linter alone knows — its offset, its line for a frame, and
// its repair.
import type { Args, Code } from "../../errors/catalogue.ts";
import { type Finding, finding, type Level } from "../../errors/failure.ts";
import { position, whereOf } from "../envoy/read/tree.ts";
import type { TextFile } from "../model.ts";
import type { Fix } from "./rule.ts";

export interface LintFinding extends Finding {
  readonly file: TextFile;
  readonly at: number;
  readonly line: number;
  readonly column: number;
  /** Columns that the frame underlines. */
  readonly length: number;
  readonly fix: Fix | null;
}

const word = /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s,{}[\]#]+/y;

function lengthAt(text: string, at: number): number {
  word.lastIndex = at;
  const found = word.exec(text)?.[0] ?? "";
  return Math.max(1, found.replace(/:$/, "").length);
}

export function lintFinding(
  file: TextFile,
  code: Code,
  level: Level,
  at: number,
  args: Args,
  fix: Fix | undefined,
): LintFinding {
  const made = finding(code, level, args, whereOf(file.source, at));
  const { line, column } = position(file.source, at);
  return { ...made, file, at, line, column, length: lengthAt(file.text, at), fix: fix ?? null };
}

/** By file as given, then by place. */
export function inOrder(
  findings: readonly LintFinding[],
  files: readonly TextFile[],
): readonly LintFinding[] {
  const order = new Map(files.map((file, index) => [file, index]));
  return [...findings].sort(
    (a, b) => order.get(a.file)! - order.get(b.file)! || a.at - b.at || (a.code < b.code ? -1 : 1),
  );
}
