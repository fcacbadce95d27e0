// The seam between a pool and the connections it keeps: a Wire carries calls, one after the other (HTTP/1) or side
// by side (HTTP/2). A Call is one request, on a wire or waiting for one. The invariant: a call hears of its end
// exactly once, whoever ends it.
import type { HeaderMap } from "../../host/header-map.ts";
import { retryBodyBytes, wireLimits } from "../../spec/gateway-limits.ts";
import type { ResetReason, UpstreamCall, UpstreamInfo, UpstreamSink } from "../http/exchange.ts";

/** One connection to a host. */
export interface Wire {
  readonly info: UpstreamInfo;
  /** Calls that it could take now. */
  readonly room: number;
  /** Calls it carries. */
  readonly active: number;
  /** Calls it has ended. */
  readonly served: number;
  /** The pool's own mark: it stands among those that have room. */
  listed: boolean;
  attach(call: Call): void;
  /** False: the host is slow. */
  write(call: Call, bytes: Uint8Array, end: boolean): boolean;
  writeTrailers(call: Call, trailers: HeaderMap): void;
  /** The call is given up. */
  drop(call: Call): void;
  pause(call: Call): void;
  resume(call: Call): void;
  close(): void;
}

/** Who keeps a wire. */
export interface WireOwner {
  /** A call on it is over; it may have room again. */
  freed(wire: Wire): void;
  /** It is gone. */
  closed(wire: Wire): void;
  /**
   * A call died before any answer; true where it is tried on another connection. `untouched`: the host has done
   * nothing for it, otherwise nobody knows.
   */
  again(call: Call, untouched: boolean): boolean;
}

/** Who hears of the end of a call. */
export interface CallOwner {
  /** `failure` is null for a complete response. */
  over(call: Call, failure: ResetReason | null): void;
  /** Nobody wants a call any more that has no wire yet. */
  withdrawn(call: Call): void;
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly end: boolean;
}

/** Bytes that a call without a wire keeps before it says that it is full. */
const EARLY_BYTES = 65536;

export class Call implements UpstreamCall {
  readonly headers: HeaderMap;
  readonly sink: UpstreamSink;
  readonly #owner: CallOwner;
  wire: Wire | null = null;
  /** The request has no more to come. */
  requestEnded: boolean;
  /** Any byte of a response has come. */
  answered = false;
  over = false;
  /** It has been moved from a connection that was stale. */
  moved = false;
  early: Piece[] | null = null;
  earlyTrailers: HeaderMap | null = null;
  /** What was sent on its wire; null where that isn't kept, or was too much. */
  #kept: Piece[] | null = null;
  #keptBytes = 0;
  #keptTrailers: HeaderMap | null = null;
  readonly headersOnly: boolean;
  #earlyBytes = 0;
  #interims = 0;
  /** The owner has been told that this side is slow. */
  slow = false;

  constructor(headers: HeaderMap, end: boolean, sink: UpstreamSink, owner: CallOwner) {
    this.headers = headers;
    this.headersOnly = end;
    this.requestEnded = end;
    this.sink = sink;
    this.#owner = owner;
  }

  sendData(bytes: Uint8Array, end: boolean): boolean {
    if (this.over || this.requestEnded) return true;
    if (end) this.requestEnded = true;
    if (this.wire !== null) return this.wire.write(this, bytes, end);
    this.early ??= [];
    this.early.push({ bytes, end });
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes < EARLY_BYTES) return true;
    this.slow = true;
    return false;
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.over || this.requestEnded) return;
    this.requestEnded = true;
    if (this.wire !== null) this.wire.writeTrailers(this, trailers);
    else this.earlyTrailers = trailers;
  }

  /** Sends what came before there was a wire. */
  sendEarly(wire: Wire): void {
    const early = this.early;
    this.early = null;
    if (early !== null) for (const { bytes, end } of early) wire.write(this, bytes, end);
    if (this.earlyTrailers !== null) wire.writeTrailers(this, this.earlyTrailers);
    this.earlyTrailers = null;
    if (this.slow) {
      this.slow = false;
      this.sink.resume();
    }
  }

  /** A wire begins to send it, on which it may have to be taken back. */
  keep(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }

  /** Keeps a piece that is being sent, as long as they are few. */
  keepPiece(bytes: Uint8Array, end: boolean): void {
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > retryBodyBytes) this.#kept = null;
    this.#kept?.push({ bytes, end });
  }

  keepTrailers(trailers: HeaderMap): void {
    this.#keptTrailers = trailers;
  }

  /** Tells an interim response; false where there have been too many. */
  interim(headers: HeaderMap): boolean {
    if (++this.#interims > wireLimits.interims) return false;
    this.sink.interim(headers);
    return true;
  }

  /** It has an answer: it will not be sent again. */
  forget(): void {
    this.#kept = null;
  }

  /** As if nothing of it had been sent; false where not all of that is at hand. */
  rewind(): boolean {
    if (!this.headersOnly && this.#kept === null) return false;
    this.wire = null;
    this.early = this.#kept;
    this.earlyTrailers = this.#keptTrailers;
    this.#kept = null;
    this.#keptTrailers = null;
    // Whoever waits for the old wire hears from the new one.
    this.slow = !this.requestEnded;
    return true;
  }

  reset(): void {
    if (this.over) return;
    this.over = true;
    const wire = this.wire;
    this.wire = null;
    if (wire === null) this.#owner.withdrawn(this);
    else wire.drop(this);
    this.#owner.over(this, "local");
  }

  pauseReading(): void {
    this.wire?.pause(this);
  }

  resumeReading(): void {
    this.wire?.resume(this);
  }

  /** The response is complete: its sink has been told. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    this.wire = null;
    this.#owner.over(this, null);
  }

  /** Ends it with a failure; the sink is told. */
  fail(reason: ResetReason): void {
    if (this.over) return;
    this.over = true;
    this.wire = null;
    this.#owner.over(this, reason);
    this.sink.reset(reason);
  }
}
