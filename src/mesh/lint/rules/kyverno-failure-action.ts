// Where a policy says whether it denies, and whether it does.
import type { MeshDocument } from "../../model.ts";
import { entryOf, mapUnder, textUnder } from "../../read/tree-access.ts";
import { insertBefore, removeBlock } from "../edits.ts";
import { kyvernoRules } from "../kyverno.ts";
import type { Edit, Fix, Rule } from "../rule.ts";

/** `validationFailureAction: X` of the policy → `failureAction: X` in each rule's `validate`. */
function moved(document: MeshDocument, at: number, action: string): Fix | undefined {
  const edits: (Edit | undefined)[] = [removeBlock(document.file.text, at)];
  for (const { tree } of kyvernoRules(document)) {
    const first = mapUnder(tree, "validate")?.entries[0];
    if (first === undefined) continue;
    if (entryOf(mapUnder(tree, "validate"), "failureAction") !== undefined) continue;
    edits.push(insertBefore(document.file, first.at, [`failureAction: ${action}`]));
  }
  const done = edits.flatMap((edit) => edit ?? []);
  return done.length === edits.length ? { safety: "safe", edits: done } : undefined;
}

export const kyvernoFailureAction: Rule = {
  id: "kyverno-failure-action",
  level: "warning",
  looksAt: "Kyverno's policies about plugins",
  fix: "safe",
  summary: "`validationFailureAction` in its deprecated place",
  document: (document, _, say) => {
    if (kyvernoRules(document).length === 0) return;
    const spec = mapUnder(document.root, "spec");
    const entry = entryOf(spec, "validationFailureAction");
    if (entry === undefined) return;
    const action = textUnder(spec, "validationFailureAction")?.value ?? "";
    const word = action.toLowerCase() === "enforce" ? "Enforce" : "Audit";
    say(entry.at, { action: word }, { fix: moved(document, entry.at, word) });
  },
};
