// Kinds in a policy's match that no cluster has.
import { pluginKinds } from "../../../spec/mesh-api.ts";
import { closest } from "../../../util/closest.ts";
import { reword } from "../edits.ts";
import { covers, kindParts, kyvernoRules, ourGroup } from "../kyverno.ts";
import type { Fix, Rule } from "../rule.ts";

/** Why a kind that looks like a plugin's is none; undefined where it is one, or about something else. */
function fault(
  written: string,
): { readonly why: string; readonly meant: string | undefined } | undefined {
  const { group, kind } = kindParts(written);
  const names = pluginKinds.map((one) => one.kind);
  const exact = pluginKinds.find((one) => covers(kind, one.kind));
  if (exact === undefined) {
    if (!/wasm/i.test(kind)) return undefined;
    const found = names.find((name) => name.toLowerCase() === kind.toLowerCase().replace(/s$/, ""));
    const meant = found ?? closest(kind, names);
    // Somebody else's kind may have the word in its name.
    return meant === undefined ? undefined : { why: `there is no kind ${kind}`, meant };
  }
  if (pluginKinds.some((one) => covers(kind, one.kind) && covers(group, one.group))) {
    return undefined;
  }
  // Somebody else's WasmPlugin is none of Istio's.
  if (!ourGroup(group)) return undefined;
  return { why: `${exact.kind} is of the group ${exact.group}, not ${group}`, meant: exact.kind };
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
