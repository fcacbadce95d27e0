// What a mesh document says of a plugin, the same for every dialect: the neutral model that lint and audit stand on.
// Whatever was written carries the offset where it stands in its file; what was not written is null, and what
// follows from that is for the reader of the model to know. It knows no dialect's spelling and no file system.
import type { Args, Code } from "../errors/catalogue.ts";
import type { Level } from "../errors/failure.ts";
import type { MapTree, Source, Tree } from "./envoy/read/tree.ts";

/** The form that a plugin is configured in. */
export type Dialect =
  | "envoy"
  | "config-dump"
  | "wasm-plugin"
  | "traffic-extension"
  | "envoy-filter"
  | "envoy-extension-policy"
  | "envoy-patch-policy"
  | "mesh-proxy-patch"
  | "proxy-template"
  | "gloo-options"
  | "gloo-deployment-policy";

/** Who turns the document into Envoy's configuration. */
export type ControlPlane = "envoy" | "istio" | "envoy-gateway" | "kuma" | "gloo";

/** A value with the offset of its text in the file. */
export interface Placed<T> {
  readonly value: T;
  readonly at: number;
}

/** One file's text, or standard input. */
export interface TextFile {
  /** As it was named; `-` for standard input. */
  readonly name: string;
  readonly text: string;
  readonly source: Source;
}

/** What Envoy's schema, or that of a kind, has against a place; the words come later. */
export interface SchemaNote {
  readonly code: Code;
  readonly level: Level;
  readonly at: number;
  readonly args: Args;
}

/** One document of a file: what stands between two `---`. */
export interface MeshDocument {
  readonly file: TextFile;
  /** Offsets of its text in the file; the end is excluded. */
  readonly from: number;
  readonly to: number;
  /** Counts from 0, skipped documents included. */
  readonly index: number;
  readonly root: MapTree;
  /** Kubernetes' words where it has them; "" otherwise. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  /** null for documents that hold no plugin by their kind, such as a policy engine's. */
  readonly dialect: Dialect | null;
  readonly uses: readonly PluginUse[];
  readonly runtimeKeys: readonly RuntimeKey[];
  readonly patches: readonly EnvoyPatch[];
  readonly notes: readonly SchemaNote[];
  /** A patch of something else, so that what is missing may stand there. */
  readonly partial: boolean;
}

/** A key of Envoy's runtime that a document sets. */
export interface RuntimeKey {
  readonly key: string;
  /** Where the key stands. */
  readonly at: number;
  readonly value: Tree;
  /** The map that holds it. */
  readonly parent: MapTree;
}

/** One change to Envoy's configuration that an EnvoyFilter asks for. */
export interface EnvoyPatch {
  readonly at: number;
  readonly applyTo: Placed<string> | null;
  readonly operation: Placed<string> | null;
  /** The filter or resource that it is matched to or that it adds. */
  readonly target: Placed<string> | null;
  /** Whether a plugin stands in its value. */
  readonly wasm: boolean;
}

/** Where in the proxy the plugin runs. */
export type Position =
  | "http-filter"
  | "network-filter"
  | "access-log"
  | "stat-sink"
  | "bootstrap-service"
  /** In typed_per_filter_config, which no Envoy takes. */
  | "route";

/** One plugin in one place. */
export interface PluginUse {
  readonly document: MeshDocument;
  readonly dialect: Dialect;
  readonly position: Position;
  /** Where the plugin's own block begins. */
  readonly at: number;
  /** The map that its fields stand in. */
  readonly tree: MapTree;
  /** What it is called: PluginConfig.name, or the resource's name. */
  readonly name: Placed<string>;
  readonly rootId: Placed<string> | null;
  /** null where none is written; dialects that cannot say one never have it. */
  readonly vmId: Placed<string> | null;
  readonly runtime: Placed<string> | null;
  readonly code: CodeSource | null;
  readonly capabilities: Capabilities | null;
  readonly failure: Failures;
  readonly environment: Environment;
  readonly allowPrecompiled: Placed<boolean> | null;
  /** The text that `proxy_on_configure` is given, where it is plain. */
  readonly configuration: Placed<string> | null;
  readonly phase: Placed<string> | null;
  readonly priority: Placed<number> | null;
  readonly scope: Scope;
  /** A piece of a plugin's configuration: what is missing may stand elsewhere. */
  readonly partial: boolean;
}

