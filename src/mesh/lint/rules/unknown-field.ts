// Fields that a message or a kind doesn't have, but for those that a rule of their own is about.
import { inventedFields } from "../invented.ts";
import type { Rule } from "../rule.ts";
import { consequence, rewordFix } from "../schema-rule.ts";

export const unknownField: Rule = {
  id: "unknown-field",
  level: "error",
  looksAt: "every dialect",
  fix: "unsafe",
  summary: "a field that the message or kind does not have",
  document: (document, _, say) => {
    for (const note of document.notes) {
      const field = String(note.args.field);
      if (note.code !== "envoy-unknown-field" || inventedFields.has(field)) continue;
      const args = { ...note.args, consequence: consequence(document) };
      say(note.at, args, { fix: rewordFix(document, note, field) });
    }
  },
};
