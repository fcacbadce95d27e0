// An HTTP/2 connection of a client: node:http2's session, each stream an exchange. The invariants: streams, control
// frames and header sizes are bounded by the session; a session without streams is closed when it idles, and any with
// its client, which has no answer to wait for once it has ended its side. One that resets what it opens is cut off.
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { h2Limits } from "../../spec/gateway-limits.ts";
import { joinedInRequests } from "../../spec/joined-headers.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { Timed } from "./deadlines.ts";
import type { ConnectionInfo } from "./exchange.ts";
import { H2Exchange } from "./h2-exchange.ts";
import { fromH2 } from "./h2-headers.ts";
import { PrematureResets } from "./premature-resets.ts";
import { refusalOf } from "./refusal.ts";
import { targetOf } from "./request-target.ts";

export class H2Connection implements Timed {
  readonly info: ConnectionInfo;
  deadline: number;
  readonly #session: ServerHttp2Session;
  readonly #context: ConnectionContext;
  readonly #resets = new PrematureResets();
  #streams = 0;

  /** Takes over a socket whose first bytes, if any were read, have been put back. */
  constructor(socket: Socket, info: ConnectionInfo, context: ConnectionContext) {
    this.info = info;
    this.#context = context;
    const { chain, deadlines } = context;
    this.#session = performServerHandshake(socket, {
      maxHeaderListPairs: chain.maxRequestHeaders,
      maxOutstandingPings: h2Limits.outstandingPings,
      maxSessionMemory: 16,
      settings: {
        maxConcurrentStreams: h2Limits.concurrentStreams,
        initialWindowSize: h2Limits.streamWindow,
        maxHeaderListSize: chain.maxRequestHeaderBytes,
        enablePush: false,
      },
    });
    this.deadline = this.#idleFrom(deadlines.now());
    deadlines.add(this);
    const session = this.#session;
    socket.allowHalfOpen = false;
    socket.once("end", () => this.close());
    session.on("error", () => context.counters.add("downstream_cx_protocol_error", 1));
    session.on("close", () => deadlines.delete(this));
    session.on("stream", (stream, _headers, flags, ...rest: unknown[]) => {
      this.#open(stream, flags, (rest[0] as string[] | undefined) ?? []);
    });
  }

  #idleFrom(now: number): number {
    const { idleTimeout } = this.#context.chain;
    return idleTimeout === 0 ? Number.POSITIVE_INFINITY : now + idleTimeout;
  }

  #open(stream: ServerHttp2Stream, flags: number, raw: readonly string[]): void {
    const context = this.#context;
    this.#streams++;
    this.deadline = Number.POSITIVE_INFINITY;
    const opened = context.deadlines.now();
    let exchange: H2Exchange | null = null;
    stream.once("close", () => {
      this.#streams--;
      const unanswered = exchange !== null && !exchange.responseStarted && !exchange.cut;
      if (this.#resets.ended(unanswered, context.deadlines.now() - opened)) this.#cutOff();
      if (this.#streams > 0) return;
      this.deadline = this.#idleFrom(context.deadlines.now());
      if (context.draining) this.#session.close();
    });
    try {
      const headers = fromH2(raw, joinedInRequests);
      const authority = headers.get(":authority") ?? headers.get("host") ?? "";
      const method = headers.get(":method") ?? "";
      const target = targetOf(method, headers.get(":path") ?? "", authority);
      if (method === "CONNECT" || target === null) {
        const refused = new H2Exchange(stream, headers, true, this.info, context);
        refused.refusal = refusalOf(method === "CONNECT" ? 403 : 400);
        context.handler(refused);
        return;
      }
      headers.set(":authority", target.authority);
      headers.set(":path", target.path);
      headers.remove("host");
      const headersOnly = (flags & 1) !== 0;
      const waits = !headersOnly && headers.get("expect")?.toLowerCase() === "100-continue";
      if (waits) headers.remove("expect");
      exchange = new H2Exchange(stream, headers, headersOnly, this.info, context);
      if (waits) stream.additionalHeaders({ ":status": 100 });
      context.handler(exchange);
    } catch (error) {
      context.onBug(error, this.info);
      stream.destroy();
    }
  }

  /** The session would say good-bye by itself in the end, but keep the connection as long as the client does. */
  #cutOff(): void {
    if (this.#session.destroyed) return;
    this.#context.counters.add("downstream_rq_too_many_premature_resets", 1);
    this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  /** Takes no new streams; ends with the last. */
  drain(): void {
    this.#session.close();
  }

  close(): void {
    this.#session.destroy();
  }

  onDeadline(): void {
    if (this.#streams > 0) return;
    this.#context.counters.add("downstream_cx_idle_timeout", 1);
    this.#session.close();
  }
}
