// Clients and upstreams that say exactly the bytes a test wants, on real sockets.
import { connect, createServer, type Socket } from "node:net";

/** A client's connection: writes bytes, and waits for what the other side says. */
export class RawClient {
  readonly socket: Socket;
  text = "";
  closed = false;
  #wake: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.setNoDelay(true);
    this.socket.on("data", (bytes) => {
      this.text += bytes.toString("latin1");
      this.#tell();
    });
    const close = (): void => {
      this.closed = true;
      this.#tell();
    };
    this.socket.on("end", close);
    this.socket.on("close", close);
    this.socket.on("error", close);
  }

  #tell(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
  }

  send(text: string): this {
    this.socket.write(text, "latin1");
    return this;
  }

  /** Resolves when the text fits, or fails after `limit` milliseconds with what there is. */
  async until(fits: RegExp | ((client: RawClient) => boolean), limit = 5000): Promise<string> {
    const good = typeof fits === "function" ? () => fits(this) : () => fits.test(this.text);
    const end = performance.now() + limit;
    while (!good()) {
      const left = end - performance.now();
      if (left <= 0 || (this.closed && typeof fits !== "function")) {
        throw new Error(`waited for ${String(fits)}, got ${JSON.stringify(this.text)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.text;
  }

  /** All that is said until the other side ends. */
  rest(limit = 5000): Promise<string> {
    return this.until((client) => client.closed, limit);
  }

  end(): void {
    this.socket.destroy();
  }
}

export interface RawUpstream {
  readonly port: number;
  /** Everything that was received, connection by connection. */
  readonly seen: string[];
  connections: number;
  close(): Promise<void>;
}

/** `answer` is called with each connection's text so far, whenever some arrives. */
export function rawUpstream(
  answer: (socket: Socket, text: string, connection: number) => void,
  on: string | 0 = 0,
): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  const seen: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    const index = upstream.connections++;
    seen[index] = "";
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      seen[index] += bytes.toString("latin1");
      answer(socket, seen[index]!, index);
    });
  });
  const upstream = {
    port: 0,
    seen,
    connections: 0,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const ready = (): void => {
      const address = server.address();
      upstream.port = typeof address === "object" && address !== null ? address.port : 0;
      resolve(upstream);
    };
    if (on === 0) server.listen(0, "127.0.0.1", ready);
    else server.listen(on, ready);
  });
}

/** Answers every complete head with the same response, on connections that stay. */
export function simpleUpstream(response: string): Promise<RawUpstream> {
  const done: number[] = [];
  return rawUpstream((socket, text, connection) => {
    const heads = text.split("\r\n\r\n").length - 1;
    for (let i = done[connection] ?? 0; i < heads; i++) socket.write(response, "latin1");
    done[connection] = heads;
  });
}

export const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** A moment for things that must not happen. */
export const moment = (milliseconds = 50): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
