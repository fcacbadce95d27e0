// The clusters of a configuration, as the router and plugins' calls see them: open a request by a cluster's name
// and hear the rest from a sink.
import type { HeaderMap } from "../../host/header-map.ts";
import type { ClusterConfig } from "../../mesh/envoy/lab-config.ts";
import type {
  ClusterSnapshot,
  RawResult,
  RouterCounter,
  UpstreamCall,
  UpstreamSink,
  Upstreams,
} from "../http/exchange.ts";
import { Cluster, later } from "./cluster.ts";
import type { UpstreamContext } from "./context.ts";
import { Call } from "./wire.ts";

/** Milliseconds between looks at what is still in flight. */
const DRAIN_LOOK = 20;

export class Clusters implements Upstreams {
  readonly context: UpstreamContext;
  readonly #clusters: ReadonlyMap<string, Cluster>;

  constructor(configs: readonly ClusterConfig[], context: UpstreamContext) {
    this.context = context;
    this.#clusters = new Map(configs.map((config) => [config.name, new Cluster(config, context)]));
  }

  /** Settles when every name has been looked up once. */
  async ready(): Promise<void> {
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.ready));
  }

  has(cluster: string): boolean {
    return this.#clusters.has(cluster);
  }

  /** Hosts that could take a request; 0 too where there is no such cluster. */
  hostCount(cluster: string): number {
    return this.#clusters.get(cluster)?.hostCount ?? 0;
  }

  count(cluster: string, counter: RouterCounter): void {
    const found = this.#clusters.get(cluster);
    if (found !== undefined) found.state.counters[counter]++;
  }

  /** `rewriteHost` puts the endpoint's own name into `:authority`. */
  open(
    cluster: string,
    headers: HeaderMap,
    end: boolean,
    sink: UpstreamSink,
    rewriteHost = false,
  ): UpstreamCall {
    const found = this.#clusters.get(cluster);
    if (found !== undefined) return found.open(headers, end, sink, rewriteHost);
    const call = new Call(headers, end, sink, { over: () => {}, withdrawn: () => {} });
    call.fail("connect-failure");
    return call;
  }

  raw(cluster: string, done: (result: RawResult) => void): { cancel(): void } {
    const found = this.#clusters.get(cluster);
    return found === undefined ? later(() => done("no-cluster")) : found.raw(done);
  }

  async drain(): Promise<void> {
    const all = [...this.#clusters.values()];
    for (const cluster of all) cluster.drain();
    while (all.some((cluster) => cluster.busy)) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK));
    }
  }

  snapshot(): readonly ClusterSnapshot[] {
    return [...this.#clusters.values()].map((cluster) => cluster.snapshot());
  }
}
