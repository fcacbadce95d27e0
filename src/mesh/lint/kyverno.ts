// Kyverno's policies, as far as rules ask: which rules they have, which kinds these match, and what they demand of a
// plugin. Legacy policies only; the newer ones are in admission.ts.

import { pluginKinds } from "../../spec/mesh-api.ts";
import type { MapTree, Tree } from "../envoy/read/tree.ts";
import type { MeshDocument, Placed } from "../model.ts";
import { entryOf, mapsUnder, mapUnder, textsUnder, textUnder } from "../read/tree-access.ts";

export interface KyvernoRule {
  readonly tree: MapTree;
  readonly name: string;
  /** Kinds as written, such as `WasmPlugin` or `extensions.istio.io/v1alpha1/WasmPlugin`. */
  readonly kinds: readonly Placed<string>[];
  /** Written as `match.resources`, without `any` or `all`. */
  readonly bare: boolean;
}

function kindsOf(match: Tree | undefined): readonly Placed<string>[] {
  const filters = [...mapsUnder(match, "any"), ...mapsUnder(match, "all")];
  const resources = [
    mapUnder(match, "resources"),
    ...filters.map((one) => mapUnder(one, "resources")),
  ];
  return resources.flatMap((one) => textsUnder(one, "kinds"));
}

export function isKyverno({ kind, apiVersion }: MeshDocument): boolean {
  return (kind === "ClusterPolicy" || kind === "Policy") && apiVersion.startsWith("kyverno.io/");
}

export function kyvernoRules(document: MeshDocument): readonly KyvernoRule[] {
  if (!isKyverno(document)) return [];
  return mapsUnder(document.root, "spec", "rules").map((tree) => {
    const match = mapUnder(tree, "match");
    return {
      tree,
      name: textUnder(tree, "name")?.value ?? "",
      kinds: kindsOf(match),
      bare: entryOf(match, "resources") !== undefined,
    };
  });
}

/** `group/version/Kind/subresource` → its parts; what isn't written is `*`. */
export function kindParts(kind: string): { group: string; version: string; kind: string } {
  const parts = kind.split("/");
  if (parts.length === 1) return { group: "*", version: "*", kind: parts[0]! };
  if (parts.length === 2) {
    // `v1/Pod` or `Pod/status`.
    return /^v\d/.test(parts[0]!) || parts[0] === "*"
      ? { group: "*", version: parts[0]!, kind: parts[1]! }
      : { group: "*", version: "*", kind: parts[0]! };
  }
  return { group: parts[0]!, version: parts[1]!, kind: parts[2]! };
}

/** Whether a pattern with `*` and `?` covers a word. */
export function covers(pattern: string, word: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return pattern.length <= 200 && new RegExp(`^${source}$`).test(word);
}

/** Whether a group is, or was meant to be, one of those that plugins' kinds are of: other people's have the same words. */
export function ourGroup(group: string): boolean {
  return pluginKinds.some((one) => group === one.group || group.endsWith(domainOf(one.group)));
}

/** `.istio.io` of `extensions.istio.io`. */
const domainOf = (group: string): string => `.${group.split(".").slice(-2).join(".")}`;
