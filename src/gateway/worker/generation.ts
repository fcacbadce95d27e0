// One version of the configuration in one thread: its plugins, and a service for each listener. A plugin that is
// the same in the version before goes on with its state; the others begin anew. Requests in flight keep the
// version that they began with.

import type { ClusterConfig } from "../../mesh/envoy/lab-config.ts";
import type { HttpService } from "../chain/service.ts";
import type { Upstreams } from "../http/exchange.ts";
import type { Prepared } from "../plugins/prepare.ts";
import type { TcpService } from "../tcp/service.ts";
import type { Problem, Version } from "./messages.ts";
import type { ServedPlugin } from "./served-plugin.ts";

export interface GenerationParts {
  readonly version: Version;
  /** The plugins of the version before, by key. */
  readonly known: ReadonlyMap<string, ServedPlugin>;
  readonly upstreams: Upstreams;
  readonly make: (prepared: Prepared) => ServedPlugin;
  readonly service: (generation: Generation, listener: number) => HttpService | TcpService;
}

/** Equal for clusters that are the same, wherever in the file they stand. */
export function clustersText(clusters: readonly ClusterConfig[]): string {
  return JSON.stringify(clusters, (key, value: unknown) => (key === "at" ? undefined : value));
}

export class Generation {
  readonly version: Version;
  readonly upstreams: Upstreams;
  /** What the upstreams were made from. */
  readonly clusters: string;
  /** By place in the configuration; plugins that share a VM are the same object. */
  readonly plugins: readonly ServedPlugin[];
  readonly byKey: ReadonlyMap<string, ServedPlugin>;
  /** By listener. */
  readonly services: readonly (HttpService | TcpService)[];
  readonly #fresh: ReadonlySet<ServedPlugin>;

  constructor({ version, known, upstreams, make, service }: GenerationParts) {
    this.version = version;
    this.upstreams = upstreams;
    this.clusters = clustersText(version.config.clusters);
    const byKey = new Map<string, ServedPlugin>();
    const fresh = new Set<ServedPlugin>();
    this.plugins = version.plugins.map((prepared) => {
      const { key } = prepared;
      let served = byKey.get(key) ?? known.get(key);
      if (served === undefined) {
        served = make(prepared);
        fresh.add(served);
      }
      byKey.set(key, served);
      return served;
    });
    this.byKey = byKey;
    this.#fresh = fresh;
    this.services = version.config.listeners.map((_, listener) => service(this, listener));
  }

  /** New plugins that did not come up. */
  get problems(): Problem[] {
    return [...this.#fresh].flatMap((served) => served.problem ?? []);
  }

  /** Ends what this version has and another has not; the other may be the one before, or the one after. */
  retire(other: Generation | null): ServedPlugin[] {
    const over = [...this.byKey].flatMap(([key, served]) =>
      other?.byKey.get(key) === served ? [] : [served],
    );
    for (const served of over) served.retire();
    return over;
  }
}
