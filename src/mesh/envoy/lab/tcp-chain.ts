// A chain of network filters that ends with the TCP proxy.
import type { TcpChain } from "../lab-config.ts";
import { readAccessLogs } from "./access-logs.ts";
import { checkCluster, type Lab } from "./lab.ts";
import type { Picker } from "./picker.ts";
import { readPlugin } from "./plugins.ts";

const NETWORK = "envoy.extensions.filters.network.";
export const WASM_NETWORK = `${NETWORK}wasm.v3.Wasm`;
export const TCP_PROXY = `${NETWORK}tcp_proxy.v3.TcpProxy`;

/** Envoy's default, in milliseconds. */
const IDLE = 3_600_000;

/** `wasm`: the plugins before the proxy, in order. */
export function readTcpChain(lab: Lab, wasm: readonly Picker[], proxy: Picker): TcpChain {
  const cluster = proxy.text("cluster");
  checkCluster(lab, cluster, proxy.offset("cluster"));
  return {
    kind: "tcp",
    statPrefix: proxy.text("stat_prefix"),
    filters: wasm.flatMap((filter) => readPlugin(lab, filter.child("config")) ?? []),
    cluster,
    idleTimeout: proxy.duration("idle_timeout") ?? IDLE,
    accessLogs: readAccessLogs(lab, proxy.messages("access_log")),
  };
}
