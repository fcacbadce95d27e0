// The socket: HTTP or HTTPS with every limit that a stranger could press on, and an end that first answers what is in
// flight. It knows no route.
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, Server as SecureServer } from "node:https";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { fail } from "../errors/failure.ts";
import { serveLimits } from "../spec/serve.ts";
import type { TlsPair } from "./tls.ts";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface ListenerOptions {
  /** null for plain HTTP. */
  readonly tls: TlsPair | null;
  readonly answer: RequestListener;
  /** Told why something was refused before it was a request, or ended by a limit. */
  readonly refused: (reason: string) => void;
  /** Instead of the table's, for tests. */
  readonly limits?: Partial<typeof serveLimits>;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such host",
};

/** Whatever can't be parsed is answered by number alone. */
const statusOf: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

export const showAddress = ({ host, port }: ListenAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

export class Listener {
  readonly #server: Server | SecureServer;
  readonly #limits: typeof serveLimits;
  readonly #refused: (reason: string) => void;
  /** Answers that aren't over, with when they began. */
  readonly #open = new Map<ServerResponse, number>();
  readonly #sockets = new Set<Socket>();
  /** Answers that aren't over, by the connection that requests came on. */
  readonly #busy = new Map<Socket, number>();
  readonly #sweep: NodeJS.Timeout;
  #draining = false;

  constructor({ tls, answer, refused, limits }: ListenerOptions) {
    const all = { ...serveLimits, ...limits } as typeof serveLimits;
    this.#limits = all;
    this.#refused = refused;
    const options = {
      maxHeaderSize: all.headerBytes,
      headersTimeout: all.headers,
      requestTimeout: all.request,
      keepAliveTimeout: all.keepAlive,
      connectionsCheckingInterval: Math.min(1_000, all.headers),
    };
    const take: RequestListener = (request, response) => {
      if (this.#draining) response.shouldKeepAlive = false;
      const { socket } = request;
      this.#open.set(response, performance.now());
      this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1);
      // Comes when the last byte has been handed on, or the connection is gone.
      response.on("close", () => {
        this.#open.delete(response);
        const left = (this.#busy.get(socket) ?? 1) - 1;
        if (this.#busy.has(socket)) this.#busy.set(socket, left);
        if (left === 0 && this.#draining) socket.destroySoon();
      });
      answer(request, response);
    };
    this.#server =
      tls === null
        ? createServer(options, take)
        : createSecureServer(
            {
              ...options,
              ...tls,
              minVersion: "TLSv1.2",
              handshakeTimeout: all.handshake,
              ALPNProtocols: ["http/1.1"],
            },
            take,
          );
    this.#guard();
    this.#sweep = setInterval(() => this.#endSlow(), Math.min(5_000, all.answer / 2));
    this.#sweep.unref();
  }

  #guard(): void {
    const server = this.#server;
    server.maxConnections = this.#limits.connections;
    server.on("drop", () => this.#refused("connections"));
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    const secure = server instanceof SecureServer;
    server.on(secure ? "secureConnection" : "connection", (socket: Socket) => {
      this.#busy.set(socket, 0);
      socket.on("close", () => this.#busy.delete(socket));
    });
    // Counts bytes that move in either direction, so an answer that is taken slowly but steadily goes on.
    server.setTimeout(this.#limits.idle, (socket) => {
      this.#refused("idle");
      socket.destroy();
    });
    server.on("tlsClientError", (_error, socket) => {
      this.#refused("tls");
      socket.destroy();
    });
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const status = statusOf[error.code ?? ""] ?? "400 Bad Request";
      this.#refused(error.code === "ECONNRESET" ? "reset" : status.slice(0, 3));
      // In the middle of an answer another one would be a part of its body.
      if (!socket.writable || (this.#busy.get(socket as Socket) ?? 0) > 0) {
        socket.destroy();
        return;
      }
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
  }

  #endSlow(): void {
    const now = performance.now();
    for (const [response, began] of this.#open) {
      if (now - began < this.#limits.answer) continue;
      this.#refused("slow");
      response.destroy();
    }
  }

  get active(): number {
    return this.#open.size;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Binds; answers the address with its real port. Throws `serve-port`. */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    const server = this.#server;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ ...address, exclusive: true }, () => {
          server.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException;
      const reason = reasons[code] ?? (code || message);
      return fail("serve-port", { address: showAddress(address), reason }, undefined, error);
    }
    return { ...address, port: (server.address() as AddressInfo).port };
  }

  /** New connections use it; open ones stay. */
  replaceTls(tls: TlsPair): void {
    (this.#server as SecureServer).setSecureContext({ ...tls, minVersion: "TLSv1.2" });
  }

  /** Takes nothing new, and resolves when everything in flight is answered or the time is over. */
  async drain(most: number): Promise<void> {
    this.#draining = true;
    for (const response of this.#open.keys()) {
      if (!response.headersSent) response.shouldKeepAlive = false;
    }
    // Node's own close would end connections whose last answer is written but not yet taken.
    const closed = new Promise<void>((done) => {
      NetServer.prototype.close.call(this.#server, () => done());
    });
    for (const [socket, answers] of this.#busy) if (answers === 0) socket.destroy();
    const late = setTimeout(() => this.close(), most);
    await closed;
    clearTimeout(late);
    this.close();
  }

  /** Ends at once. */
  close(): void {
    clearInterval(this.#sweep);
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
  }
}
