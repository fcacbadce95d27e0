// Which plugins filter TCP connections. They stay in the threads that accept: a cell takes requests over HTTP/2, and a
// connection whose bytes have begun to flow can't be handed on.
import type { LabConfig } from "../../mesh/envoy/lab-config.ts";

/** Names of the plugins on TCP chains. */
export function tcpPlugins({ listeners, plugins }: LabConfig): ReadonlySet<string> {
  return new Set(
    listeners.flatMap(({ chain }) =>
      chain.kind === "tcp" ? chain.filters.map((plugin) => plugins[plugin]!.name) : [],
    ),
  );
}
