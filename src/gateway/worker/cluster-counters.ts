// Clusters' own counters as statistics: what has been added since the last time.
import type { Upstreams } from "../http/exchange.ts";
import type { StatCells } from "../stats/cells.ts";

export class ClusterCounters {
  readonly #stats: StatCells;
  /** What was published last, of the clusters of one version. */
  #last = new Map<string, number>();
  #of: Upstreams | null = null;

  constructor(stats: StatCells) {
    this.#stats = stats;
  }

  publish(upstreams: Upstreams): void {
    if (upstreams !== this.#of) {
      this.#of = upstreams;
      this.#last = new Map();
    }
    for (const { name: cluster, counters } of upstreams.snapshot()) {
      for (const [counter, value] of Object.entries(counters)) {
        const labels = { cluster, counter };
        if (counter.endsWith("_active") || counter === "membership_total") {
          this.#stats.cell("clusterActive", labels).set(value);
          continue;
        }
        const id = `${cluster} ${counter}`;
        const last = this.#last.get(id) ?? 0;
        const cell = this.#stats.cell("cluster", labels);
        if (value !== last) cell.add(value - last);
        this.#last.set(id, value);
      }
    }
  }
}
