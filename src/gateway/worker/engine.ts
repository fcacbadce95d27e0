// The HTTP engine as a serving thread uses it.
import { lookup } from "node:dns/promises";
import type { CodecCounters } from "../http/connection-context.ts";
import { HttpEngine } from "../http/engine.ts";
import { checkCertificates } from "../http/server.ts";
import { TcpListener } from "../tcp/listener.ts";
import type { Clusters } from "../upstream/clusters.ts";
import type { Acceptor, Engine, ListenEvents } from "./seams.ts";

/** Connections of one thread; their numbers are unique in the process. */
const CONNECTIONS = 2 ** 40;

function countersOf(events: ListenEvents): CodecCounters {
  return {
    add(name, by) {
      if (name !== "downstream_cx_active") events.codec(name, by);
      else if (by > 0) events.connection();
      else events.connectionEnd();
    },
  };
}

export function httpEngine(thread: number, onBug: (error: unknown) => void): Engine {
  let connections = thread * CONNECTIONS;
  const nextId = (): number => ++connections;
  const engine = new HttpEngine({
    now: () => performance.now(),
    random: Math.random,
    resolve: async (name) => {
      const found = await lookup(name, { all: true, verbatim: true });
      return found.map(({ address }) => address);
    },
    nextId,
    onBug,
  });
  return {
    deadlines: engine.deadlines,
    upstreams: (clusters, limits) => engine.upstreams(clusters, limits),
    router: (chain, upstreams) => engine.router(chain, upstreams),
    check: checkCertificates,
    ready: (upstreams) => (upstreams as Clusters).ready(),
    async listen(config, index, on, handler, events): Promise<Acceptor> {
      const { chain } = config;
      if (chain.kind !== "http") throw new Error(`${config.name} is no HTTP listener`);
      const counters = countersOf(events);
      const listener = await engine.listen({ config, chain, index, on, handler, counters });
      return {
        get connections() {
          return listener.connections;
        },
        drain: () => listener.drain(),
        use: (next) => {
          if (next.chain.kind === "http") listener.use(next, next.chain);
        },
      };
    },
    async listenTcp(config, index, on, handler, events): Promise<Acceptor> {
      const { connection: opened, connectionEnd: closed } = events;
      const listener = new TcpListener({ config, index, handler, nextId, opened, closed });
      await listener.listen(on);
      return listener;
    },
  };
}
