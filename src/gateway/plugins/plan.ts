// What one plugin of the configuration may do and use: one policy, which is written into its bytes. A policy file of
// the plugin's name decides; what it leaves open and the configuration says is put into it here, and nowhere else.
// Without a file the configuration's own words and the article's limits make the policy.
import { fail } from "../../errors/failure.ts";
import type { LabConfig, PluginConfig } from "../../mesh/envoy/lab-config.ts";
import { parsePolicy } from "../../policy/document.ts";
import type { Policy } from "../../policy/policy.ts";
import { policyFromRole, resolvePolicy } from "../../policy/resolve.ts";
import { field, type Path, type ValueAt } from "../../policy/schema.ts";
import { type PolicyDocument, type Setting, setting } from "../../policy/settings.ts";
import { hostFunctions } from "../../spec/host-functions.ts";

/** The article's budget of a request, where nobody sets one. */
export const REQUEST_FUEL = 100_000_000;

export interface Plan {
  /** Where the policy comes from: a file, or "the configuration". */
  readonly origin: string;
  /** What the plugin is hardened under. */
  readonly policy: Policy;
  /** The file's own policy, without the configuration's words: what a module that was hardened before carries. */
  readonly own: Policy;
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

/** Fields of a policy that the configuration has words for, by path. */
function wordsOf(plugin: PluginConfig): { readonly [P in Path]?: ValueAt<P> } {
  const { dispatchClusters: clusters, maxOutstandingDispatches: most } = plugin;
  const greatest = field("spec.limits.dispatch.outstanding")!.max!;
  return {
    ...(clusters !== null && { "spec.dispatch.clusters": clusters }),
    ...(most !== null && { "spec.limits.dispatch.outstanding": Math.min(most, greatest) }),
  };
}

function fromPolicy(plugin: PluginConfig, { file, document }: GivenPolicy): Plan {
  const own = resolvePolicy(document);
  const where = { at: "file", file } as const;
  const words = Object.entries(wordsOf(plugin))
    .filter(([path]) => !document.settings.has(path as Path))
    .map(([path, value]): [Path, Setting] => [path as Path, { value, where }]);
  const settings = new Map([...document.settings, ...words]);
  return {
    origin: file,
    policy: words.length === 0 ? own : resolvePolicy({ ...document, settings }),
    own,
    failure: document.settings.has("spec.failure") ? own.failure : plugin.failure,
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
    ...wordsOf(plugin),
    "metadata.name": plugin.name,
    "spec.capabilities.allow": allow,
    ...(limits.memory !== null && { "spec.limits.memory": limits.memory }),
    ...(limits.fuel !== null && {
      "spec.limits.fuel.callback": limits.fuel,
      "spec.limits.fuel.request": limits.fuel,
    }),
  });
  return { origin: "the configuration", policy, own: policy, failure: plugin.failure };
}
