// wasm.v3.PluginConfig → the lab's PluginConfig, wherever it stands: in a filter, a route, an access logger.
import type { PluginConfig } from "../lab-config.ts";
import { anyBytes } from "./any-bytes.ts";
import { readCapabilities } from "./capabilities.ts";
import { checkCluster, type Lab } from "./lab.ts";
import type { Picker } from "./picker.ts";
import { readBackoff, readCode } from "./plugin-code.ts";

const RUNTIME = "envoy.wasm.runtime.";
const runtimes = ["v8", "wasmtime", "wamr"].map((name) => RUNTIME + name);

const policies: Readonly<Record<string, PluginConfig["failure"]>> = {
  FAIL_RELOAD: "reload",
  FAIL_CLOSED: "closed",
  FAIL_OPEN: "open",
};

function readFailure(plugin: Picker): PluginConfig["failure"] {
  const legacy = plugin.flag("fail_open");
  const policy = policies[plugin.choice("failure_policy")];
  if (legacy && policy !== undefined) {
    plugin.report.add("envoy-fail-open-twice", "error", plugin.offset("fail_open"));
  } else if (legacy) {
    plugin.report.add("lab-legacy-fail-open", "warning", plugin.offset("fail_open"));
  }
  return policy ?? (legacy ? "legacy-open" : "closed");
}

function readRuntime(vm: Picker | undefined): string {
  const runtime = vm?.text("runtime") ?? "";
  if (vm !== undefined && runtime !== "" && !runtimes.includes(runtime)) {
    vm.unsupported("runtime", runtime.slice(0, 60), runtimes.join(", "));
  }
  return runtime === "" ? runtimes[0]! : runtime;
}

function readEnvironment(vm: Picker | undefined): PluginConfig["environment"] {
  const variables = vm?.child("environment_variables");
  const host = variables?.texts("host_env_keys") ?? [];
  const entries = variables?.entries("key_values") ?? [];
  const seen = new Set<string>();
  for (const name of [...host, ...entries.map((entry) => entry.key)]) {
    if (seen.has(name)) {
      vm!.report.add("envoy-duplicate-variable", "error", variables!.offset(), { name });
    }
    seen.add(name);
  }
  const values = entries.map(
    ({ key, value }) => [key, value.kind === "scalar" ? String(value.value) : ""] as const,
  );
  return { host: [...host], values: Object.fromEntries(values) };
}

/** The article's list in the plugin's own configuration; null where that is no JSON object or has none. */
function readDispatchClusters(
  lab: Lab,
  plugin: Picker,
  configuration: Uint8Array,
): readonly string[] | null {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(configuration));
  } catch {
    return null;
  }
  if (typeof json !== "object" || json === null || !Object.hasOwn(json, KEY)) return null;
  const list = (json as Record<string, unknown>)[KEY];
  const at = plugin.offset("configuration");
  if (!Array.isArray(list) || !list.every((name) => typeof name === "string")) {
    lab.report.add("envoy-wrong-type", "error", at, {
      field: KEY,
      expected: "a list of clusters",
      found: JSON.stringify(list).slice(0, 60),
    });
    // Whoever wrote it wanted a limit.
    return [];
  }
  const clusters = list.length === 0 ? "none" : list.join(", ").slice(0, 200);
  lab.report.add("article-dispatch-clusters", lab.report.articleLevel, at, { clusters });
  for (const name of list) checkCluster(lab, name, at, "warning");
  return list;
}

const KEY = "allowed_dispatch_clusters";

/** The index of the plugin; undefined where the findings say why there is none. */
export function readPlugin(lab: Lab, plugin: Picker | undefined): number | undefined {
  if (plugin === undefined) return undefined;
  const vm = plugin.child("vm_config");
  // The lab runs no native code that a module brings, so only true is something that it doesn't do.
  if (vm !== undefined && !vm.isTrue("allow_precompiled")) vm.flag("allow_precompiled");
  const code = readCode(lab, vm, plugin);
  const configuration = anyBytes(lab, plugin.any("configuration"), "PluginConfig.configuration");
  const { names, maxOutstandingDispatches } = readCapabilities(plugin, vm);
  const backoff = plugin.child("reload_config")?.child("backoff");
  const config = {
    name: plugin.text("name"),
    rootId: plugin.text("root_id"),
    vmId: vm?.text("vm_id") ?? "",
    runtime: readRuntime(vm),
    configuration,
    vmConfiguration: anyBytes(lab, vm?.any("configuration"), "VmConfig.configuration"),
    environment: readEnvironment(vm),
    failure: readFailure(plugin),
    reloadBackoff: backoff === undefined ? null : readBackoff(backoff),
    capabilities: names,
    maxOutstandingDispatches,
    dispatchClusters: readDispatchClusters(lab, plugin, configuration),
    allowHeadersStop: plugin.flag("allow_on_headers_stop_iteration"),
    at: plugin.at,
  } as const;
  return code === undefined ? undefined : lab.plugin({ ...config, code });
}
