// A worker's side of a listener: accepts from a bound socket, finds out the protocol, and gives every connection
// its codec. The invariants: it is never closed before the process ends (see control/workers.ts); draining goes on
// serving, and says good-bye with each response.
import type { Server, Socket } from "node:net";
import type { HttpChain, ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import type { CodecCounters, ConnectionContext } from "./connection-context.ts";
import type { Deadlines } from "./deadlines.ts";
import type { ConnectionInfo, ExchangeHandler } from "./exchange.ts";
import { sniff } from "./first-bytes.ts";
import { H1Connection } from "./h1-connection.ts";
import { H2Connection } from "./h2-connection.ts";
import { endsOf, type ListenOn, listenOn, portOf, serverOf, useCertificates } from "./server.ts";

export interface ListenerOptions {
  readonly config: ListenerConfig;
  readonly chain: HttpChain;
  /** Its place in the configuration. */
  readonly index: number;
  readonly handler: ExchangeHandler;
  readonly deadlines: Deadlines;
  readonly counters: CodecCounters;
  readonly onBug: (error: unknown, connection: ConnectionInfo) => void;
  /** The next connection's number, unique within the process. */
  readonly nextId: () => number;
}

export class HttpListener {
  readonly #options: ListenerOptions;
  readonly #context: { -readonly [K in keyof ConnectionContext]: ConnectionContext[K] };
  readonly #server: Server;
  readonly #connections = new Set<H1Connection | H2Connection>();
  #sockets = 0;

  /** Throws the Failure `certificate-refused`. */
  constructor(options: ListenerOptions) {
    this.#options = options;
    const { config, chain, handler, deadlines, counters, onBug } = options;
    const { bufferLimit } = config;
    this.#context = { chain, handler, deadlines, counters, bufferLimit, onBug, draining: false };
    this.#server = serverOf(config, (socket, alpn) => this.#accept(socket, alpn));
  }

  /** Starts to accept; rejects with the error of the system. */
  listen(on: ListenOn): Promise<void> {
    return listenOn(this.#server, on);
  }

  /**
   * Another version of what it listens for: new connections have it, and the times of those that are open. How it
   * shakes hands stays, but for the certificates, which have been checked.
   */
  use(config: ListenerConfig, chain: HttpChain): void {
    this.#context.chain = chain;
    this.#context.bufferLimit = config.bufferLimit;
    useCertificates(this.#server, config);
  }

  #accept(socket: Socket, alpn: string | null): void {
    const { chain } = this.#context;
    if (chain.codec === "http2" || (alpn === "h2" && chain.codec !== "http1")) {
      this.#serve(socket, true);
    } else if (chain.codec === "http1" || alpn !== null) {
      this.#serve(socket, false);
    } else {
      const limit = chain.requestHeadersTimeout || chain.idleTimeout;
      sniff(socket, this.#options.deadlines, limit, (http2) => this.#serve(socket, http2));
    }
  }

  #serve(socket: Socket, http2: boolean): void {
    const { counters } = this.#options;
    const info = this.#infoOf(socket, http2);
    try {
      const connection = http2
        ? new H2Connection(socket, info, this.#context)
        : new H1Connection(socket, info, this.#context);
      this.#connections.add(connection);
      this.#sockets++;
      counters.add("downstream_cx_total", 1);
      counters.add("downstream_cx_active", 1);
      socket.once("close", () => {
        this.#connections.delete(connection);
        this.#sockets--;
        counters.add("downstream_cx_active", -1);
        counters.add("downstream_cx_destroy", 1);
      });
      if (!http2) socket.resume();
    } catch (error) {
      this.#options.onBug(error, info);
      socket.destroy();
    }
  }

  #infoOf(socket: Socket, http2: boolean): ConnectionInfo {
    const { config, index, nextId } = this.#options;
    return {
      id: nextId(),
      listener: index,
      protocol: http2 ? "HTTP/2" : "HTTP/1.1",
      ...endsOf(socket, config.tls !== null),
    };
  }

  /** The port it listens on; 0 for a path. */
  get port(): number {
    return portOf(this.#server);
  }

  get connections(): number {
    return this.#sockets;
  }

  /** Idle connections are closed now, others after their next response. New ones are served, then closed. */
  drain(): void {
    this.#context.draining = true;
    for (const connection of this.#connections) connection.drain();
  }

  /** For tests: stops listening and cuts every connection. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
