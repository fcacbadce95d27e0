// How a cell listens: for requests that another thread has accepted and checked. So it takes whatever any listener
// takes, with room for what the accepting thread adds, and leaves the time to that thread.
import type { HttpChain, ListenerConfig } from "../../mesh/envoy/lab-config.ts";

/** Headers that the way to the cell adds, and bytes of them. */
const MORE_HEADERS = 8;
const MORE_BYTES = 16 * 1024;

/** The first HTTP listener as a cell needs it; null where there is none. */
export function cellListener(listeners: readonly ListenerConfig[]): ListenerConfig | null {
  const found = listeners.find(({ chain }) => chain.kind === "http");
  if (found === undefined) return null;
  const chains = listeners.flatMap(({ chain }) => (chain.kind === "http" ? [chain] : []));
  const most = (of: (chain: HttpChain) => number): number => Math.max(...chains.map(of));
  const chain: HttpChain = {
    ...chains[0]!,
    codec: "http1",
    maxRequestHeaders: most((one) => one.maxRequestHeaders) + MORE_HEADERS,
    maxRequestHeaderBytes: most((one) => one.maxRequestHeaderBytes) + MORE_BYTES,
    idleTimeout: 0,
    requestTimeout: 0,
    requestHeadersTimeout: 0,
    streamIdleTimeout: 0,
  };
  return { ...found, tls: null, chain };
}
