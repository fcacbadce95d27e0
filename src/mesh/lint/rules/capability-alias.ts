// The article's and the abandoned draft's names for capabilities, which no host knows.
import { alias } from "../../../spec/aliases.ts";
import { isCapability } from "../capability-names.ts";
import { reword } from "../edits.ts";
import type { Rule } from "../rule.ts";

export const capabilityAlias: Rule = {
  id: "capability-alias",
  level: "error",
  looksAt: "lists of capabilities",
  fix: "safe",
  summary: "a name of the article's or of a draft stands for a real capability",
  use: ({ capabilities, document }, _, say) => {
    const names = capabilities?.names ?? [];
    const written = new Set(names.map((one) => one.value));
    for (const { value, at } of names) {
      const row = alias(value);
      if (row === undefined || isCapability(value)) continue;
      const edit = written.has(row.name) ? undefined : reword(document.file, at, value, row.name);
      const note = row.note === undefined ? "" : ` (${row.note})`;
      const fix = edit === undefined ? undefined : ({ safety: "safe", edits: [edit] } as const);
      say(at, { name: value, real: row.name, note }, { fix });
      written.add(row.name);
    }
  },
};
