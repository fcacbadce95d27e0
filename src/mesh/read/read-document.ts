// A map → the document that it is: which dialect, with everything that its adapter finds. undefined for what this
// product has nothing to say of.
import type { MapTree } from "../envoy/read/tree.ts";
import type { Dialect, MeshDocument, SchemaNote, TextFile } from "../model.ts";
import type { Draft } from "./draft.ts";
import { readEmbedded } from "./embedded.ts";
import { readEnvoyDocument } from "./envoy-document.ts";
import { readEnvoyFilter } from "./envoy-filter.ts";
import { readExtensionPolicy, readPatchPolicy } from "./envoy-gateway.ts";
import type { Found } from "./find-plugins.ts";
import { readDeploymentPolicy, readGlooOptions } from "./gloo.ts";
import { readKuma } from "./kuma.ts";
import { newNotes } from "./notes.ts";
import { mayMatter, type Piece } from "./split.ts";
import { entryOf, mapUnder, textUnder } from "./tree-access.ts";
import { readTrafficExtension, readWasmPlugin } from "./wasm-plugin.ts";

interface KindRow {
  readonly dialect: Dialect | null;
  readonly read: (draft: Draft) => void;
}

const nothing = (): void => {};

/** By kind, and by the group that it belongs to; "" is any. */
const kinds: Readonly<Record<string, KindRow & { readonly group: string }>> = {
  WasmPlugin: { group: "extensions.istio.io", dialect: "wasm-plugin", read: readWasmPlugin },
  TrafficExtension: {
    group: "extensions.istio.io",
    dialect: "traffic-extension",
    read: readTrafficExtension,
  },
  EnvoyFilter: { group: "networking.istio.io", dialect: "envoy-filter", read: readEnvoyFilter },
  EnvoyExtensionPolicy: {
    group: "gateway.envoyproxy.io",
    dialect: "envoy-extension-policy",
    read: readExtensionPolicy,
  },
  EnvoyPatchPolicy: {
    group: "gateway.envoyproxy.io",
    dialect: "envoy-patch-policy",
    read: readPatchPolicy,
  },
  MeshProxyPatch: {
    group: "",
    dialect: "mesh-proxy-patch",
    read: (draft) => readKuma(draft, "mesh-proxy-patch"),
  },
  ProxyTemplate: {
    group: "",
    dialect: "proxy-template",
    read: (draft) => readKuma(draft, "proxy-template"),
  },
  Gateway: { group: "gateway.solo.io", dialect: "gloo-options", read: readGlooOptions },
  HttpListenerOption: { group: "gateway.solo.io", dialect: "gloo-options", read: readGlooOptions },
  MatchableHttpGateway: {
    group: "gateway.solo.io",
    dialect: "gloo-options",
    read: readGlooOptions,
  },
  WasmDeploymentPolicy: {
    group: "",
    dialect: "gloo-deployment-policy",
    read: readDeploymentPolicy,
  },
  ClusterPolicy: { group: "kyverno.io", dialect: null, read: nothing },
  Policy: { group: "kyverno.io", dialect: null, read: nothing },
  ValidatingPolicy: { group: "policies.kyverno.io", dialect: null, read: nothing },
  NamespacedValidatingPolicy: { group: "policies.kyverno.io", dialect: null, read: nothing },
  ImageValidatingPolicy: { group: "policies.kyverno.io", dialect: null, read: nothing },
  ValidatingAdmissionPolicy: {
    group: "admissionregistration.k8s.io",
    dialect: null,
    read: nothing,
  },
  ValidatingAdmissionPolicyBinding: {
    group: "admissionregistration.k8s.io",
    dialect: null,
    read: nothing,
  },
  PrometheusRule: { group: "monitoring.coreos.com", dialect: null, read: nothing },
  ConfigMap: { group: "", dialect: "envoy", read: readConfigMap },
};

