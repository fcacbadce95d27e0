// A worker's side of a TCP listener: accepts from a bound socket and hands each connection on, with what its
// handshake told. The invariant is that of every listener: it is not closed before the process ends.
import type { Server, Socket } from "node:net";
import type { ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import {
  endsOf,
  type ListenOn,
  listenOn,
  portOf,
  serverOf,
  useCertificates,
} from "../http/server.ts";
import type { ClientInfo } from "./seams.ts";

export interface TcpListenerOptions {
  readonly config: ListenerConfig;
  /** Its place in the configuration. */
  readonly index: number;
  readonly handler: (client: Socket, info: ClientInfo) => void;
  /** The next connection's number, unique within the process. */
  readonly nextId: () => number;
  readonly opened: () => void;
  readonly closed: () => void;
}

export class TcpListener {
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #options: TcpListenerOptions;

  /** Throws the Failure `certificate-refused`. */
  constructor(options: TcpListenerOptions) {
    this.#options = options;
    this.#server = serverOf(options.config, (socket) => this.#accept(socket));
  }

  /** Starts to accept; rejects with the error of the system. */
  listen(on: ListenOn): Promise<void> {
    return listenOn(this.#server, on);
  }

  #accept(socket: Socket): void {
    const { config, index, handler, nextId, opened, closed } = this.#options;
    this.#clients.add(socket);
    opened();
    socket.once("close", () => {
      this.#clients.delete(socket);
      closed();
    });
    handler(socket, { id: nextId(), listener: index, ...endsOf(socket, config.tls !== null) });
  }

  /** Another version of it: new connections shake hands with its certificates, which have been checked. */
  use(config: ListenerConfig): void {
    useCertificates(this.#server, config);
  }

  get port(): number {
    return portOf(this.#server);
  }

  get connections(): number {
    return this.#clients.size;
  }

  /** A byte stream has no end that could be waited for: its connections are left alone. */
  drain(): void {}
}
