// A worker's side of a listener: accepts from a bound socket, finds out the protocol, and gives every connection
// its codec. The invariants: it is never closed before the process ends (see listen-socket.ts); draining goes on
// serving, and says good-bye with each response.
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { fail } from "../../errors/failure.ts";
import type { DownstreamTls, HttpChain, ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import { tlsInfoOf } from "../upstream/connect.ts";
import type { CodecCounters, ConnectionContext } from "./connection-context.ts";
import type { Deadlines } from "./deadlines.ts";
import type { ConnectionInfo, ExchangeHandler } from "./exchange.ts";
import { sniff } from "./first-bytes.ts";
import { H1Connection } from "./h1-connection.ts";
import { H2Connection } from "./h2-connection.ts";

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

/** What a listener can be told to listen on: a bound socket, or for tests an address. */
export type ListenOn =
  | { readonly fd: number }
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

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
    this.#server = config.tls === null ? this.#plain() : this.#secure(config.tls, config.name);
    // A server that fails to accept goes on: the error names one connection at most.
    this.#server.on("error", () => {});
  }

  #plain(): Server {
    const options = { noDelay: true, allowHalfOpen: true };
    return createServer(options, (socket) => this.#accept(socket, null));
  }

  #secure(tls: DownstreamTls, name: string): Server {
    try {
      const server = createTlsServer(tlsOptionsOf(tls), (socket) => {
        socket.setNoDelay(true);
        const { alpnProtocol } = socket;
        this.#accept(socket, alpnProtocol === false ? "" : (alpnProtocol ?? ""));
      });
      // A handshake that fails is the client's affair.
      server.on("tlsClientError", (_error, socket) => socket.destroy());
      return server;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return fail("certificate-refused", { name, reason }, undefined, error);
    }
  }

  /** Starts to accept; rejects with the error of the system. */
  listen(on: ListenOn): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ ...on, backlog: 4096 }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  #accept(socket: Socket, alpn: string | null): void {
    const { chain } = this.#options;
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
      sourceAddress: socket.remoteAddress ?? "",
      sourcePort: socket.remotePort ?? 0,
      localAddress: socket.localAddress ?? "",
      localPort: socket.localPort ?? 0,
      tls:
        config.tls === null
          ? null
          : tlsInfoOf(socket as TLSSocket, (socket as TLSSocket & Named).servername || ""),
    };
  }

  /** The port it listens on; 0 for a path. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
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

interface Named {
  readonly servername?: string | false;
}

function tlsOptionsOf(tls: DownstreamTls): TlsOptions {
  return {
    cert: tls.certificate,
    key: tls.key,
    minVersion: "TLSv1.2",
    handshakeTimeout: 10_000,
    requestCert: tls.clientAuthority !== null || tls.requireClientCertificate,
    rejectUnauthorized: tls.requireClientCertificate,
    ...(tls.clientAuthority === null ? {} : { ca: tls.clientAuthority }),
    ...(tls.alpn.length === 0 ? {} : { ALPNProtocols: [...tls.alpn] }),
    allowHalfOpen: true,
  } as TlsOptions;
}
