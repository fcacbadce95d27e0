// What is asked for: one plugin under one policy, for one release of Envoy, in one form. Plain data; names and
// addresses have been checked by whoever took them from a person.
import type { Policy } from "../../../policy/policy.ts";
import type { EnvoyVersion } from "../../../spec/envoy-versions.ts";

/** How much is written: parts to paste, a listener with its clusters, or all that Envoy needs to start. */
export const forms = ["filter", "listener", "bootstrap"] as const;

export type Form = (typeof forms)[number];

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Route {
  readonly prefix: string;
  readonly cluster: string;
}

/** Where Envoy finds the hardened bytes. */
export type Code =
  | { readonly kind: "local"; readonly filename: string }
  | { readonly kind: "remote"; readonly url: URL }
  /** A mesh's agent fetches it and hands Envoy a file; the pin is of whatever that agent compares. */
  | { readonly kind: "agent"; readonly url: string; readonly pin: string; readonly what: string };

export interface EnvoyRequest {
  readonly policy: Policy;
  readonly version: EnvoyVersion;
  readonly form: Form;
  /** Where the plugin runs; none: wherever the filter stands. */
  readonly routes: readonly Route[];
  /** Addresses of clusters that routes or the policy name; the others become placeholders. */
  readonly clusters: ReadonlyMap<string, Endpoint>;
  /** The policy's dispatch.clusters; null where it names none. */
  readonly dispatch: readonly string[] | null;
  readonly code: Code;
  readonly rootId: string;
  /** null: the plugin is given none. */
  readonly configuration: string | null;
  readonly environment: readonly (readonly [string, string])[];
  readonly listen: Endpoint;
  readonly admin: Endpoint;
}

/** A second version of the plugin, for a fraction of the requests that the first one would see. */
export interface EnvoyCanary {
  /** As shipped. */
  readonly original: Uint8Array;
  /** Under a name of its own: statistics and VMs of the versions are told apart by it. */
  readonly policy: Policy;
  readonly dispatch: readonly string[] | null;
  readonly code: Code;
  readonly percent: number;
}

/** What of a request the plugin itself depends on. */
export type PluginRequest = Pick<
  EnvoyRequest,
  "policy" | "version" | "dispatch" | "rootId" | "configuration" | "environment"
>;
