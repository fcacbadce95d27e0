// Collects findings of one document, up to a bound: a hostile text earns one finding a line, and each is worth
// a suggestion only as long as somebody will read it.
import type { Args, Code } from "../../../errors/catalogue.ts";
import { type Finding, finding, type Level } from "../../../errors/failure.ts";
import { closest } from "../../../util/closest.ts";
import { type Source, whereOf } from "./tree.ts";

/** Findings that are kept; the rest is counted. */
export const MAX_FINDINGS = 500;

/** Suggestions among thousands of names that are looked for. */
const MAX_SUGGESTIONS = 20;

export interface Report {
  readonly source: Source;
  /** What to say of forms that the article writes and Envoy does not read. */
  readonly articleLevel: Level;
  add(code: Code, level: Level, at: number, args?: Args): void;
  /** `Did you mean X?`, or `otherwise`. */
  suggest(word: string, candidates: () => Iterable<string>, otherwise: string): string;
  /** All findings in the order of the text, the last one counting those left out. */
  findings(): readonly Finding[];
}

export function newReport(source: Source, articleLevel: Level): Report {
  const kept: { readonly at: number; readonly finding: Finding }[] = [];
  const seen = new Set<string>();
  let left = 0;
  let suggestions = 0;
  return {
    source,
    articleLevel,
    add: (code, level, at, args = {}) => {
      if (kept.length >= MAX_FINDINGS) {
        left++;
        return;
      }
      const made = finding(code, level, args, whereOf(source, at));
      // What an alias repeats is said once.
      const key = `${at} ${code} ${made.message}`;
      if (seen.has(key)) return;
      seen.add(key);
      kept.push({ at, finding: made });
    },
    suggest: (word, candidates, otherwise) => {
      if (kept.length >= MAX_FINDINGS || ++suggestions > MAX_SUGGESTIONS) return otherwise;
      const nearest = closest(word, candidates());
      return nearest === undefined ? otherwise : `Did you mean ${nearest}?`;
    },
    findings: () => {
      const sorted = [...kept].sort((a, b) => a.at - b.at).map((one) => one.finding);
      if (left === 0) return sorted;
      const where = { at: "file", file: source.file } as const;
      return [...sorted, finding("envoy-more-findings", "error", { count: left }, where)];
    },
  };
}
