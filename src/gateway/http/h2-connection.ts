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
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #resets = new PrematureResets();
  #streams = 0;
  #idleAt = Number.POSITIVE_INFINITY;
  /** Bytes that had been read when it was last looked at, and whether it has been asked since. */
  #read = 0;
  #asked = false;

  /** Takes over a socket whose first bytes, if any were read, have been put back. */
  constructor(socket: Socket, info: ConnectionInfo, context: ConnectionContext) {
    this.info = info;
    this.#context = context;
    this.#socket = socket;
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
    this.deadline = this.#restFrom(deadlines.now());
    deadlines.add(this);
    const session = this.#session;
    socket.allowHalfOpen = false;
    socket.once("end", () => this.close());
    session.on("error", () => {
      context.counters.add("downstream_cx_protocol_error", 1);
      this.#linger();
    });
    session.on("goaway", () => this.#linger());
    session.on("close", () => deadlines.delete(this));
    session.on("stream", (stream, _headers, flags, ...rest: unknown[]) => {
      this.#open(stream, flags, (rest[0] as string[] | undefined) ?? []);
    });
  }

  /** There are no streams from now on: when to look at it next. */
  #restFrom(now: number): number {
    const { idleTimeout } = this.#context.chain;
    this.#idleAt = idleTimeout === 0 ? Number.POSITIVE_INFINITY : now + idleTimeout;
    this.#read = this.#socket.bytesRead;
    this.#asked = false;
    return Math.min(this.#idleAt, now + h2Limits.probe);
  }

  /** Its end has been said, to a client that may never take it: a session that ends waits for that for ever. */
  #linger(): void {
    if (this.#streams > 0) return;
    this.#idleAt = this.#context.deadlines.now() + h2Limits.linger;
    this.deadline = this.#idleAt;
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
      this.deadline = this.#restFrom(context.deadlines.now());
      if (context.draining) this.#session.close();
      if (this.#session.closed || this.#session.destroyed) this.#linger();
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
    this.#linger();
  }

  /** Takes no new streams; ends with the last. */
  drain(): void {
    this.#session.close();
    this.#linger();
  }

  close(): void {
    this.#session.destroy();
  }

  onDeadline(): void {
    if (this.#streams > 0) return;
    const session = this.#session;
    if (session.closed || session.destroyed) {
      this.#socket.destroy();
      return;
    }
    const now = this.#context.deadlines.now();
    if (now >= this.#idleAt) {
      this.#context.counters.add("downstream_cx_idle_timeout", 1);
      session.close();
      this.#linger();
      return;
    }
    this.#probe(now);
  }

  /**
   * After some broken frames the protocol's engine says good-bye and reads no more, not even the end of the connection,
   * and tells nobody. Such a connection, and one whose client is gone without a word, doesn't answer when it is asked.
   */
  #probe(now: number): void {
    const read = this.#socket.bytesRead;
    const silent = read === this.#read;
    if (silent && this.#asked) {
      this.#socket.destroy();
      return;
    }
    this.#read = read;
    this.#asked = silent;
    if (silent) this.#session.ping(() => {});
    this.deadline = Math.min(this.#idleAt, now + h2Limits.probe);
  }
}
