// Both ways of saying what a trap does.
import { entryOf } from "../../read/tree-access.ts";
import { removeEntry } from "../edits.ts";
import type { Fix, Rule } from "../rule.ts";

export const failOpenTwice: Rule = {
  id: "fail-open-twice",
  level: "error",
  looksAt: "Envoy's own configuration, wherever it stands",
  fix: "safe",
  summary: "`fail_open` and `failure_policy` together, which Envoy refuses",
  use: ({ failure, tree, document }, _, say) => {
    const entry = entryOf(tree, "fail_open");
    if (entry === undefined || failure.policy === null || failure.failOpen?.value !== true) return;
    const edit = removeEntry(document.file, tree, entry);
    const fix: Fix | undefined = edit === undefined ? undefined : { safety: "safe", edits: [edit] };
    say(entry.at, {}, { fix });
  },
};
