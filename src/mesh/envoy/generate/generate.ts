// `generate envoy`: a plugin and its policy → Envoy configuration that holds what the policy promises, as far as this
// release of Envoy can, beside the hardened module that holds it by itself. Deterministic; touches no file.
import { type Finding, finding } from "../../../errors/failure.ts";
import type { HardenReport } from "../../../harden/report.ts";
import { envoyReleases } from "../../../spec/envoy-versions.ts";
import { version } from "../../../util/version.ts";
import { clustersOf } from "./clusters.ts";
import { documentOf } from "./document.ts";
import { scopesOf } from "./names.ts";
import { type PluginFacts, pluginFacts } from "./plugin-facts.ts";
import type { EnvoyRequest } from "./request.ts";
import { plain, yamlText } from "./yaml.ts";

export interface Generated {
  readonly yaml: string;
  /** The same as data. */
  readonly config: unknown;
  /** The hardened module that the configuration names. */
  readonly bytes: Uint8Array;
  readonly report: HardenReport;
  /** What Envoy is told to let the module call and have called. */
  readonly capabilities: readonly string[];
  readonly vmIds: readonly string[];
  readonly findings: readonly Finding[];
}

const evidences = {
  measured: "tried in that release",
  read: "from that release's source, not tried",
  inferred: "from the sources of its neighbours, not tried",
} as const;

function headOf(request: EnvoyRequest, { report }: PluginFacts): readonly string[] {
  const release = envoyReleases.find((row) => row.release === request.version)!;
  const { original, hardened, policy } = report;
  return [
    `Envoy ${request.version} (${evidences[release.evidence]}), ${request.form} form, by glovebox ${version()} generate envoy.`,
    `policy ${request.policy.name}, digest ${policy}`,
    `plugin as shipped: sha256 ${original.sha256}`,
    `plugin hardened: sha256 ${hardened.sha256}, ${hardened.bytes} bytes`,
    "Where several releases read this file, generate it for the oldest of them. JUDGE and FILL IN mark what a person has to look at. Change the policy and generate again rather than edit.",
  ];
}

/**
 * Generates the configuration. Throws what `contain` throws, and `generate-…` failures for what this release would
 * refuse, silently not do, or not start.
 */
export function generateEnvoy(original: Uint8Array, request: EnvoyRequest): Generated {
  const facts = pluginFacts(original, request);
  const scopes = scopesOf(request);
  const clusters = clustersOf(request, facts, scopes);
  const document = documentOf(request, facts, scopes, clusters);
  const names = clusters.placeholders.join(", ");
  return {
    yaml: yamlText(headOf(request, facts), document),
    config: plain(document),
    bytes: facts.bytes,
    report: facts.report,
    capabilities: [...facts.calls, ...facts.callbacks].map((one) => one.name),
    vmIds: scopes.map((scope) => scope.vmId),
    findings: [
      ...facts.findings,
      ...(names === "" ? [] : [finding("generate-placeholder", "info", { names })]),
    ],
  };
}
