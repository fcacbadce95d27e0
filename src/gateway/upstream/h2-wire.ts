// One HTTP/2 connection to a host, carrying many calls at once: what gRPC needs, trailers included. The framing is
// node:http2's. The invariant: a call ends once, with the stream; nothing thrown below leaves this file.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import type { Socket } from "node:net";
import type { HeaderMap } from "../../host/header-map.ts";
import { h2Limits, wireLimits } from "../../spec/gateway-limits.ts";
import type { Timed } from "../http/deadlines.ts";
import type { UpstreamInfo } from "../http/exchange.ts";
import { fromH2, toH2 } from "../http/h2-headers.ts";
import type { UpstreamContext } from "./context.ts";
import type { Call, Wire, WireOwner } from "./wire.ts";

export class H2Wire implements Wire, Timed {
  readonly info: UpstreamInfo;
  deadline: number;
  served = 0;
  listed = false;
  readonly #session: ClientHttp2Session;
  readonly #owner: WireOwner;
  readonly #context: UpstreamContext;
  readonly #streams = new Map<Call, ClientHttp2Stream>();
  readonly #trailers = new WeakMap<Call, HeaderMap>();
  #closed = false;
  #leaving = false;

  /** Takes over a socket that is connected. */
  constructor(socket: Socket, info: UpstreamInfo, owner: WireOwner, context: UpstreamContext) {
    this.info = info;
    this.#owner = owner;
    this.#context = context;
    const scheme = info.tls === null ? "http" : "https";
    this.#session = connect(`${scheme}://upstream`, {
      createConnection: () => socket,
      maxHeaderListPairs: wireLimits.headerCount,
      maxOutstandingPings: h2Limits.outstandingPings,
      settings: {
        enablePush: false,
        initialWindowSize: h2Limits.streamWindow,
        maxHeaderListSize: wireLimits.headerBytes,
      },
    });
    this.#session.setLocalWindowSize?.(h2Limits.connectionWindow);
    this.#session.on("error", () => this.close());
    this.#session.on("close", () => this.close());
    this.#session.on("goaway", () => this.#leave());
    this.deadline = context.deadlines.now() + wireLimits.idle;
    context.deadlines.add(this);
  }

  get room(): number {
    if (this.#closed || this.#leaving) return 0;
    const theirs = this.#session.remoteSettings?.maxConcurrentStreams;
    return Math.min(theirs ?? h2Limits.concurrentStreams, h2Limits.concurrentStreams) - this.active;
  }

  get active(): number {
    return this.#streams.size;
  }

  attach(call: Call): void {
    call.wire = this;
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(toH2(call.headers, "request"), {
        endStream: call.headersOnly,
        waitForTrailers: !call.headersOnly,
      });
    } catch {
      // Refused by the session, or headers that HTTP/2 cannot carry.
      call.fail(this.#session.destroyed || this.#session.closed ? "remote-reset" : "local");
      return;
    }
    this.deadline = Number.POSITIVE_INFINITY;
    this.#streams.set(call, stream);
    this.#listen(call, stream);
    call.sink.connected(this.info);
    if (call.over) return;
    call.sendEarly(this);
  }

  #listen(call: Call, stream: ClientHttp2Stream): void {
    let trailers: HeaderMap | null = null;
    let ended = false;
    const guard = <A extends unknown[]>(act: (...args: A) => void) => {
      return (...args: A): void => {
        if (call.over) return;
        try {
          act(...args);
        } catch (error) {
          this.#context.onBug(error);
          this.#end(call);
          call.fail("local");
        }
      };
    };
    stream.on(
      "headers",
      guard((_headers, _flags, raw?: string[]) => call.sink.interim(fromH2(raw ?? []))),
    );
    stream.on(
      "response",
      guard((_headers, flags: number, raw?: string[]) => {
        call.answered = true;
        ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
        call.sink.headers(fromH2(raw ?? []), ended);
        if (ended) this.#complete(call);
      }),
    );
    stream.on(
      "trailers",
      guard((_headers, _flags, raw?: string[]) => {
        trailers = fromH2(raw ?? []);
      }),
    );
    stream.on(
      "data",
      guard((bytes: Buffer) => call.sink.data(bytes, false)),
    );
    stream.on(
      "end",
      guard(() => {
        if (ended || !call.answered || stream.rstCode !== 0) return;
        ended = true;
        if (trailers !== null) call.sink.trailers(trailers);
        else call.sink.data(NOTHING, true);
        this.#complete(call);
      }),
    );
    // The body is sent: what follows is trailers, or nothing.
    stream.on("wantTrailers", () => {
      const last = this.#trailers.get(call);
      this.#trailers.delete(call);
      if (stream.destroyed) return;
      try {
        stream.sendTrailers(last === undefined ? {} : toH2(last, "trailers"));
      } catch {
        stream.destroy();
      }
    });
    stream.on(
      "drain",
      guard(() => call.sink.resume()),
    );
    stream.on("error", () => {});
    stream.on(
      "close",
      guard(() => {
        this.#end(call);
        const broken = stream.rstCode === constants.NGHTTP2_PROTOCOL_ERROR;
        call.fail(broken ? "protocol-error" : "remote-reset");
      }),
    );
  }

  #complete(call: Call): void {
    const stream = this.#streams.get(call);
    this.#end(call);
    // An answer before the request was complete: the rest isn't wanted.
    if (!call.requestEnded) stream?.close(constants.NGHTTP2_NO_ERROR);
    call.finish();
    this.#owner.freed(this);
  }

  #end(call: Call): void {
    if (!this.#streams.delete(call)) return;
    this.served++;
    if (this.#streams.size > 0) return;
    this.deadline = this.#context.deadlines.now() + wireLimits.idle;
    if (this.#leaving) process.nextTick(() => this.close());
  }

  write(call: Call, bytes: Uint8Array, end: boolean): boolean {
    const stream = this.#streams.get(call);
    if (stream === undefined || stream.destroyed) return true;
    if (end) {
      stream.end(bytes);
      return true;
    }
    return stream.write(bytes);
  }

  writeTrailers(call: Call, trailers: HeaderMap): void {
    const stream = this.#streams.get(call);
    if (stream === undefined || stream.destroyed) return;
    this.#trailers.set(call, trailers);
    stream.end();
  }

  drop(call: Call): void {
    const stream = this.#streams.get(call);
    this.#end(call);
    stream?.close(constants.NGHTTP2_CANCEL);
    if (!this.#closed) this.#owner.freed(this);
  }

  pause(call: Call): void {
    this.#streams.get(call)?.pause();
  }

  resume(call: Call): void {
    this.#streams.get(call)?.resume();
  }

  #leave(): void {
    this.#leaving = true;
    if (this.#streams.size === 0) this.close();
  }

  onDeadline(): void {
    if (this.#streams.size === 0) this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.deadlines.delete(this);
    const calls = [...this.#streams.keys()];
    this.#streams.clear();
    this.#session.destroy();
    this.#owner.closed(this);
    for (const call of calls) {
      try {
        call.fail("remote-reset");
      } catch (error) {
        this.#context.onBug(error);
      }
    }
  }
}

const NOTHING = new Uint8Array(0);
