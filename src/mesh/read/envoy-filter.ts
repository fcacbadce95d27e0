// Istio's EnvoyFilter: patches of Envoy's own configuration. Each value is the message that `applyTo` says, or a part
// of it where it is merged into one.
import { checkMessage } from "../envoy/read/check.ts";
import type { MapTree, Tree } from "../envoy/read/tree.ts";
import type { EnvoyPatch, Placed } from "../model.ts";
import type { Draft } from "./draft.ts";
import { withoutMissing } from "./envoy-document.ts";
import { patched } from "./envoy-types.ts";
import { findPlugins } from "./find-plugins.ts";
import { mapsUnder, mapUnder, text, textUnder, under } from "./tree-access.ts";
import { scopeOf } from "./wasm-plugin.ts";

/** The innermost name that a match asks for, or else the one that the value brings. */
function targetOf(match: Tree | undefined, value: MapTree | undefined): Placed<string> | null {
  const filter = under(match, "listener", "filterChain", "filter");
  return (
    textUnder(filter, "subFilter", "name") ??
    textUnder(filter, "name") ??
    textUnder(match, "extensionConfig", "name") ??
    textUnder(value, "name")
  );
}

function readPatch(draft: Draft, spec: MapTree, patch: MapTree): EnvoyPatch {
  const { document, notes, found } = draft;
  const applyTo = textUnder(patch, "applyTo");
  const operation = textUnder(patch, "patch", "operation");
  const value = mapUnder(patch, "patch", "value");
  const before = found.uses.length;
  const from = notes.notes.length;
  const merges = operation?.value.startsWith("MERGE") === true;
  if (value !== undefined) {
    const type = patched[applyTo?.value ?? ""];
    if (type !== undefined) checkMessage(notes, type, value);
    if (type === undefined || merges) withoutMissing(draft, from);
    findPlugins(value, {
      document,
      dialect: "envoy-filter",
      found,
      scope: scopeOf(spec, ["workloadSelector", "labels"]),
      name: document.name,
      partial: merges,
    });
  }
  return {
    at: patch.at,
    applyTo,
    operation,
    target: targetOf(under(patch, "match"), value),
    wasm: found.uses.length > before || text(under(value, "name"))?.value.includes("wasm") === true,
  };
}

export function readEnvoyFilter(draft: Draft): void {
  const spec = mapUnder(draft.document.root, "spec");
  if (spec === undefined) return;
  checkMessage(draft.notes, "mesh.istio.EnvoyFilter", spec);
  for (const patch of mapsUnder(spec, "configPatches")) {
    draft.patches.push(readPatch(draft, spec, patch));
  }
}
