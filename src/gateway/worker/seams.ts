// What a thread needs from the HTTP engine, as one object: so that everything around it can be tried without
// sockets, and so that it is written down in one place.
import type { Socket } from "node:net";
import type { ClusterConfig, HttpChain, ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import type { Router } from "../chain/seams.ts";
import type { Deadlines } from "../http/deadlines.ts";
import type { ExchangeHandler, Upstreams } from "../http/exchange.ts";
import type { ParserLimits } from "../http/message-parser.ts";
import type { ClientInfo } from "../tcp/seams.ts";

/** A listener that accepts. */
export interface Acceptor {
  /** Connections that are open. */
  readonly connections: number;
  /** New connections are taken as a new version says. */
  use(config: ListenerConfig): void;
  /** Closes idle connections, and each other one after its present request. */
  drain(): void;
}

export interface ListenEvents {
  connection(): void;
  connectionEnd(): void;
  /** One of Envoy's counters of client connections, by name. */
  codec(counter: string, by: number): void;
}

export interface Engine {
  /** `limits` are those of the hosts' answers, where they are not the usual ones. */
  upstreams(clusters: readonly ClusterConfig[], limits?: ParserLimits): Upstreams;
  router(chain: HttpChain, upstreams: Upstreams): Router;
  readonly deadlines: Deadlines;
  /** Throws the Failure `certificate-refused` where a listener could not be used. */
  check(config: ListenerConfig): void;
  /** When every name of the clusters has been looked up once. */
  ready(upstreams: Upstreams): Promise<void>;
  /** Accepts on a socket that is bound already. */
  listen(
    config: ListenerConfig,
    place: number,
    socket: { readonly fd: number } | { readonly path: string },
    handler: ExchangeHandler,
    events: ListenEvents,
  ): Promise<Acceptor>;
  /** The same for a listener whose connections are byte streams. */
  listenTcp(
    config: ListenerConfig,
    place: number,
    socket: { readonly fd: number },
    handler: (client: Socket, info: ClientInfo) => void,
    events: Pick<ListenEvents, "connection" | "connectionEnd">,
  ): Promise<Acceptor>;
}