export type CodeKind = "oci" | "http" | "https" | "file" | "inline" | "none";

/** Where the module comes from and what pins it. */
export interface CodeSource {
  readonly kind: CodeKind;
  readonly at: number;
  /** As written: a URL, a reference or a path; "" for inline code. */
  readonly url: Placed<string>;
  readonly sha256: Placed<string> | null;
  /** Of a digest inside a reference, `…@sha256:HEX`. */
  readonly digest: string | null;
  /** Of a reference; null where it says none. */
  readonly tag: string | null;
  /** What `sha256` is compared with: the file, the manifest, or nothing. */
  readonly pins: "file" | "manifest" | "nothing";
  readonly pullPolicy: Placed<string> | null;
  readonly pullSecret: Placed<string> | null;
  /** Of remote code in Envoy's own form: whether a retry policy is written. */
  readonly retry: Placed<boolean> | null;
  /** Of remote code in Envoy's own form. */
  readonly cluster: Placed<string> | null;
}

/** `capability_restriction_config`. */
export interface Capabilities {
  /** Where the block begins: its key. */
  readonly at: number;
  /** The message that it stands in; Envoy below 1.40 and istiod know the first only. */
  readonly in: "PluginConfig" | "VmConfig";
  readonly form: "map" | "list" | "other";
  /** The names as written, in their order. */
  readonly names: readonly Placed<string>[];
  /** The tree of `allowed_capabilities`; null where that is missing. */
  readonly list: Tree | null;
  /** Where the key `allowed_capabilities` stands; `at` where that is missing. */
  readonly listAt: number;
}

export type FailureMode = "closed" | "open" | "reload";

/** What a trap does, as written and as it is meant. */
export interface Failures {
  /** The deprecated flag of Envoy and of Gloo, and Envoy Gateway's. */
  readonly failOpen: Placed<boolean> | null;
  /** `failure_policy` or `failStrategy`, as written. */
  readonly policy: Placed<string> | null;
  /** Whether a reload policy is written. */
  readonly reload: Placed<boolean> | null;
  /** What is in force; closed where nothing is written. */
  readonly mode: FailureMode;
}

/** What of its environment a plugin is shown. */
export interface Environment {
  /** Names whose values come from the proxy's own environment. */
  readonly host: readonly Placed<string>[];
  /** Names with a value in the configuration. */
  readonly values: readonly Placed<string>[];
}

/** Which requests the plugin sees. */
export interface Scope {
  /** Envoy: a listener or a route; elsewhere workloads by labels, named targets, or all that there is. */
  readonly kind: "listener" | "route" | "labels" | "targets" | "everything";
  readonly at: number;
  /** Labels as `key=value`, targets as `Kind/name`, the route's match in words. */
  readonly of: readonly string[];
}

const planes: Readonly<Record<Dialect, ControlPlane>> = {
  envoy: "envoy",
  "config-dump": "envoy",
  "wasm-plugin": "istio",
  "traffic-extension": "istio",
  "envoy-filter": "istio",
  "envoy-extension-policy": "envoy-gateway",
  "envoy-patch-policy": "envoy-gateway",
  "mesh-proxy-patch": "kuma",
  "proxy-template": "kuma",
  "gloo-options": "gloo",
  "gloo-deployment-policy": "gloo",
};

/** Who reads a dialect. */
export function controlPlane(dialect: Dialect): ControlPlane {
  return planes[dialect];
}

/** Whether a dialect writes Envoy's own PluginConfig, so that every field of it can be said. */
export function saysAllOfEnvoy(dialect: Dialect): boolean {
  return ![
    "wasm-plugin",
    "traffic-extension",
    "envoy-extension-policy",
    "gloo-options",
    "gloo-deployment-policy",
  ].includes(dialect);
}
