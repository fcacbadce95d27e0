// Resources, groups and versions in an admission policy's match that no cluster has.
import { pluginKinds } from "../../../spec/mesh-api.ts";
import { closest } from "../../../util/closest.ts";
import type { Placed } from "../../model.ts";
import { lists, type ResourceRule, resourceRules } from "../admission.ts";
import { reword } from "../edits.ts";
import { ourGroup } from "../kyverno.ts";
import type { Fix, Rule } from "../rule.ts";

interface Fault {
  readonly at: number;
  readonly found: string;
  readonly why: string;
  readonly meant: string;
}

/** A word that would have to be a plugin's plural and isn't: its kind, its singular, a wildcard, a typing error. */
function misnamed({ value, at }: Placed<string>): Fault | undefined {
  const word = value.toLowerCase();
  if (
    !/wasm|envoy|traffic|proxypatch/.test(word) ||
    pluginKinds.some((one) => one.resource === value)
  ) {
    return undefined;
  }
  const own = pluginKinds.find((one) => [one.resource, one.kind.toLowerCase()].includes(word));
  const plurals = pluginKinds.map((one) => one.resource);
  const open = /^[a-z]*\*/.test(word)
    ? plurals.find((one) => one.startsWith(word.slice(0, word.indexOf("*"))))
    : undefined;
  const meant = own?.resource ?? open ?? closest(word, plurals);
  if (meant === undefined) return undefined;
  const why =
    open === undefined ? "resources are plurals in lower case" : "only * alone is a wildcard here";
  return { at, found: value, why, meant };
}

function faultsOf(rule: ResourceRule): readonly Fault[] {
  const { groups, versions, resources } = rule;
  // Other people have plugins of these names too.
  if (groups.length === 0 || !groups.some(({ value }) => value === "*" || ourGroup(value)))
    return [];
  return resources.flatMap((resource): Fault | readonly Fault[] => {
    const row = pluginKinds.find((one) => one.resource === resource.value);
    if (row === undefined) return misnamed(resource) ?? [];
    if (!lists(groups, row.group)) {
      const { value, at } = groups[0]!;
      const why = `${row.resource} are of the group ${row.group}`;
      return { at, found: value, why, meant: row.group };
    }
    if (versions.length === 0 || row.versions.some((one) => lists(versions, one))) return [];
    const { value, at } = versions[0]!;
    return {
      at,
      found: value,
      why: `${row.resource} have no such version`,
      meant: row.versions[0],
    };
  });
}

export const admissionMatchesNothing: Rule = {
  id: "admission-matches-nothing",
  level: "error",
  looksAt: "Kubernetes' admission policies and Kyverno's newer ones",
  fix: "unsafe",
  summary: "a policy that matches resources which do not exist",
  document: (document, _, say) => {
    const seen = new Set<number>();
    for (const { at, found, why, meant } of resourceRules(document).flatMap(faultsOf)) {
      if (seen.has(at)) continue;
      seen.add(at);
      const edit = reword(document.file, at, found, meant);
      const fix: Fix | undefined = edit && { safety: "unsafe", edits: [edit] };
      say(at, { found: found.slice(0, 80), why, meant }, { fix });
    }
  },
};
