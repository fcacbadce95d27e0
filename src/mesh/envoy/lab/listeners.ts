// Listeners: an address, one filter chain, and what is at its end.
import type { HttpChain, ListenerConfig, TcpChain } from "../lab-config.ts";
import { readAddress } from "./address.ts";
import { HTTP_MANAGER, readHttpChain } from "./http-chain.ts";
import type { Lab } from "./lab.ts";
import type { Picker } from "./picker.ts";
import { readTcpChain, TCP_PROXY, WASM_NETWORK } from "./tcp-chain.ts";
import { readDownstreamTls } from "./tls.ts";

/** Envoy's default for what a connection may hold back. */
const BUFFER = 1024 * 1024;

const INSPECTORS = "envoy.extensions.filters.listener.";
/** Listener filters that only look, at what the lab finds out by itself. */
const harmless: ReadonlySet<string> = new Set([
  `${INSPECTORS}tls_inspector.v3.TlsInspector`,
  `${INSPECTORS}http_inspector.v3.HttpInspector`,
]);

function readListenerFilters(lab: Lab, listener: Picker): void {
  for (const filter of listener.messages("listener_filters")) {
    const name = filter.text("name");
    const any = filter.any("typed_config");
    if (any?.value === null) continue;
    const type = any?.type || "a listener filter without typed_config";
    const level = harmless.has(type) ? "info" : "error";
    lab.report.add("lab-unsupported-filter", level, filter.message.at, { type, name });
  }
}

function readChain(lab: Lab, chain: Picker): HttpChain | TcpChain | undefined {
  const filters = chain.messages("filters");
  const wasm: Picker[] = [];
  let end: HttpChain | TcpChain | undefined;
  let ends = -1;
  filters.forEach((filter, index) => {
    const name = filter.text("name");
    const any = filter.any("typed_config");
    const known = filter.typed(any, HTTP_MANAGER, TCP_PROXY, WASM_NETWORK);
    if (known?.type === WASM_NETWORK) {
      wasm.push(known);
    } else if (known?.type === HTTP_MANAGER) {
      end = readHttpChain(lab, known);
      ends = index;
    } else if (known?.type === TCP_PROXY) {
      end = readTcpChain(lab, wasm, known);
      ends = index;
    } else if (any?.value !== null) {
      const args = { type: any?.type || "a filter without typed_config", name };
      lab.report.add("lab-unsupported-filter", "error", filter.message.at, args);
    }
  });
  if (ends < 0 || ends !== filters.length - 1) {
    const args = { filter: "an HTTP connection manager or a TCP proxy" };
    lab.report.add("envoy-terminal-filter", "error", chain.offset("filters"), args);
  }
  if (end?.kind === "http" && wasm.length > 0) {
    const args = { type: WASM_NETWORK, name: "before an HTTP connection manager" };
    lab.report.add("lab-unsupported-filter", "error", wasm[0]!.message.at, args);
  }
  return end;
}

/** undefined where the listener is none that the lab can open; the findings say why. */
export function readListener(lab: Lab, listener: Picker): ListenerConfig | undefined {
  const chains = listener.messages("filter_chains");
  const [first] = chains;
  if (chains.length !== 1) {
    listener.unsupported("filter_chains", `${chains.length} chains`, "one");
  }
  readListenerFilters(lab, listener);
  const address = readAddress(listener.child("address"));
  const socket = first?.child("transport_socket");
  const tls = readDownstreamTls(lab, socket);
  const chain = first === undefined ? undefined : readChain(lab, first);
  if (!listener.has("address")) {
    const args = { message: "Listener", field: "address" };
    lab.report.add("envoy-missing-field", "error", listener.message.at, args);
  }
  const bound = listener.has("bind_to_port") && !listener.flag("bind_to_port");
  if (bound) listener.unsupported("bind_to_port", "false", "true");
  if (address === undefined || chain === undefined) return undefined;
  return {
    name:
      listener.text("name") ||
      (address.kind === "tcp" ? `${address.host}:${address.port}` : address.path),
    address,
    tls,
    chain,
    bufferLimit: listener.number("per_connection_buffer_limit_bytes") ?? BUFFER,
    at: listener.at,
  };
}
