// One HTTP/2 connection to a host, carrying many calls at once: what gRPC needs, trailers included. The framing is
// node:http2's. The invariants: a call ends once, with the stream; one that the host says it hasn't looked at is tried
// on another connection; nothing thrown below leaves this file.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import type { Socket } from "node:net";
import type { HeaderMap } from "../../host/header-map.ts";
import { h2Limits, wireLimits } from "../../spec/gateway-limits.ts";
import { joinedInResponses } from "../../spec/joined-headers.ts";
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
  /** The last stream that the host has looked at, where it says good-bye. */
  #last = Number.POSITIVE_INFINITY;

  /** Takes over a socket that is connected. */
  constructor(socket: Socket, info: UpstreamInfo, owner: WireOwner, context: UpstreamContext) {
    this.info = info;
    this.#owner = owner;
    this.#context = context;
    const scheme = info.tls === null ? "http" : "https";
    this.#session = connect(`${scheme}://upstream`, {
      createConnection: () => socket,
      maxHeaderListPairs: context.limits.headerCount,
      maxOutstandingPings: h2Limits.outstandingPings,
      settings: {
        enablePush: false,
        initialWindowSize: h2Limits.streamWindow,
        maxHeaderListSize: context.limits.headerBytes,
      },
    });
    this.#session.setLocalWindowSize?.(h2Limits.connectionWindow);
    this.#session.on("error", () => this.close());
    this.#session.on("close", () => this.close());
    this.#session.on("goaway", (_code, last) => {
      this.#last = last;
      this.#leave();
    });
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
      const gone = this.#session.destroyed || this.#session.closed;
      if (gone) this.#leaving = true;
      // Refused by the session, or headers that HTTP/2 cannot carry.
      if (!gone || !this.#owner.again(call, true)) call.fail(gone ? "remote-reset" : "local");
      return;
    }
    call.keep();
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
      guard((_headers, _flags, raw?: string[]) => {
        if (call.interim(fromH2(raw ?? []))) return;
        this.#end(call);
        stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
        call.fail("protocol-error");
      }),
    );
    stream.on(
      "response",
      guard((_headers, flags: number, raw?: string[]) => {
        call.answered = true;
        call.forget();
        ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
        call.sink.headers(fromH2(raw ?? [], joinedInResponses), ended);
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
        if (call.wire !== this) return;
        const untouched = this.#untouched(call, stream);
        // Where one was refused, others would be.
        if (untouched) this.#leaving = true;
        this.#end(call);
        if (untouched && this.#owner.again(call, true)) return;
        const broken = stream.rstCode === constants.NGHTTP2_PROTOCOL_ERROR;
        call.fail(broken ? "protocol-error" : "remote-reset");
      }),
    );
  }

  /** The host says that it has done nothing for this call. */
  #untouched(call: Call, stream: ClientHttp2Stream): boolean {
    if (call.answered) return false;
    if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) return true;
    return stream.id === undefined || stream.id > this.#last;
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
    call.keepPiece(bytes, end);
    if (end) {
      stream.end(bytes);
      return true;
    }
    return stream.write(bytes);
  }

  writeTrailers(call: Call, trailers: HeaderMap): void {
    const stream = this.#streams.get(call);
    if (stream === undefined || stream.destroyed) return;
    call.keepTrailers(trailers);
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
    const open = [...this.#streams];
    this.#streams.clear();
    this.#session.destroy();
    this.#owner.closed(this);
    for (const [call, stream] of open) {
      try {
        if (this.#untouched(call, stream) && this.#owner.again(call, true)) continue;
        call.fail("remote-reset");
      } catch (error) {
        this.#context.onBug(error);
      }
    }
  }
}

const NOTHING = new Uint8Array(0);
