// Envoy Gateway: EnvoyExtensionPolicy, whose plugins are a list of their own, and EnvoyPatchPolicy, whose JSON patches
// hold Envoy's messages.
import { checkMessage, checkOne } from "../envoy/read/check.ts";
import type { MapTree } from "../envoy/read/tree.ts";
import type { Scope } from "../model.ts";
import { gatewaySource } from "./code-source.ts";
import type { Draft } from "./draft.ts";
import { withoutMissing } from "./envoy-document.ts";
import { findPlugins } from "./find-plugins.ts";
import { failuresOf } from "./plugin-config.ts";
import { flagUnder, mapsUnder, mapUnder, textsUnder, textUnder, under } from "./tree-access.ts";
import { scopeOf } from "./wasm-plugin.ts";

function targets(spec: MapTree): Scope {
  const scope = scopeOf(spec, ["none"]);
  const selectors = mapsUnder(spec, "targetSelectors");
  return scope.kind === "everything" && selectors.length > 0
    ? { kind: "targets", at: selectors[0]!.at, of: selectors.map(() => "by labels") }
    : scope;
}

function readWasm(draft: Draft, spec: MapTree, wasm: MapTree): void {
  const { document, found } = draft;
  found.uses.push({
    document,
    dialect: "envoy-extension-policy",
    position: "http-filter",
    at: wasm.at,
    tree: wasm,
    name: textUnder(wasm, "name") ?? { value: document.name, at: wasm.at },
    rootId: textUnder(wasm, "rootID"),
    vmId: null,
    runtime: null,
    code: gatewaySource(mapUnder(wasm, "code")),
    capabilities: null,
    failure: failuresOf(flagUnder(wasm, "failOpen"), null, null),
    environment: { host: textsUnder(wasm, "env", "hostKeys"), values: [] },
    allowPrecompiled: null,
    configuration: null,
    phase: null,
    priority: null,
    scope: targets(spec),
    partial: document.partial,
  });
}

export function readExtensionPolicy(draft: Draft): void {
  const spec = mapUnder(draft.document.root, "spec");
  if (spec === undefined) return;
  checkMessage(draft.notes, "mesh.gateway.EnvoyExtensionPolicy", spec);
  for (const wasm of mapsUnder(spec, "wasm")) readWasm(draft, spec, wasm);
}

const PREFIX = "type.googleapis.com/";

export function readPatchPolicy(draft: Draft): void {
  const { document, notes, found } = draft;
  const spec = mapUnder(document.root, "spec");
  if (spec === undefined) return;
  checkMessage(notes, "mesh.gateway.EnvoyPatchPolicy", spec);
  for (const patch of mapsUnder(spec, "jsonPatches")) {
    const value = under(patch, "operation", "value");
    if (value === undefined) continue;
    const type = textUnder(patch, "type")?.value.replace(PREFIX, "") ?? "";
    const path = textUnder(patch, "operation", "path")?.value ?? "";
    const from = notes.notes.length;
    // A whole resource is what its type says; of a part only the typed things in it are known.
    const filter = "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter";
    if (path === "" || path === "/") checkOne(notes, "value", type, value);
    else if (/\/http_filters\/(?:\d+|-)$/.test(path)) checkOne(notes, "value", filter, value);
    withoutMissing(draft, from);
    const scope = targets(spec);
    findPlugins(value, { document, dialect: "envoy-patch-policy", found, scope, partial: true });
  }
}
