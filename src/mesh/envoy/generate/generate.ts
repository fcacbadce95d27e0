// `generate envoy`: a plugin and its policy → Envoy configuration that holds what the policy promises, as far as this
// release of Envoy can, beside the hardened module that holds it by itself. Deterministic; touches no file.
import { type Finding, finding } from "../../../errors/failure.ts";
import type { HardenReport } from "../../../harden/report.ts";
import { envoyReleases } from "../../../spec/envoy-versions.ts";
import { version } from "../../../util/version.ts";
import { byNameAlone, clustersOf } from "./clusters.ts";
import { documentOf } from "./document.ts";
import { type Plan, planOf, type Told, versionsOf } from "./plan.ts";
import type { EnvoyCanary, EnvoyRequest } from "./request.ts";
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
  /** Of the new version, where there is one. */
  readonly canary: Pick<Generated, "bytes" | "report" | "capabilities" | "vmIds"> | null;
  readonly findings: readonly Finding[];
}

const evidences = {
  measured: "tried in that release",
  read: "from that release's source, not tried",
  inferred: "from the sources of its neighbours, not tried",
} as const;

function versionLines({ request, facts }: Told, what: string): readonly string[] {
  const { original, hardened, policy } = facts.report;
  return [
    `policy ${request.policy.name}, digest ${policy}`,
    `${what} as shipped: sha256 ${original.sha256}`,
    `${what} hardened: sha256 ${hardened.sha256}, ${hardened.bytes} bytes`,
  ];
}

function headOf({ request, stable, canary }: Plan): readonly string[] {
  const release = envoyReleases.find((row) => row.release === request.version)!;
  const versions =
    canary === null
      ? versionLines(stable, "plugin")
      : [
          ...versionLines(stable, "plugin"),
          ...versionLines(canary, "canary"),
          `The canary is for ${canary.percent} of a hundred requests; \`glovebox generate prometheus --canary\` writes the alert that ends it.`,
        ];
  return [
    `Envoy ${request.version} (${evidences[release.evidence]}), ${request.form} form, by glovebox ${version()} generate envoy.`,
    ...versions,
    "Where several releases read this file, generate it for the oldest of them. JUDGE and FILL IN mark what a person has to look at. Change the policy and generate again rather than edit.",
  ];
}

function made({ facts, scopes }: Told): NonNullable<Generated["canary"]> {
  return {
    bytes: facts.bytes,
    report: facts.report,
    capabilities: [...facts.calls, ...facts.callbacks].map((one) => one.name),
    vmIds: scopes.map((scope) => scope.vmId),
  };
}

/**
 * Generates the configuration, with a second version of the plugin where one is given. Throws what `contain` throws,
 * and `generate-…` failures for what this release would refuse, silently not do, or not start.
 */
export function generateEnvoy(
  original: Uint8Array,
  request: EnvoyRequest,
  canary: EnvoyCanary | null = null,
): Generated {
  const plan = planOf(original, request, canary);
  const clusters = clustersOf(plan);
  const document = documentOf(plan, clusters);
  const names = clusters.placeholders.join(", ");
  return {
    yaml: yamlText(headOf(plan), document),
    config: plain(document),
    ...made(plan.stable),
    canary: plan.canary === null ? null : made(plan.canary),
    findings: [
      ...versionsOf(plan).flatMap((one) => one.facts.findings),
      ...byNameAlone(plan),
      ...(names === "" ? [] : [finding("generate-placeholder", "info", { names })]),
    ],
  };
}
