// Policies in the form of Kubernetes' admission (ValidatingAdmissionPolicy, and Kyverno's newer kinds, which have the same
// `matchConstraints`), as far as rules ask: what they match, and what they do about it. Their CEL is not read.
import { pluginKinds } from "../../spec/mesh-api.ts";
import type { MapTree } from "../envoy/read/tree.ts";
import type { MeshDocument, Placed } from "../model.ts";
import { mapsUnder, mapUnder, textsUnder, textUnder } from "../read/tree-access.ts";

export interface ResourceRule {
  readonly tree: MapTree;
  readonly groups: readonly Placed<string>[];
  readonly versions: readonly Placed<string>[];
  readonly operations: readonly Placed<string>[];
  /** Plurals, without what follows a slash. */
  readonly resources: readonly Placed<string>[];
}

/** Kinds of Kyverno's that deny. */
const kyvernoKinds = new Set([
  "ValidatingPolicy",
  "NamespacedValidatingPolicy",
  "ImageValidatingPolicy",
]);

export function isAdmission({ kind, apiVersion }: MeshDocument): boolean {
  return kyvernoKinds.has(kind)
    ? apiVersion.startsWith("policies.kyverno.io/")
    : kind === "ValidatingAdmissionPolicy";
}

/** What it matches, rule by rule. Kyverno's policies about JSON match by themselves. */
export function resourceRules(document: MeshDocument): readonly ResourceRule[] {
  if (!isAdmission(document)) return [];
  const spec = mapUnder(document.root, "spec");
  if (textUnder(spec, "evaluation", "mode")?.value === "JSON") return [];
  return mapsUnder(spec, "matchConstraints", "resourceRules").map((tree) => ({
    tree,
    groups: textsUnder(tree, "apiGroups"),
    versions: textsUnder(tree, "apiVersions"),
    operations: textsUnder(tree, "operations"),
    resources: textsUnder(tree, "resources").map(({ value, at }) => {
      return { value: value.replace(/\/.*$/s, ""), at };
    }),
  }));
}

/** Whether an API server's list covers a word: the word itself, or `*` and nothing else. */
export const lists = (words: readonly Placed<string>[], word: string): boolean =>
  words.some(({ value }) => value === word || value === "*");

/** Kinds of plugins that a rule matches. */
export function matchedKinds({ groups, resources }: ResourceRule): readonly string[] {
  return pluginKinds
    .filter((one) => lists(groups, one.group) && lists(resources, one.resource))
    .map((one) => one.kind);
}
