// The article's `runtime:` around `layered_runtime`.

import type { MeshDocument } from "../../model.ts";
import { entryOf } from "../../read/tree-access.ts";
import { blockEnd, ownsLine } from "../edits.ts";
import type { Fix, Rule } from "../rule.ts";

/** `runtime:` goes and what stands in it moves to its column. */
function unwrapped({ file, root }: MeshDocument, at: number): Fix | undefined {
  const { text } = file;
  const inner = entryOf(entryOf(root, "runtime")?.value, "layered_runtime");
  if (inner === undefined || !ownsLine(text, at) || !ownsLine(text, inner.at)) return undefined;
  const column = (offset: number): number => offset - text.lastIndexOf("\n", offset - 1) - 1;
  const shift = column(inner.at) - column(at);
  const start = at - column(at);
  const end = blockEnd(text, at);
  const [, ...lines] = text.slice(start, end).split("\n");
  if (lines.some((line) => line.trim() !== "" && !/^ *$/.test(line.slice(0, shift))))
    return undefined;
  const moved = lines.map((line) => line.slice(Math.min(shift, line.length))).join("\n");
  return { safety: "safe", edits: [{ from: start, to: end, text: moved }] };
}

export const runtimeMisplaced: Rule = {
  id: "runtime-misplaced",
  level: "error",
  looksAt: "Envoy bootstraps",
  fix: "safe",
  summary: "`layered_runtime` inside of a `runtime` that does not exist",
  document: (document, _, say) => {
    for (const { code, at } of document.notes) {
      if (code === "article-runtime") say(at, {}, { fix: unwrapped(document, at) });
    }
  },
};
