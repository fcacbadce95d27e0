// Collects what a schema has against a document, without words: rules decide which of it is worth saying, and how.

import { closest } from "../../util/closest.ts";
import type { Report } from "../envoy/read/report.ts";
import type { Source } from "../envoy/read/tree.ts";
import type { SchemaNote } from "../model.ts";

/** Notes of a document that are kept: a hostile text could earn one a line. */
const MAX_NOTES = 500;
const MAX_SUGGESTIONS = 20;

/** What words were meant for, by the list that they were looked up in: a fleet repeats its typing errors. */
const remembered = new WeakMap<() => Iterable<string>, Map<string, string | undefined>>();

function nearestOf(word: string, candidates: () => Iterable<string>): string | undefined {
  const known = remembered.get(candidates) ?? new Map<string, string | undefined>();
  remembered.set(candidates, known);
  if (known.has(word)) return known.get(word);
  const nearest = closest(word, candidates());
  if (known.size < 1_000) known.set(word, nearest);
  return nearest;
}

export interface Notes extends Report {
  readonly notes: SchemaNote[];
}

export function newNotes(source: Source): Notes {
  const notes: SchemaNote[] = [];
  const seen = new Set<string>();
  let suggestions = 0;
  return {
    source,
    // A real Envoy takes none of the article's own forms.
    articleLevel: "error",
    notes,
    add: (code, level, at, args = {}) => {
      const key = `${at} ${code} ${JSON.stringify(args)}`;
      if (notes.length >= MAX_NOTES || seen.has(key)) return;
      seen.add(key);
      notes.push({ code, level, at, args });
    },
    suggest: (word, candidates, otherwise) => {
      if (notes.length >= MAX_NOTES || ++suggestions > MAX_SUGGESTIONS) return otherwise;
      const nearest = nearestOf(word, candidates);
      return nearest === undefined ? otherwise : `Did you mean ${nearest}?`;
    },
    findings: () => [],
  };
}
