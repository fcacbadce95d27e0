// Gloo: `wasm` among a listener's options, and Gloo Mesh's WasmDeploymentPolicy.
import { checkMessage } from "../envoy/read/check.ts";
import type { MapTree, Tree } from "../envoy/read/tree.ts";
import type { CodeSource, Dialect, PluginUse, Scope } from "../model.ts";
import { sourceOfUrl } from "./code-source.ts";
import type { Draft } from "./draft.ts";
import { failuresOf } from "./plugin-config.ts";
import { entryOf, flagUnder, mapsUnder, mapUnder, textUnder } from "./tree-access.ts";

function useOf(
  draft: Draft,
  dialect: Dialect,
  tree: MapTree,
  code: CodeSource | null,
  scope: Scope,
): PluginUse {
  const { document } = draft;
  return {
    document,
    dialect,
    position: "http-filter",
    at: tree.at,
    tree,
    name: textUnder(tree, "name") ?? { value: document.name, at: tree.at },
    rootId: textUnder(tree, "rootId"),
    vmId: textUnder(tree, "vmId"),
    runtime: textUnder(tree, "vmType"),
    code,
    capabilities: null,
    failure: failuresOf(flagUnder(tree, "failOpen"), null, null),
    environment: { host: [], values: [] },
    allowPrecompiled: null,
    configuration: null,
    phase: textUnder(tree, "filterStage", "stage"),
    priority: null,
    scope,
    partial: document.partial,
  };
}

function optionCode(filter: MapTree): CodeSource | null {
  const image = textUnder(filter, "image");
  if (image !== null) return sourceOfUrl(image, null, "oci");
  const path = textUnder(filter, "filePath");
  return path === null ? null : sourceOfUrl(path, null, "file");
}

/** Every `wasm: {filters: […]}` in a gateway's options, wherever its version keeps them. */
function readOptions(draft: Draft, tree: Tree, scope: Scope): void {
  if (tree.kind === "list") {
    for (const item of tree.items) readOptions(draft, item, scope);
  }
  if (tree.kind !== "map") return;
  const wasm = mapUnder(tree, "wasm");
  if (wasm !== undefined && entryOf(wasm, "filters") !== undefined) {
    checkMessage(draft.notes, "mesh.gloo.PluginSource", wasm);
    for (const filter of mapsUnder(wasm, "filters")) {
      draft.found.uses.push(useOf(draft, "gloo-options", filter, optionCode(filter), scope));
    }
  }
  for (const { key, value } of tree.entries) {
    if (key !== "wasm") readOptions(draft, value, scope);
  }
}

export function readGlooOptions(draft: Draft): void {
  const { root, name } = draft.document;
  readOptions(draft, root, { kind: "listener", at: root.at, of: [name] });
}

function deploymentCode(filter: MapTree): CodeSource | null {
  const image = textUnder(filter, "wasmImageSource", "wasmImageTag");
  if (image !== null) return sourceOfUrl(image, null, "oci");
  const uri = textUnder(filter, "httpUriSource", "uri");
  if (uri !== null) return sourceOfUrl(uri, textUnder(filter, "httpUriSource", "sha"), "https");
  const path = textUnder(filter, "localPathSource");
  return path === null ? null : sourceOfUrl(path, null, "file");
}

export function readDeploymentPolicy(draft: Draft): void {
  const { root } = draft.document;
  const workloads = mapsUnder(root, "spec", "applyToWorkloads");
  const scope: Scope =
    workloads.length === 0
      ? { kind: "everything", at: root.at, of: [] }
      : { kind: "targets", at: workloads[0]!.at, of: workloads.map(() => "workloads") };
  for (const filter of mapsUnder(root, "spec", "config", "filters")) {
    const code = deploymentCode(filter);
    draft.found.uses.push(useOf(draft, "gloo-deployment-policy", filter, code, scope));
  }
}
