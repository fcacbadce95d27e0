// Where a plugin's module comes from: a local data source, or a remote one with its digest, retries and back-off.
import type { PluginCode } from "../lab-config.ts";
import { readData } from "./data-source.ts";
import { checkCluster, type Lab } from "./lab.ts";
import type { Picker } from "./picker.ts";

/** Envoy's defaults: one retry, after one second, at most ten times that. */
const RETRIES = 1;
const BASE = 1_000;

/** A BackoffStrategy with Envoy's defaults, in milliseconds. */
export function readBackoff(strategy: Picker | undefined): {
  readonly base: number;
  readonly max: number;
} {
  const base = strategy?.duration("base_interval") ?? BASE;
  return { base, max: strategy?.duration("max_interval") ?? base * 10 };
}

/** Of a reload Envoy takes a longest wait that is shorter than the first; of a download it doesn't. */
function checkBackoff(lab: Lab, strategy: Picker | undefined): void {
  const { base, max } = readBackoff(strategy);
  if (strategy === undefined || max >= base) return;
  const rule = `at least base_interval, ${base} ms`;
  const args = { field: "BackoffStrategy.max_interval", rule };
  lab.report.add("envoy-invalid-value", "error", strategy.offset("max_interval"), args);
}

function readRemote(lab: Lab, remote: Picker): PluginCode | undefined {
  const uri = remote.child("http_uri");
  const sha256 = remote.text("sha256");
  if (uri === undefined) return undefined;
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    const found = sha256.length > 70 ? `${sha256.slice(0, 67)}...` : sha256;
    const args = { field: "RemoteDataSource.sha256", found };
    lab.report.add("envoy-bad-digest", "error", remote.offset("sha256"), args);
  }
  const cluster = uri.text("cluster");
  // Istio's agent pulls artifacts for its proxies, from no cluster; so does the lab.
  if (/^oci(?:-layout)?:/.test(uri.text("uri"))) {
    lab.report.add("envoy-artifact-uri", "info", uri.offset("uri"), {});
  } else checkCluster(lab, cluster, uri.offset("cluster"));
  const retry = remote.child("retry_policy");
  const strategy = retry?.child("retry_back_off");
  checkBackoff(lab, strategy);
  return {
    kind: "remote",
    uri: uri.text("uri"),
    cluster,
    timeout: uri.duration("timeout") ?? 0,
    sha256,
    retries: retry?.number("num_retries") ?? RETRIES,
    backoff: readBackoff(strategy),
    at: remote.at,
  };
}

/** undefined where the findings say why. */
export function readCode(lab: Lab, vm: Picker | undefined, plugin: Picker): PluginCode | undefined {
  const code = vm?.child("code");
  const local = code?.child("local");
  if (local !== undefined) {
    if (local.has("filename")) {
      return { kind: "file", path: local.text("filename"), at: local.at };
    }
    const bytes = readData(lab, local);
    return bytes === undefined ? undefined : { kind: "inline", bytes, at: local.at };
  }
  const remote = code?.child("remote");
  if (remote !== undefined) return readRemote(lab, remote);
  if (code === undefined) {
    const args = {
      message: vm === undefined ? "PluginConfig" : "VmConfig",
      field: vm === undefined ? "vm_config.code" : "code",
    };
    lab.report.add("envoy-missing-field", "error", (vm ?? plugin).offset(), args);
  }
  return undefined;
}
