// Kinds in a policy's match that no cluster has.
import { closest } from "../../../util/closest.ts";
import { reword } from "../edits.ts";
import { covers, kindParts, kyvernoRules, pluginKinds } from "../kyverno.ts";
import type { Fix, Rule } from "../rule.ts";

/** Why a kind that looks like a plugin's is none; undefined where it is one, or about something else. */
function fault(
  written: string,
): { readonly why: string; readonly meant: string | undefined } | undefined {
  const { group, kind } = kindParts(written);
  const names = pluginKinds.map(([, name]) => name);
  const exact = pluginKinds.find(([, name]) => covers(kind, name));
  if (exact === undefined) {
    if (!/wasm/i.test(kind)) return undefined;
    const found = names.find((name) => name.toLowerCase() === kind.toLowerCase().replace(/s$/, ""));
    const meant = found ?? closest(kind, names);
    // Somebody else's kind may have the word in its name.
    return meant === undefined ? undefined : { why: `there is no kind ${kind}`, meant };
  }
  if (pluginKinds.some(([own, name]) => covers(kind, name) && covers(group, own))) return undefined;
  return { why: `${exact[1]} is of the group ${exact[0]}, not ${group}`, meant: exact[1] };
}

export const kyvernoMatchesNothing: Rule = {
  id: "kyverno-matches-nothing",
  level: "error",
  looksAt: "Kyverno's policies about plugins",
  fix: "unsafe",
  summary: "a policy that matches a kind which does not exist",
  document: (document, _, say) => {
    for (const { kinds } of kyvernoRules(document)) {
      for (const { value, at } of kinds) {
        const found = fault(value);
        if (found === undefined) continue;
        const edit =
          found.meant === undefined ? undefined : reword(document.file, at, value, found.meant);
        const fix: Fix | undefined =
          edit === undefined ? undefined : { safety: "unsafe", edits: [edit] };
        const suggestion =
          found.meant === undefined ? "Write a kind that exists" : `Did you mean ${found.meant}?`;
        say(at, { kind: value.slice(0, 80), why: found.why, suggestion }, { fix });
      }
    }
  },
};
