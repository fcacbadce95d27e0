// wasm.v3.PluginConfig for one scope: code with its pin, VM, environment, restriction where the release reads it, and
// what a trap does. Every field that decides something is written out, defaults too.
import { isAbsolute } from "node:path";
import { fail } from "../../../errors/failure.ts";
import { envoyHas, failureForm, failureForms } from "../../../spec/envoy-versions.ts";
import { codeCluster, RUNTIME, type Scope, types } from "./names.ts";
import type { Capability, PluginFacts } from "./plugin-facts.ts";
import type { EnvoyRequest } from "./request.ts";
import { at, type Entry, map, type Node, tree, under } from "./yaml.ts";

/** How often and how patiently Envoy asks for a module that isn't there yet; its own default is to ask twice. */
const RETRIES = { num_retries: 10, retry_back_off: { base_interval: "1s", max_interval: "30s" } };

function codeOf(request: EnvoyRequest, facts: PluginFacts): Node {
  const { code } = request;
  const { sha256 } = facts.report.hardened;
  if (code.kind === "local") {
    const pin = "Envoy doesn't check the digest of a file: keep it where nobody else can write.";
    const above = [
      `sha256 ${sha256}. ${pin}`,
      ...(isAbsolute(code.filename) ? [] : ["Relative to the folder that Envoy is started in."]),
    ];
    return map(at("local", map(under(above, at("filename", code.filename)))));
  }
  if (code.kind === "agent") {
    // The agent puts the cluster and a file in place of this before Envoy sees it.
    const uri = { uri: code.url, cluster: "_", timeout: "30s" };
    const pin = under([code.what], at("sha256", code.pin));
    return map(at("remote", map(at("http_uri", tree(uri)), pin)));
  }
  const uri = { uri: code.url.href, cluster: codeCluster(request), timeout: "10s" };
  const pinned = "Of the hardened bytes: other bytes are refused.";
  return map(
    at(
      "remote",
      map(
        at("http_uri", tree(uri)),
        under([pinned], at("sha256", sha256)),
        under(
          ["The listener isn't ready until the module is there or this has ended."],
          at("retry_policy", tree(RETRIES)),
        ),
      ),
    ),
  );
}

function environment({ environment: variables }: EnvoyRequest): readonly Entry[] {
  if (variables.length === 0) return [];
  const above = ["What is written here, and nothing of the proxy's own environment."];
  const values = tree({ key_values: Object.fromEntries(variables) });
  return [under(above, at("environment_variables", values))];
}

const listed = (all: readonly Capability[]): readonly Entry[] =>
  all.map(({ name, what }) => at(name, map(), what));

/** Never empty: there is at least one callback, or there are no facts. */
function restriction({ calls, callbacks, ungated }: PluginFacts): Entry {
  const above = [
    "What the hardened module imports and exports under the policy, and no more. Envoy denies what isn't named: calls with status 10 (WASI 76) and a line in the log, callbacks silently.",
    ...(ungated.length === 0
      ? []
      : [`No list covers ${ungated.join(", ")}: the policy allows it.`]),
  ];
  const [first, ...rest] = listed(callbacks);
  const [call, ...others] = listed(calls);
  const names = [
    ...(call === undefined ? [] : [under(["Calls."], call), ...others]),
    under(["Callbacks: without one of these Envoy leaves the plugin out there."], first!),
    ...rest,
  ];
  return under(
    above,
    at("capability_restriction_config", map(at("allowed_capabilities", map(...names)))),
  );
}

function failure({ policy, version }: EnvoyRequest): readonly Entry[] {
  const form = failureForm(version, policy.failure);
  if (form === undefined) {
    const since = failureForms.find((row) => row.failure === policy.failure)!.since;
    return fail("generate-failure-policy", { version, failure: policy.failure, since });
  }
  const hangs =
    envoyHas(version, "trap-answers-503") || form.trapped !== "503"
      ? ""
      : " (or, before Envoy 1.35, hangs)";
  const above = [
    `failure: ${policy.failure}. The request that traps: ${form.trapped}${hangs}. Later ones on that worker: ${form.later}.`,
    ...(form.differs === undefined ? [] : [`Not as the article has it: ${form.differs}.`]),
  ];
  if (policy.failure === "open" && policy.security) {
    above.push("JUDGE: this plugin decides about requests; after a trap nobody does.");
  }
  const entry = under(above, at(form.field, form.value));
  if (policy.failure !== "reload") return [entry];
  const backoff = tree({ backoff: { base_interval: "1s" } });
  const judge =
    "JUDGE: whoever can make the plugin trap takes its route down for so long. Envoy reads no max_interval here.";
  return [entry, under([judge], at("reload_config", backoff))];
}

function configuration({ configuration: text }: EnvoyRequest): readonly Entry[] {
  return text === null ? [] : [at("configuration", tree({ "@type": types.text, value: text }))];
}

/** The plugin's configuration in one scope. Throws `generate-failure-policy`. */
export function pluginConfig(request: EnvoyRequest, facts: PluginFacts, scope: Scope): Node {
  const inVm = envoyHas(request.version, "restriction-in-vm-key");
  const shared =
    "Its own: plugins of one vm_id share data, queues and, where code and settings are the same, one VM and its traps";
  const vmId = inVm ? `${shared}.` : `${shared}; before Envoy 1.40 one restriction too.`;
  const vm = map(
    under([vmId], at("vm_id", scope.vmId)),
    at("runtime", RUNTIME),
    at("code", codeOf(request, facts)),
    at("allow_precompiled", false, "native code inside a module would be trusted"),
    ...environment(request),
    ...(inVm ? [restriction(facts)] : []),
  );
  return map(
    at("name", request.policy.name),
    at("root_id", request.rootId),
    at("vm_config", vm),
    ...configuration(request),
    ...failure(request),
    ...(inVm ? [] : [restriction(facts)]),
  );
}
