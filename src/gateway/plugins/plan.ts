// What one plugin of the configuration may do and use: the policy that is written into its bytes, and the rules
// that the host has to keep because the rewriter can't yet. A policy file of the plugin's name decides; without
// one, the configuration's own words and the article's limits do.
import { fail } from "../../errors/failure.ts";
import type { ArgumentRules } from "../../host/guards.ts";
import type { LabConfig, PluginConfig } from "../../mesh/envoy/lab-config.ts";
import { parsePolicy } from "../../policy/document.ts";
import type { Policy } from "../../policy/policy.ts";
import { policyFromRole, resolvePolicy } from "../../policy/resolve.ts";
import type { Path } from "../../policy/schema.ts";
import { type PolicyDocument, setting } from "../../policy/settings.ts";
import { hostFunctions } from "../../spec/host-functions.ts";
import { LOG_LEVEL } from "../../spec/status.ts";

/** Fields that the lab's host enforces, as long as the rewriter doesn't. */
export const HOST_ENFORCED = [
  "spec.limits.fuel.request",
  "spec.limits.dispatch.outstanding",
  "spec.limits.log.level",
  "spec.dispatch.clusters",
  "spec.properties.read",
  "spec.properties.write",
  "spec.headers.read",
  "spec.headers.write",
] as const satisfies readonly Path[];

/** The article's budget of a request. */
export const REQUEST_FUEL = 100_000_000;

export const NO_ARGUMENT_RULES: ArgumentRules = {
  propertiesRead: null,
  propertiesWrite: null,
  headersRead: null,
  headersWrite: null,
};

const lowered = (names: readonly string[] | undefined): readonly string[] | null =>
  names === undefined ? null : names.map((one) => one.toLowerCase());

/** What the host keeps; null where there is no bound. */
export interface HostRules extends ArgumentRules {
  readonly requestFuel: number | null;
  readonly outstanding: number | null;
  /** Calls may reach these clusters only. */
  readonly clusters: readonly string[] | null;
  /** Lines below are dropped. */
  readonly logLevel: number;
}

export interface Plan {
  /** Where the policy comes from: a file, or "the configuration". */
  readonly origin: string;
  readonly policy: Policy;
  readonly rules: HostRules;
  readonly failure: PluginConfig["failure"];
}

/** A policy as it was given, by the name of its plugin. */
export interface GivenPolicy {
  readonly file: string;
  readonly document: PolicyDocument;
}

/** Policies by plugin name. Throws what parsing throws, and for two of one name. */
export function readPolicies(
  files: readonly { readonly file: string; readonly text: string }[],
): ReadonlyMap<string, GivenPolicy> {
  const given = new Map<string, GivenPolicy>();
  for (const { file, text } of files) {
    const document = parsePolicy(text, file);
    const name = setting(document, "metadata.name")!;
    const first = given.get(name);
    if (first !== undefined) {
      fail("gateway-policy-twice", { name, first: first.file, second: file });
    }
    given.set(name, { file, document });
  }
  return given;
}

/** The plan of a plugin. Throws where its policy asks for what nobody enforces. */
export function planOf(
  plugin: PluginConfig,
  limits: LabConfig["limits"],
  given: GivenPolicy | undefined,
): Plan {
  return given === undefined ? fromConfiguration(plugin, limits) : fromPolicy(plugin, given);
}

function fromPolicy(plugin: PluginConfig, { file, document }: GivenPolicy): Plan {
  const settings = new Map(document.settings);
  for (const path of HOST_ENFORCED) settings.delete(path);
  const policy = resolvePolicy({ ...document, settings });
  if (policy.notYet.length > 0) {
    const where = document.settings.get(policy.notYet[0] as Path)?.where;
    fail("policy-not-yet", { fields: policy.notYet.join(", ") }, where);
  }
  const level = setting(document, "spec.limits.log.level");
  return {
    origin: file,
    policy,
    rules: {
      requestFuel: setting(document, "spec.limits.fuel.request") ?? REQUEST_FUEL,
      outstanding:
        setting(document, "spec.limits.dispatch.outstanding") ?? plugin.maxOutstandingDispatches,
      clusters: setting(document, "spec.dispatch.clusters") ?? plugin.dispatchClusters,
      logLevel: level === undefined ? 0 : LOG_LEVEL[level as keyof typeof LOG_LEVEL],
      propertiesRead: setting(document, "spec.properties.read") ?? null,
      propertiesWrite: setting(document, "spec.properties.write") ?? null,
      headersRead: lowered(setting(document, "spec.headers.read")),
      headersWrite: lowered(setting(document, "spec.headers.write")),
    },
    failure: document.settings.has("spec.failure") ? policy.failure : plugin.failure,
  };
}

/** What SDKs need to start, and what is not gated, comes with every list, as it does with every role. */
const startup = hostFunctions.filter((row) => row.startup).map((row) => row.name);
const everything = hostFunctions.map((row) => row.name);

function fromConfiguration(plugin: PluginConfig, limits: LabConfig["limits"]): Plan {
  const { capabilities } = plugin;
  // An empty list restricts nothing in Envoy; the article's reader would expect nothing to be allowed, and
  // the configuration's findings say which of the two is meant.
  const allow = capabilities === null ? everything : [...new Set([...capabilities, ...startup])];
  const policy = policyFromRole(null, {
    "metadata.name": plugin.name,
    "spec.capabilities.allow": allow,
    ...(limits.memory !== null && { "spec.limits.memory": limits.memory }),
    ...(limits.fuel !== null && { "spec.limits.fuel.callback": limits.fuel }),
  });
  return {
    origin: "the configuration",
    policy,
    rules: {
      requestFuel: limits.fuel ?? REQUEST_FUEL,
      outstanding: plugin.maxOutstandingDispatches,
      clusters: plugin.dispatchClusters,
      logLevel: 0,
      ...NO_ARGUMENT_RULES,
    },
    failure: plugin.failure,
  };
}
