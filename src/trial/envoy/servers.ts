// The other parties of a scene as real servers of this machine: an upstream that tells what reached it, and a
// target that plugins call out to. Ports are chosen by the system.
import { createServer as createHttp, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttp2, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

export interface Arrived {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Party {
  readonly port: number;
  /** What arrived so far, in order. */
  readonly arrived: readonly Arrived[];
  /** Answers what is held for the last. */
  release(): void;
  close(): void;
}

/** Bytes of a body that are kept. */
const KEPT = 4096;

function plain(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || name.startsWith(":") ? [] : [[name, String(value)]],
    ),
  );
}

async function textOf(stream: IncomingMessage | ServerHttp2Stream): Promise<string> {
  let text = "";
  for await (const piece of stream) if (text.length < KEPT) text += String(piece);
  return text.slice(0, KEPT);
}

async function listening(
  server: Server | Http2Server,
  arrived: readonly Arrived[],
  closeAll: () => void,
  release: () => void = () => undefined,
): Promise<Party> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    closeAll();
  };
  return { port, arrived, release, close };
}

/** Requests for `/hold/NUMBER` are answered once so many wait, those for `/hold/last` when they are released. */
const HOLD = /^\/hold\/(\d{1,5}|last)$/;
const LAST = "last";
/** Milliseconds after which nobody waits any longer for the others: less than the 15 s that Envoy gives an upstream. */
const ENOUGH = 8000;

class Held {
  readonly #waiting = new Map<string, (() => void)[]>();

  add(group: string, answer: () => void): void {
    const list = [...(this.#waiting.get(group) ?? []), answer];
    this.#waiting.set(group, list);
    if (list.length === 1 && group !== LAST) setTimeout(() => this.release(group), ENOUGH).unref();
    if (list.length === Number(group)) this.release(group);
  }

  release(group: string): void {
    for (const answer of this.#waiting.get(group) ?? []) answer();
    this.#waiting.delete(group);
  }
}

/** An HTTP/1.1 server that answers 200 with what arrived, or with `bytes` where it serves a file. */
export function startServer(bytes?: Uint8Array): Promise<Party> {
  const arrived: Arrived[] = [];
  const held = new Held();
  const server = createHttp((request, response) => {
    textOf(request).then(
      (body) => {
        const seen = { path: request.url ?? "", headers: plain(request.headers), body };
        arrived.push(seen);
        const group = HOLD.exec(seen.path)?.[1];
        const end = () => response.end(bytes ?? JSON.stringify(seen));
        if (group === undefined) end();
        else held.add(group, end);
      },
      () => response.destroy(),
    );
  });
  // One that the server closes for idleness just as Envoy takes it again would be a failed request of nobody's doing.
  server.keepAliveTimeout = 0;
  const release = () => held.release(LAST);
  return listening(server, arrived, () => server.closeAllConnections(), release);
}

/** An HTTP/2 server without TLS that answers every gRPC call with success and no message. */
export function startGrpcServer(): Promise<Party> {
  const arrived: Arrived[] = [];
  const open = new Set<{ destroy(): void }>();
  const server = createHttp2();
  server.on("session", (session) => {
    open.add(session);
    session.on("close", () => open.delete(session)).on("error", () => open.delete(session));
  });
  server.on("stream", (stream, headers) => {
    const one = { path: String(headers[":path"]), headers: plain(headers), body: "" };
    arrived.push(one);
    stream.on("error", () => undefined);
    stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    textOf(stream).then(
      (body) => {
        one.body = body;
        stream.end();
      },
      () => stream.destroy(),
    );
  });
  return listening(server, arrived, () => {
    for (const session of open) session.destroy();
  });
}
