// Envoy's counters of one HTTP connection manager.
import { getOrMake } from "../../util/get-or-make.ts";
import type { HttpCounters } from "../chain/service.ts";
import type { Cell, Histogram, StatCells } from "../stats/cells.ts";

export class HttpStats implements HttpCounters {
  readonly #total: Cell;
  readonly #active: Cell;
  readonly #classes: readonly Cell[];
  readonly #noRoute: Cell;
  readonly #reset: Cell;
  readonly #time: Histogram;
  readonly #stats: StatCells;
  readonly #answers = new Map<string, Cell>();
  active = 0;

  constructor(prefix: string, stats: StatCells) {
    this.#stats = stats;
    const labels = { prefix };
    this.#total = stats.cell("rqTotal", labels);
    this.#active = stats.cell("rqActive", labels);
    this.#classes = (["rq1xx", "rq2xx", "rq3xx", "rq4xx", "rq5xx"] as const).map((key) =>
      stats.cell(key, labels),
    );
    this.#noRoute = stats.cell("noRoute", labels);
    this.#reset = stats.cell("rqRxReset", labels);
    this.#time = stats.histogram("rqTime", labels);
  }

  begin(): void {
    this.active++;
    this.#total.add(1);
    this.#active.add(1);
  }

  end(status: number, milliseconds: number): void {
    this.active--;
    this.#active.add(-1);
    this.#classes[Math.floor(status / 100) - 1]?.add(1);
    this.#time.record(milliseconds);
  }

  upstreamAnswered(cluster: string, status: number): void {
    const kind = Math.floor(status / 100);
    const id = `${cluster} ${kind}`;
    const counter = `upstream_rq_${kind}xx`;
    getOrMake(this.#answers, id, () => this.#stats.cell("cluster", { cluster, counter })).add(1);
  }

  noRoute(): void {
    this.#noRoute.add(1);
  }

  clientReset(): void {
    this.#reset.add(1);
  }
}
