// A bootstrap for measuring: listeners that lead their requests through plugins as they are to one cluster each. Plain
// data in, plain JSON out, with the names and forms of what is generated; it knows no files, processes or policies.
import { envoyHas, failureForm } from "../../../spec/envoy-versions.ts";
import { RUNTIME, types } from "./names.ts";

/** What Envoy is told about traps; `legacy-open` is the older `fail_open: true`. */
export type WrittenFailure = "closed" | "open" | "reload" | "legacy-open";

/** Where Envoy gets the module: a file, which it takes as it is, or a server, whose answer must have the digest. */
export type WrittenCode =
  | { readonly file: string }
  | { readonly uri: string; readonly cluster: string; readonly sha256: string };

export interface WrittenPlugin {
  /** Also the root id. */
  readonly name: string;
  readonly code: WrittenCode;
  /** `<plugin>-<route>`; without one, plugins of the same code share a VM and everyone shares data. */
  readonly vmId?: string;
  readonly configuration?: string;
  readonly failure: WrittenFailure;
  /** Host functions and callbacks for `allowed_capabilities`; without it nothing is restricted. Never empty. */
  readonly capabilities?: readonly string[];
}

export interface WrittenListener {
  readonly name: string;
  readonly plugins: readonly WrittenPlugin[];
  /** Cluster that every request goes to. */
  readonly cluster: string;
}

export interface WrittenCluster {
  readonly name: string;
  readonly port: number;
  readonly http2?: boolean;
}

export interface WrittenBootstrap {
  /** Release that reads it, e.g. "1.40.0". */
  readonly release: string;
  readonly listeners: readonly WrittenListener[];
  readonly clusters: readonly WrittenCluster[];
  /** Milliseconds after which Envoy's watchdog ends the process when a worker does not answer. */
  readonly killAfter?: number;
  /** Histograms are merged when somebody looks, not every five seconds. */
  readonly freshStats?: boolean;
}

const HTTP_OPTIONS = types.upstreamHttp.slice(types.upstreamHttp.indexOf("/") + 1);

/** Port 0: the system chooses, and the admin tells; no port can be in use. */
const local = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
const seconds = (ms: number): string => `${ms / 1000}s`;

function failureFields(failure: WrittenFailure, release: string): object {
  if (failure === "legacy-open") return { fail_open: true };
  const form = failureForm(release, failure);
  if (form === undefined) throw new Error(`Envoy ${release} has no failure: ${failure}`);
  return { [form.field]: form.value };
}

/** In both places where a release reads it: the plugin's, and from 1.40 the VM's. */
function restriction(plugin: WrittenPlugin): { readonly allowed_capabilities: object } | undefined {
  const { capabilities } = plugin;
  if (capabilities === undefined) return undefined;
  // An empty map restricts nothing at all in Envoy.
  if (capabilities.length === 0) throw new Error(`${plugin.name}: an empty list allows everything`);
  return { allowed_capabilities: Object.fromEntries(capabilities.map((name) => [name, {}])) };
}

function code(from: WrittenCode): object {
  if ("file" in from) return { local: { filename: from.file } };
  const { uri, cluster, sha256 } = from;
  const retry = { num_retries: 1, retry_back_off: { base_interval: "0.1s", max_interval: "1s" } };
  return { remote: { http_uri: { uri, cluster, timeout: "10s" }, sha256, retry_policy: retry } };
}

/** The HTTP filter of one plugin. */
export function wasmFilter(plugin: WrittenPlugin, release: string): object {
  const restricted = restriction(plugin);
  const inVm = restricted !== undefined && envoyHas(release, "restriction-in-vm-key");
  return {
    name: `glovebox.${plugin.name}`,
    typed_config: {
      "@type": types.wasm,
      config: {
        name: plugin.name,
        root_id: plugin.name,
        ...failureFields(plugin.failure, release),
        ...(restricted !== undefined && !inVm && { capability_restriction_config: restricted }),
        vm_config: {
          runtime: RUNTIME,
          ...(plugin.vmId !== undefined && { vm_id: plugin.vmId }),
          code: code(plugin.code),
          allow_precompiled: false,
          ...(inVm && { capability_restriction_config: restricted }),
        },
        configuration: {
          "@type": types.text,
          value: plugin.configuration ?? "",
        },
      },
    },
  };
}

function listener({ name, plugins, cluster }: WrittenListener, release: string): object {
  const manager = {
    "@type": types.manager,
    stat_prefix: name,
    route_config: {
      name,
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster } }] },
      ],
    },
    http_filters: [
      ...plugins.map((plugin) => wasmFilter(plugin, release)),
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": types.router },
      },
    ],
  };
  const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
  return { name, address: local(0), filter_chains: [{ filters: [filter] }] };
}

function cluster({ name, port, http2 }: WrittenCluster): object {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: local(port) } }] }];
  const options = {
    "@type": types.upstreamHttp,
    explicit_http_config: { http2_protocol_options: {} },
  };
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: { cluster_name: name, endpoints },
    ...(http2 && { typed_extension_protocol_options: { [HTTP_OPTIONS]: options } }),
  };
}

function watchdogs(killAfter: number): object {
  const half = seconds(killAfter / 2);
  const dog = { miss_timeout: half, megamiss_timeout: half, kill_timeout: seconds(killAfter) };
  return { watchdogs: { worker_watchdog: dog, main_thread_watchdog: dog } };
}

/** The whole bootstrap, as JSON-able data. Admin and listeners take ports that the system chooses. */
export function envoyBootstrap(spec: WrittenBootstrap): object {
  return {
    admin: { address: local(0) },
    ...(spec.freshStats && { stats_flush_on_admin: true }),
    ...(spec.killAfter !== undefined && watchdogs(spec.killAfter)),
    static_resources: {
      listeners: spec.listeners.map((one) => listener(one, spec.release)),
      clusters: spec.clusters.map(cluster),
    },
  };
}
