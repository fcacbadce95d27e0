// What every connection of a listener shares: its settings, who gets its requests, its clock, and whether the
// listener drains. Codecs read it; only the listener writes it.
import type { HttpChain } from "../../mesh/envoy/lab-config.ts";
import type { Deadlines } from "./deadlines.ts";
import type { ConnectionInfo, ExchangeHandler } from "./exchange.ts";

/** Counters of a listener's codecs, by name. */
export interface CodecCounters {
  add(name: CodecCounter, by: number): void;
}

export type CodecCounter =
  | "downstream_cx_total"
  | "downstream_cx_active"
  | "downstream_cx_destroy"
  | "downstream_cx_protocol_error"
  | "downstream_cx_idle_timeout"
  | "downstream_cx_rx_bytes_total"
  | "downstream_cx_tx_bytes_total"
  | "downstream_rq_timeout"
  | "downstream_rq_header_timeout"
  | "downstream_rq_idle_timeout"
  | "downstream_rq_too_many_premature_resets"
  | "downstream_rq_ws_refused";

export interface ConnectionContext {
  readonly chain: HttpChain;
  readonly handler: ExchangeHandler;
  readonly deadlines: Deadlines;
  readonly counters: CodecCounters;
  /** Bytes that a connection may hold back towards its peer. */
  readonly bufferLimit: number;
  /** Hears what was thrown where nothing may be thrown: a bug of ours; the connection is closed. */
  readonly onBug: (error: unknown, connection: ConnectionInfo) => void;
  /** Connections are closed after their next response. */
  draining: boolean;
}
