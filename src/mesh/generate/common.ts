// What the generators of all targets share: names that Kubernetes takes, an object's frame, what stands at the top
// of a file. The same input gives the same words.
import { type Finding, fail, finding } from "../../errors/failure.ts";
import { version } from "../../util/version.ts";
import type { YamlDocument } from "../envoy/generate/yaml.ts";
import { at, type Entry, type MapNode, map, type Node, tree } from "../envoy/generate/yaml.ts";
import type { MeshRequest, Phase, Revision } from "./request.ts";

/** What is written, and what stays to be known beside it. */
export interface Written {
  readonly documents: readonly YamlDocument[];
  readonly findings: readonly Finding[];
}

/** Names that stand for an object's canary. */
export const CANARY = "canary";

/** Label of objects and workloads that belong to a canary. */
export const CANARY_LABEL = "glovebox.dev/canary";

/** `My_Auth` → `my-auth`: what Kubernetes takes as a name. Throws `generate-name` where nothing is left of it. */
export function objectName(name: string): string {
  const made = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/(^|\.)[.-]+|[.-]+(\.|$)/g, "$1$2")
    .slice(0, 200)
    .replace(/[.-]+$/, "");
  return made === "" ? fail("generate-name", { name }) : made;
}

export interface ObjectFrame {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** null for objects of the whole cluster. */
  readonly namespace: string | null;
  readonly labels?: readonly (readonly [string, string])[];
}

/** apiVersion, kind and metadata, then the rest. */
export function object(frame: ObjectFrame, ...rest: readonly Entry[]): MapNode {
  const labels = frame.labels ?? [];
  const metadata = map(
    at("name", frame.name),
    ...(frame.namespace === null ? [] : [at("namespace", frame.namespace)]),
    ...(labels.length === 0 ? [] : [at("labels", tree(Object.fromEntries(labels)))]),
  );
  return map(
    at("apiVersion", frame.apiVersion),
    at("kind", frame.kind),
    at("metadata", metadata),
    ...rest,
  );
}

/** What a person has to know of a generated file before all else. */
export function headOf(
  target: string,
  consumer: string,
  lines: readonly string[],
): readonly string[] {
  return [
    `${consumer}, by glovebox ${version()} generate ${target}.`,
    ...lines,
    "JUDGE and FILL IN mark what a person has to look at. Change the policy and generate again rather than edit.",
  ];
}

/** Whose module it is, for the top of a file. */
export function revisionLines({ envoy, facts }: Revision, what = ""): readonly string[] {
  const { original, hardened } = facts.report;
  const word = what === "" ? "" : ` (${what})`;
  return [
    `policy ${envoy.policy.name}${word}, digest ${envoy.policy.digest}`,
    `plugin${word} as shipped: sha256 ${original.sha256}`,
    `plugin${word} hardened: sha256 ${hardened.sha256}, ${hardened.bytes} bytes`,
  ];
}

/** All versions of a request, for the top of a file. */
export function requestLines({ stable, canary }: MeshRequest): readonly string[] {
  if (canary === null) return revisionLines(stable);
  return [...revisionLines(stable, "stable"), ...revisionLines(canary.revision, CANARY)];
}

/** What a plugin of this role and failure does first of all: decide, or only look. */
export function phaseOf(role: string | null, security: boolean): Phase {
  if (role === "auth" || role === "external-auth") return "authn";
  if (role === "rate-limiter" || security) return "authz";
  if (role === "logging" || role === "metrics" || role === "tracing") return "stats";
  return "last";
}

/** The configuration as an object. Throws `generate-configuration` where the target takes nothing else. */
export function configurationObject(revision: Revision, target: string, instead: string): Node {
  const { configuration } = revision.envoy;
  let value: unknown;
  try {
    value = JSON.parse(configuration ?? "{}");
  } catch {
    value = null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail("generate-configuration", { target, instead });
  }
  return tree(jsonPlain(value) as Parameters<typeof tree>[0]);
}

/** JSON without null, which no place of a protobuf Struct in YAML tells from nothing. */
function jsonPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonPlain);
  if (typeof value !== "object" || value === null) return value ?? "";
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, jsonPlain(one)]));
}

/** What a target can't say of a plugin, in one finding, with the way that can. */
export function cannot(target: string, what: string, instead: string): Finding {
  return finding("generate-cannot-carry", "info", { target, what, instead });
}

const shares = ["shared_data", "shared_queue"];

/** Of the calls that stay, those that meet other plugins of the same vm_id. */
export function sharedCalls({ facts }: Revision): readonly string[] {
  return facts.calls
    .map((one) => one.name)
    .filter((name) => shares.some((it) => name.includes(it)));
}
