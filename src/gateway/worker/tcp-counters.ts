// Envoy's counters of one TCP proxy.
import type { Cell, StatCells } from "../stats/cells.ts";
import type { TcpCounter, TcpCounters } from "../tcp/seams.ts";

/** Those that are there from the start, as in Envoy. */
const first: readonly TcpCounter[] = [
  "downstream_cx_total",
  "downstream_cx_no_route",
  "downstream_cx_rx_bytes_total",
  "downstream_cx_tx_bytes_total",
  "downstream_flow_control_paused_reading_total",
  "downstream_flow_control_resumed_reading_total",
  "idle_timeout",
];

export class TcpStats implements TcpCounters {
  readonly #cells: ReadonlyMap<TcpCounter, Cell>;
  /** Connections of which a side is still open. */
  active = 0;

  constructor(prefix: string, stats: StatCells) {
    this.#cells = new Map(
      first.map((counter) => [counter, stats.cell("tcp", { prefix, counter })]),
    );
  }

  count(name: TcpCounter, by: number): void {
    this.#cells.get(name)!.add(by);
  }

  begin(): void {
    this.active++;
    this.count("downstream_cx_total", 1);
  }

  end(): void {
    this.active--;
  }
}
