// What is asked of a mesh's generator: a plugin, ready and pinned, perhaps a second version beside it, and where in
// the mesh it runs. Plain data; names, labels and addresses have been checked by whoever took them from a person.
import type { CanaryShare } from "../envoy/generate/canary.ts";
import type { PluginFacts } from "../envoy/generate/plugin-facts.ts";
import type { EnvoyRequest } from "../envoy/generate/request.ts";

export const meshTargets = ["istio", "envoy-gateway", "kuma", "gloo"] as const;

export type MeshTarget = (typeof meshTargets)[number];

/** One version of a plugin: what Envoy is told, what was found, where the hardened module is. */
export interface Revision {
  /** For the parts that are Envoy's own messages; its name tells versions apart in statistics. */
  readonly envoy: EnvoyRequest;
  readonly facts: PluginFacts;
  readonly source: ModuleSource;
}

/** Where the hardened module is, as the consumer is told. */
export interface ModuleSource {
  readonly kind: "oci" | "http" | "file";
  /** With its scheme. */
  readonly url: string;
  /** Hex that the consumer compares: of the manifest for `oci`, of the module for `http`; null for a file. */
  readonly pin: string | null;
}

export interface Canary extends CanaryShare {
  readonly revision: Revision;
}

export type Side = "gateway" | "inbound" | "outbound";

export const sides = ["gateway", "inbound", "outbound"] as const satisfies readonly Side[];

/** Where plugins of one kind stand among the others. */
export type Phase = "authn" | "authz" | "stats" | "last";

export const phases = ["authn", "authz", "stats", "last"] as const satisfies readonly Phase[];

export interface TargetRef {
  readonly kind: string;
  readonly name: string;
}

export interface MeshRequest {
  /** Of the objects. */
  readonly name: string;
  readonly namespace: string;
  /** Labels of the workloads; none: all of the namespace. */
  readonly labels: readonly (readonly [string, string])[];
  readonly targets: readonly TargetRef[];
  /** Of a gateway's, where a patch has to name it. */
  readonly listener: string;
  readonly side: Side;
  readonly phase: Phase;
  readonly pullSecret: string | null;
  readonly stable: Revision;
  readonly canary: Canary | null;
}
