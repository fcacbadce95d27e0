// What a TCP connection asks of its neighbours: the plugins that are its filters, the clusters behind it, and who
// counts and logs. Nothing here knows HTTP.
import type { ConnectionAdmission } from "../../host/plugin.ts";
import type { AttributeSource } from "../../host/properties.ts";
import type { Filter } from "../chain/seams.ts";
import type { ConnectionInfo, Upstreams } from "../http/exchange.ts";

/** The client's side of a connection; no protocol is known of it. */
export type ClientInfo = Omit<ConnectionInfo, "protocol">;

/** A plugin as a TCP chain sees it. */
export interface TcpFilter
  extends Pick<Filter, "name" | "meter" | "enter" | "leave" | "logRequest"> {
  openConnection(attributes: AttributeSource): ConnectionAdmission;
  /** Fuel that all its callbacks have used. */
  readonly fuelUsed: number;
  /** The instance of now is dead. */
  readonly trapped: boolean;
}

/** Opens a connection to a host of a cluster, as the clusters of a configuration do. */
export type Dial = NonNullable<Upstreams["raw"]>;

/** Envoy's counters of a TCP proxy, without their prefix. */
export type TcpCounter =
  | "downstream_cx_total"
  | "downstream_cx_no_route"
  | "downstream_cx_rx_bytes_total"
  | "downstream_cx_tx_bytes_total"
  | "downstream_flow_control_paused_reading_total"
  | "downstream_flow_control_resumed_reading_total"
  | "idle_timeout";

export interface TcpCounters {
  count(name: TcpCounter, by: number): void;
  begin(): void;
  end(): void;
}
