// One HTTP/2 stream of a client as an Exchange. The invariant is that of HTTP/1's: whatever the chain does, one
// response goes out or the stream is reset, and nothing that node:http2 throws gets past this file.
import { constants, type ServerHttp2Stream } from "node:http2";
import type { HeaderMap } from "../../host/header-map.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { Timed } from "./deadlines.ts";
import type { ConnectionInfo, Exchange, MessageSink, ResetReason } from "./exchange.ts";
import { statusOf } from "./h1-headers.ts";
import { fromH2, toH2 } from "./h2-headers.ts";
import { OpenRequest } from "./open-request.ts";

export class H2Exchange extends OpenRequest implements Exchange, Timed {
  readonly connection: ConnectionInfo;
  deadline = Number.POSITIVE_INFINITY;
  readonly #stream: ServerHttp2Stream;
  readonly #context: ConnectionContext;
  #active: number;
  #slow = false;
  #trailers: HeaderMap | null = null;
  #incoming: HeaderMap | null = null;
  /** The gateway itself has reset the stream. */
  cut = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: HeaderMap,
    headersOnly: boolean,
    connection: ConnectionInfo,
    context: ConnectionContext,
  ) {
    super(headers, headersOnly, context.deadlines.now());
    this.#stream = stream;
    this.connection = connection;
    this.#context = context;
    this.#active = this.started;
    this.#listen();
    context.deadlines.add(this);
    this.#arm();
  }

  #listen(): void {
    const stream = this.#stream;
    stream.on("error", () => {});
    stream.on("close", () => this.#gone("remote-reset"));
    stream.on("trailers", (_headers, _flags, raw?: string[]) => {
      this.#incoming = fromH2(raw ?? []);
    });
    stream.on("wantTrailers", () => {
      const trailers = this.#trailers === null ? {} : toH2(this.#trailers, "trailers");
      this.#try(() => stream.sendTrailers(trailers));
    });
    stream.on("drain", () => this.#tell((sink) => sink.resume()));
    if (this.headersOnly) {
      stream.resume();
      return;
    }
    stream.on("data", (bytes: Buffer) => {
      this.bytesReceived += bytes.length;
      this.#tell((sink) => sink.data(bytes, false));
    });
    stream.on("end", () => {
      if (this.requestComplete || stream.rstCode !== 0 || stream.aborted) return;
      this.requestComplete = true;
      const trailers = this.#incoming;
      this.#tell((sink) => {
        if (trailers !== null && trailers.size > 0) sink.trailers(trailers);
        else sink.data(NOTHING, true);
      });
    });
  }

  /** Tells the router, unless it is over. */
  #tell(what: (sink: MessageSink) => void): void {
    this.#active = this.#context.deadlines.now();
    if (this.ended) return;
    try {
      what(this.sink);
    } catch (error) {
      this.#context.onBug(error, this.connection);
      this.#gone("local");
    }
  }

  sendInterim(headers: HeaderMap): void {
    const status = Number(headers.get(":status"));
    if (this.responseStarted || !(status >= 100 && status < 200) || status === 101) return;
    this.#try(() => this.#stream.additionalHeaders(toH2(headers, "response")));
  }

  sendHeaders(headers: HeaderMap, end: boolean): void {
    if (this.ended || this.responseStarted) return;
    this.responseStarted = true;
    const out = toH2(headers, "response");
    out[":status"] = statusOf(headers);
    const bodyless = this.headers.get(":method") === "HEAD";
    const endStream = end || bodyless;
    this.#try(() => this.#stream.respond(out, { endStream, waitForTrailers: !endStream }));
    if (endStream) this.#end();
  }

  sendData(bytes: Uint8Array, end: boolean): boolean {
    if (this.ended || !this.responseStarted) return true;
    this.bytesSent += bytes.length;
    let room = true;
    this.#try(() => {
      if (end) this.#stream.end(bytes);
      else room = this.#stream.write(bytes);
    });
    if (end) this.#end();
    else if (!room && this.#stream.writableLength >= this.#context.bufferLimit) return false;
    return this.#slow ? false : room;
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.ended || !this.responseStarted) return;
    this.#trailers = trailers;
    this.#try(() => this.#stream.end());
    this.#end();
  }

  reset(): void {
    if (this.ended) return;
    this.cut = true;
    this.#end();
    this.#try(() => this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  }

  pauseReading(): void {
    this.#stream.pause();
  }

  resumeReading(): void {
    this.#stream.resume();
  }

  #end(): void {
    this.ended = true;
    this.#context.deadlines.delete(this);
    if (this.requestComplete) return;
    // The answer is out before the request was complete: the rest isn't wanted.
    this.#stream.removeAllListeners("data");
    this.#stream.resume();
    setImmediate(() => this.#try(() => this.#stream.close(constants.NGHTTP2_NO_ERROR)));
  }

  #gone(reason: ResetReason): void {
    if (this.ended) return;
    this.ended = true;
    this.#context.deadlines.delete(this);
    this.#try(() => this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    try {
      this.sink.reset(reason);
    } catch (error) {
      this.#context.onBug(error, this.connection);
    }
  }

  /** node:http2 throws where a stream has died meanwhile: its "close" tells the rest. */
  #try(act: () => void): void {
    if (this.#stream.destroyed) return;
    this.#active = this.#context.deadlines.now();
    try {
      act();
    } catch {
      this.#stream.destroy();
    }
  }

  #arm(): void {
    const { requestTimeout, streamIdleTimeout } = this.#context.chain;
    const late = this.requestComplete ? Infinity : after(this.started, requestTimeout);
    this.deadline = Math.min(late, after(this.#active, streamIdleTimeout));
  }

  onDeadline(): void {
    const now = this.#context.deadlines.now();
    this.#arm();
    if (this.deadline > now) return;
    const late = !this.requestComplete;
    this.#context.counters.add(late ? "downstream_rq_timeout" : "downstream_rq_idle_timeout", 1);
    if (!this.responseStarted) {
      this.responseStarted = true;
      this.#try(() => this.#stream.respond({ ":status": 408 }, { endStream: true }));
    }
    this.#gone("timeout");
  }
}

const after = (from: number, limit: number): number => (limit === 0 ? Infinity : from + limit);
const NOTHING = new Uint8Array(0);
