// Istio's WasmPlugin and its successor TrafficExtension: the spec → one plugin's use. What Istio never sets in Envoy
// (vm_id, capabilities, a reload policy) is null here, as in any plugin that doesn't say it.
import { checkMessage, checkOne } from "../envoy/read/check.ts";
import type { Entry, MapTree } from "../envoy/read/tree.ts";
import type { Dialect, Environment, MeshDocument, PluginUse, Scope } from "../model.ts";
import { istioSource } from "./code-source.ts";
import type { Draft } from "./draft.ts";
import { capabilities, failuresOf } from "./plugin-config.ts";
import { entryOf, mapsUnder, mapUnder, numberUnder, textUnder } from "./tree-access.ts";

/** Labels, targets, or all workloads of the namespace. */
export function scopeOf(spec: MapTree, labelsAt: readonly string[]): Scope {
  const targets = [...mapsUnder(spec, "targetRefs"), mapUnder(spec, "targetRef")].flatMap(
    (one) => one ?? [],
  );
  if (targets.length > 0) {
    const of = targets.map(
      (one) => `${textUnder(one, "kind")?.value}/${textUnder(one, "name")?.value}`,
    );
    return { kind: "targets", at: targets[0]!.at, of };
  }
  const labels = mapUnder(spec, ...labelsAt)?.entries ?? [];
  if (labels.length === 0) return { kind: "everything", at: spec.at, of: [] };
  const of = labels.map(({ key, value }) => `${key}=${value.kind === "scalar" ? value.value : ""}`);
  return { kind: "labels", at: labels[0]!.at, of: of.sort() };
}

function environmentOf(wasm: MapTree): Environment {
  const rows = mapsUnder(wasm, "vmConfig", "env").flatMap((row) => {
    const name = textUnder(row, "name");
    return name === null ? [] : [{ name, host: textUnder(row, "valueFrom")?.value === "HOST" }];
  });
  const names = (host: boolean) => rows.filter((row) => row.host === host).map((row) => row.name);
  return { host: names(true), values: names(false) };
}

/** A restriction that somebody hoped the kind to have: no version of Istio has the field. */
function hoped(wasm: MapTree): PluginUse["capabilities"] {
  const entry = entryOf(wasm, "capability_restriction_config");
  return entry?.value.kind === "map" ? capabilities(entry.at, "PluginConfig", entry.value) : null;
}

function useOf(document: MeshDocument, dialect: Dialect, spec: MapTree, wasm: MapTree): PluginUse {
  return {
    document,
    dialect,
    position: textUnder(wasm, "type")?.value === "NETWORK" ? "network-filter" : "http-filter",
    at: wasm.at,
    tree: wasm,
    name: { value: document.name, at: wasm.at },
    rootId: textUnder(wasm, "pluginName"),
    vmId: null,
    runtime: null,
    code: istioSource(wasm),
    capabilities: hoped(wasm),
    failure: failuresOf(null, textUnder(wasm, "failStrategy"), null),
    environment: environmentOf(wasm),
    allowPrecompiled: null,
    configuration: null,
    phase: textUnder(spec, "phase"),
    priority: numberUnder(spec, "priority"),
    scope: scopeOf(spec, ["selector", "matchLabels"]),
    partial: document.partial,
  };
}

/** The plugin's own configuration may be any map, and is most of many manifests: it isn't looked through. */
function withoutConfig(tree: MapTree): MapTree {
  const free = ({ key, value }: Entry): boolean => key === "pluginConfig" && value.kind === "map";
  return { ...tree, entries: tree.entries.filter((entry) => !free(entry)) };
}

/** The spec that is a map; whatever else stands there, or nothing, is noted. */
function specOf({ document, notes }: Draft, message: string): MapTree | undefined {
  const { root } = document;
  const value = entryOf(root, "spec")?.value;
  if (value?.kind === "map") return value;
  if (value === undefined || (value.kind === "scalar" && value.value === null)) {
    checkMessage(notes, message, { ...root, entries: [] });
  } else {
    checkOne(notes, "spec", message, value);
  }
  return undefined;
}

export function readWasmPlugin(draft: Draft): void {
  const { document, notes, found } = draft;
  const spec = specOf(draft, "mesh.istio.WasmPlugin");
  if (spec === undefined) return;
  checkMessage(notes, "mesh.istio.WasmPlugin", withoutConfig(spec));
  found.uses.push(useOf(document, "wasm-plugin", spec, spec));
}

export function readTrafficExtension(draft: Draft): void {
  const { document, notes, found } = draft;
  const spec = specOf(draft, "mesh.istio.TrafficExtension");
  if (spec === undefined) return;
  const wasm = mapUnder(spec, "wasm");
  const entries = spec.entries.map((entry) =>
    entry.value === wasm ? { ...entry, value: withoutConfig(wasm) } : entry,
  );
  checkMessage(notes, "mesh.istio.TrafficExtension", { ...spec, entries });
  if (wasm !== undefined) found.uses.push(useOf(document, "traffic-extension", spec, wasm));
}
