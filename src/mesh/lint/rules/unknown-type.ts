// Type URLs of messages that don't exist.

import type { MeshDocument, SchemaNote } from "../../model.ts";
import { reword } from "../edits.ts";
import type { Fix, Rule } from "../rule.ts";
import { meant, refusal } from "../schema-rule.ts";

/** The URL stands behind its key; only the name in it changes. */
function renamed({ file }: MeshDocument, note: SchemaNote, type: string): Fix | undefined {
  const real = note.code === "article-type-url" ? String(note.args.real) : meant(note);
  const at = file.text.indexOf(type, note.at);
  const line = file.text.indexOf("\n", note.at);
  if (real === undefined || at < 0 || (line >= 0 && at > line)) return undefined;
  const edit = reword(file, at, type, real);
  return edit === undefined ? undefined : { safety: "unsafe", edits: [edit] };
}

export const unknownType: Rule = {
  id: "unknown-type",
  level: "error",
  looksAt: "typed configuration of Envoy",
  fix: "unsafe",
  summary: "a type URL that names no message",
  document: (document, _, say) => {
    for (const note of document.notes) {
      const article = note.code === "article-type-url";
      if (!article && note.code !== "envoy-unknown-type") continue;
      const type = String(note.args.type);
      const suggestion = article ? `Did you mean ${note.args.real}?` : note.args.suggestion!;
      const args = { type, suggestion, consequence: refusal(document) };
      say(note.at, args, { fix: renamed(document, note, type) });
    }
  },
};
