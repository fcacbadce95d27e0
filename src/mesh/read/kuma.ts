// Kuma: MeshProxyPatch and the older ProxyTemplate, whose modifications hold Envoy's messages as YAML inside a text.
import { checkMessage, checkOne } from "../envoy/read/check.ts";
import type { MapTree, ScalarTree, Tree } from "../envoy/read/tree.ts";
import type { Dialect, Scope } from "../model.ts";
import type { Draft } from "./draft.ts";
import { readEmbedded } from "./embedded.ts";
import { withoutMissing } from "./envoy-document.ts";
import { kumaParts } from "./envoy-types.ts";
import { findPlugins } from "./find-plugins.ts";
import { mapsUnder, mapUnder, textUnder, under } from "./tree-access.ts";

function embedded(draft: Draft, value: ScalarTree): Tree | undefined {
  const { tree, problem } = readEmbedded(draft.document.file, value);
  if (problem !== null) {
    draft.notes.add("envoy-bad-yaml", "error", problem.at, { reason: problem.reason });
  }
  return tree;
}

function scopeIn(root: MapTree): Scope {
  const target = mapUnder(root, "spec", "targetRef");
  const kind = textUnder(target, "kind")?.value;
  if (target === undefined || kind === undefined || kind === "Mesh") {
    return { kind: "everything", at: target?.at ?? root.at, of: [] };
  }
  return {
    kind: "targets",
    at: target.at,
    of: [`${kind}/${textUnder(target, "name")?.value ?? ""}`],
  };
}

function readModification(draft: Draft, dialect: Dialect, part: string, block: MapTree): void {
  const { document, notes, found } = draft;
  const value = under(block, "value");
  const operation = textUnder(block, "operation")?.value.toLowerCase();
  const tree = value?.kind === "scalar" ? embedded(draft, value) : value;
  if (tree === undefined) return;
  const from = notes.notes.length;
  if (tree.kind === "map") checkMessage(notes, kumaParts[part]!, tree);
  else checkOne(notes, part, kumaParts[part]!, tree);
  if (operation === "patch") withoutMissing(draft, from);
  const name = document.name;
  const partial = operation === "patch";
  findPlugins(tree, { document, dialect, found, scope: scopeIn(document.root), name, partial });
}

export function readKuma(draft: Draft, dialect: "mesh-proxy-patch" | "proxy-template"): void {
  const { root } = draft.document;
  const lists =
    dialect === "mesh-proxy-patch"
      ? [mapsUnder(root, "spec", "default", "appendModifications")]
      : [
          mapsUnder(root, "spec", "conf", "modifications"),
          mapsUnder(root, "conf", "modifications"),
        ];
  for (const modification of lists.flat()) {
    for (const part of Object.keys(kumaParts)) {
      const block = mapUnder(modification, part);
      if (block !== undefined) readModification(draft, dialect, part, block);
    }
  }
}