/** Envoy's configuration as a file in a ConfigMap. */
function readConfigMap(draft: Draft): void {
  const { document } = draft;
  for (const { value } of mapUnder(document.root, "data")?.entries ?? []) {
    if (value.kind !== "scalar" || typeof value.value !== "string") continue;
    if (!mayMatter(value.value)) continue;
    const { tree } = readEmbedded(document.file, value);
    if (tree?.kind === "map") readEnvoyDocument(draft, tree);
  }
}

function kindOf(root: MapTree): readonly [string, KindRow] | undefined {
  const apiVersion = textUnder(root, "apiVersion")?.value ?? "";
  // Kuma without Kubernetes says `type`.
  const kind = textUnder(root, apiVersion === "" ? "type" : "kind")?.value ?? "";
  if (!Object.hasOwn(kinds, kind)) return undefined;
  const row = kinds[kind]!;
  const group = apiVersion.slice(0, Math.max(0, apiVersion.lastIndexOf("/")));
  return row.group === "" || row.group === group ? [kind, row] : undefined;
}

/** Reads a map that stands in a file. */
export function readDocument(
  file: TextFile,
  piece: Piece,
  root: MapTree,
  partial: boolean,
): MeshDocument | undefined {
  const [kind, row] = kindOf(root) ?? ["", undefined];
  const notes = newNotes(file.source);
  const found: Found = { uses: [], runtimeKeys: [] };
  const patches: MeshDocument["patches"][number][] = [];
  const document: MeshDocument = {
    file,
    from: piece.from,
    to: piece.to,
    index: piece.index,
    root,
    apiVersion: textUnder(root, "apiVersion")?.value ?? "",
    kind,
    name: (textUnder(root, "metadata", "name") ?? textUnder(root, "name"))?.value ?? "",
    namespace: textUnder(root, "metadata", "namespace")?.value ?? "",
    dialect: row === undefined ? "envoy" : row.dialect,
    uses: found.uses,
    runtimeKeys: found.runtimeKeys,
    patches,
    notes: notes.notes,
    partial,
  };
  const draft: Draft = { document, notes, found, patches };
  if (row !== undefined) {
    row.read(draft);
    drop(draft);
    return document;
  }
  if (isRules(root)) return { ...document, kind: "PrometheusRules", dialect: null };
  if (document.apiVersion !== "" && textUnder(root, "kind") !== null) return undefined;
  if (!readEnvoyDocument(draft, root)) return undefined;
  drop(draft);
  return document;
}

/**
 * Takes out notes that say nothing: types of a build's own, which no table has, and what a patch leaves out.
 */
function drop({ document, notes: { notes } }: Draft): void {
  const kept = notes.filter(({ code, args }) => {
    if (code === "envoy-missing-field" && excused(document, String(args.message))) return false;
    if (code === "envoy-wrong-type" && document.dialect === "envoy-filter" && goDuration(args)) {
      return false;
    }
    if (code !== "envoy-unknown-type") return true;
    const type = String(args.type);
    if (type.startsWith("envoy.")) return !leftOut.test(type);
    return String(args.suggestion).startsWith("Did you mean");
  });
  notes.splice(0, notes.length, ...kept);
}

/** What the table leaves out: Envoy's services and what they exchange. */
const leftOut = /^envoy\.(?:service|data)\./;

/** istiod reads durations as Go writes them, `500ms` and `1m30s`, and sends Envoy what it takes. */
function goDuration({ expected, found }: SchemaNote["args"]): boolean {
  return (
    String(expected).startsWith("seconds") &&
    /^"(?:[0-9.]+(?:ns|us|ms|s|m|h))+"$/.test(String(found))
  );
}

/** Whether somebody else sets what is missing: Istio's agent fetches code by itself, a digest is a rule's own matter. */
function excused({ partial, dialect }: MeshDocument, message: string): boolean {
  if (partial || message === "RemoteDataSource") return true;
  return dialect === "envoy-filter" && message === "HttpUri";
}

/** A file of Prometheus' rules, which has no kind. */
function isRules(root: MapTree): boolean {
  const groups = entryOf(root, "groups")?.value;
  return groups?.kind === "list" && entryOf(groups.items[0], "rules") !== undefined;
}
