// The HTTP engine as a serving thread uses it: listeners, clusters, routes.

import { fail } from "../../errors/failure.ts";
import type { ClusterConfig, HttpChain, ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import type { Router } from "../chain/seams.ts";
import type { CodecCounters } from "../http/connection-context.ts";
import { Deadlines } from "../http/deadlines.ts";
import type { ExchangeHandler, Upstreams } from "../http/exchange.ts";
import { HttpListener, type ListenOn } from "../http/listener.ts";
import { Clusters } from "../upstream/clusters.ts";
import { systemUpstreamContext } from "../upstream/context.ts";
import type { Acceptor, Engine, ListenEvents } from "./seams.ts";
import { simpleRouter } from "./simple-router.ts";

/** Connections of one thread; their numbers are unique in the process. */
const CONNECTIONS = 2 ** 40;

export function httpEngine(thread: number, onBug: (error: unknown) => void): Engine {
  const context = systemUpstreamContext(onBug);
  const deadlines = new Deadlines(() => performance.now());
  let connections = thread * CONNECTIONS;
  return {
    upstreams: (clusters: readonly ClusterConfig[]): Upstreams => new Clusters(clusters, context),
    router: (chain: HttpChain, upstreams: Upstreams): Router => simpleRouter(chain, upstreams),
    async listen(
      config: ListenerConfig,
      index: number,
      socket: { readonly fd: number } | { readonly path: string },
      handler: ExchangeHandler,
      events: ListenEvents,
    ): Promise<Acceptor> {
      const { chain } = config;
      if (chain.kind !== "http") return fail("gateway-tcp", { name: config.name });
      const counters: CodecCounters = {
        add(name, by) {
          if (name === "downstream_cx_active") {
            if (by > 0) events.connection();
            else events.connectionEnd();
          }
        },
      };
      const nextId = (): number => ++connections;
      const listener = new HttpListener({
        config,
        chain,
        index,
        handler,
        deadlines,
        counters,
        onBug,
        nextId,
      });
      await listener.listen(socket as ListenOn);
      return listener;
    },
  };
}
