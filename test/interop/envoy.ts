// A stock Envoy as an oracle: `--mode validate` loads a module, starts its VM, configures it, and ends.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ended, runParty } from "./party.ts";

export interface Loaded extends Ended {
  /** refuses: a clean no; hangs: it had to be ended; crashes: the process died of a signal. */
  readonly verdict: "loads" | "refuses" | "hangs" | "crashes";
}

const TYPE = "type.googleapis.com/";
const HTTP = `${TYPE}envoy.extensions.filters.http.`;

/** Envoy's configuration for one listener with one plugin, which answers 200 to everything. */
export function bootstrap(module: string, rootId: string, configuration: string): object {
  const wasm = {
    "@type": `${HTTP}wasm.v3.Wasm`,
    config: {
      name: rootId,
      root_id: rootId,
      vm_config: { runtime: "envoy.wasm.runtime.v8", code: { local: { filename: module } } },
      configuration: { "@type": `${TYPE}google.protobuf.StringValue`, value: configuration },
    },
  };
  const manager = {
    "@type": `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "ingress",
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
        },
      ],
    },
    http_filters: [
      { name: "envoy.filters.http.wasm", typed_config: wasm },
      { name: "envoy.filters.http.router", typed_config: { "@type": `${HTTP}router.v3.Router` } },
    ],
  };
  const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
  const address = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  return {
    static_resources: { listeners: [{ address, filter_chains: [{ filters: [filter] }] }] },
  };
}

/** Said once the plugin is configured; what hangs after it hangs in the plugin's own shutdown. */
const LOADED = /^configuration '.*' OK$/m;

function verdictOf({ timedOut, signal, status, output }: Ended): Loaded["verdict"] {
  if (LOADED.test(output)) return "loads";
  if (timedOut) return "hangs";
  if (signal !== null) return "crashes";
  return status === 0 ? "loads" : "refuses";
}

/** What Envoy says of a module. Takes 0.1 to 0.3 s, more for megabytes; a hang takes `timeoutMs`. */
export async function loadInEnvoy(
  module: string,
  options: {
    readonly rootId: string;
    readonly configuration?: string | undefined;
    readonly timeoutMs: number;
  },
): Promise<Loaded> {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-envoy-"));
  try {
    const file = join(folder, "bootstrap.json");
    const config = bootstrap(module, options.rootId, options.configuration ?? "");
    await writeFile(file, JSON.stringify(config));
    const args = ["-c", file, "--mode", "validate", "--log-level", "warning"];
    const ended = await runParty("envoy", args, options.timeoutMs, LOADED);
    return { ...ended, verdict: verdictOf(ended) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
